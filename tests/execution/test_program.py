from __future__ import annotations

import json
import re
import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.random import SeedSequence

from expkit.execution.program import Handed, arguments, config, trial_seed, variables
from tests.execution.programs import arm_of, program, work_of

HANDED = Handed(seed=7, output="/an output", inputs="/inputs", config="/given/parameters.json")
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
SETTINGS = st.one_of(TEXTS, st.integers(), st.booleans(), st.floats(allow_nan=False, allow_infinity=False))


@given(value=SETTINGS)
def test_a_value_is_one_argument_whatever_it_holds(value):
    """Blanks, quotes, dollars, braces, newlines: nothing splits it, nothing reads it."""
    together, apart = (
        arm_of(program(["p"], pass_as=form), x=value) for form in ("--{name}={value}", "-{name} {value}")
    )
    _, joined = arguments(together, HANDED)
    _, flag, alone = arguments(apart, HANDED)
    assert (joined, flag) == (f"--x={alone}", "-x")
    if isinstance(value, str):
        assert alone == value
    elif isinstance(value, bool):
        assert alone == {True: "true", False: "false"}[value]
    else:
        assert type(value)(alone) == value


@given(values=st.dictionaries(st.from_regex(r"[a-z]{1,5}", fullmatch=True), SETTINGS))
def test_inside_of_what_a_shell_is_handed_parameters_are_quoted(values):
    """A shell gives the very arguments back."""
    arm = arm_of(program(["sh", "-c", "p {parameters} > {output}"]), **values)
    shell = arguments(arm, HANDED)[2]
    passed = [re.sub("^p ", "", shell).removesuffix(" > /an output")]
    assert shlex.split(passed[0]) == list(arguments(arm_of(program(["p"]), **values), HANDED)[1:])


def test_placeholders_are_filled_in_and_other_braces_are_not():
    """What a value holds is not looked at again."""
    command = program(
        ["p", "{seed}/{output}", "{parameters}", "--last={inputs}", "{config}", "{config_folder}", "{other}{}"],
        seed="given",
    )
    assert arguments(arm_of(command, a="{output}", b=2), HANDED) == (
        *(
            "p",
            "7//an output",
            "--a={output}",
            "--b=2",
            "--last=/inputs",
            "/given/parameters.json",
            "/given",
            "{other}{}",
        ),
    )


def test_single_parameters_can_be_passed_otherwise():
    """On and off, without a name, or not at all."""
    forms = {"fast": {"on": "--fast {x}"}, "log": {"on": "--log", "off": "--no-log"}, "file": "{value}", "lr": ""}
    arm = arm_of(program(["p"], pass_each_as=forms), fast=True, log=False, file="a b", lr=0.1, n=3)
    assert arguments(arm, HANDED) == ("p", "--fast", "{x}", "--no-log", "a b", "--n=3")
    assert arguments(arm_of(program(["p"], pass_each_as=forms), fast=False), HANDED) == ("p",)


def test_on_and_off_need_a_truth():
    """A number is neither."""
    with pytest.raises(ValueError, match="fast is passed as on or off, and is 1"):
        arguments(arm_of(program(["p"], pass_each_as={"fast": {"on": "-f"}}), fast=1), HANDED)


def test_variables_tell_a_trial_what_it_is_handed():
    """What is declared is filled in, and wins."""
    command = program(["p", "{seed}"], seed="given", variables={"VH_OUTPUTS_DIR": "{output}", "PYTHONUNBUFFERED": ""})
    assert variables(arm_of(command), HANDED) == {
        "EXPKIT_SEED": "7",
        "EXPKIT_OUTPUT": "/an output",
        "EXPKIT_INPUTS": "/inputs",
        "EXPKIT_CONFIG": "/given/parameters.json",
        "VH_OUTPUTS_DIR": "/an output",
        "PYTHONUNBUFFERED": "",
    }


def test_parameters_as_a_file_are_json():
    """Types are kept."""
    parameters = {"lr": 0.1, "n": 3, "fast": True, "agent": "ä"}
    assert json.loads(config(parameters)) == parameters


def test_the_seed_is_that_of_the_documented_stream():
    """31 bits of stream 4 of the trial, as NumPy writes it."""
    work = work_of(arm_of(program(["p", "{seed}"], seed="given")), seed=3, root=9)
    words = SeedSequence([9, int(work.arm_key[:16], 16)], spawn_key=(3, 4)).generate_state(1)
    assert trial_seed(work) == int(words[0]) >> 1 < 2**31


def test_paired_arms_get_the_same_seeds_and_others_do_not():
    """`common` leaves the arm out."""
    arms = [arm_of(program(["p", "{seed}"], seed="given"), x=x) for x in (1, 2)]
    independent, common = (
        [{trial_seed(work_of(arm, seed=k, streams=streams)) for k in range(100)} for arm in arms]
        for streams in ("independent", "common")
    )
    assert common[0] == common[1]
    assert len(independent[0] | independent[1]) == 200


def test_an_unseeded_program_has_no_seed():
    """Nothing pretends that it took one."""
    arm = arm_of(program(["p"]))
    assert trial_seed(work_of(arm)) is None
    assert "EXPKIT_SEED" not in variables(arm, Handed(seed=None, output="", inputs="", config=""))
