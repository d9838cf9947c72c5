from __future__ import annotations

import json
import shlex
import subprocess
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from expkit.errors import InvalidDeclaration, InvalidUsage
from expkit.project.read import parse_declarations
from expkit.project.sources import AtHand
from expkit.project.valohai.experiment import Imported, Wanted, imported
from expkit.project.valohai.step import read_step
from expkit.project.yaml import read_yaml
from expkit.specs.experiment import Experiment, ProgramArm
from expkit.specs.resolve import resolve

STEP = """\
- step:
    name: Train
    image: python:3.11
    command: {command}
    parameters:
      - {{name: agent, type: string, default: gambler}}
      - {{name: lr, type: float, default: 0.1}}
      - {{name: quiet, type: flag, default: true}}
      - {{name: seed, type: integer, default: 7}}
{more}"""
AFTER = "python train.py {parameters}"


def experiment(command: str = AFTER, more: str = "", **wanted: Any) -> tuple[Experiment, Imported]:
    """The experiment that a step becomes, as a project reads it."""
    content = STEP.format(command=command, more=more).encode()
    known: dict[str, Any] = {"metrics": {"reward": "higher"}, "vary": {}, "seeds": 20} | wanted
    found = imported("valohai.yaml", read_step("valohai.yaml", content, None), Wanted(**known))
    files = {found.path: found.text.encode(), "train.py": b""}
    return parse_declarations(files).experiments[found.id], found


def passed(one: Experiment) -> dict[str, object]:
    """How parameters are passed that are not passed by default."""
    each = one.trainer.model_dump()["pass_each_as"]
    return {name: way if isinstance(way, str) else (way["on"], way["off"]) for name, way in each.items()}


def test_a_step_becomes_an_experiment() -> None:
    """Name, image, command, parameters with their types and the way they are passed; a seed of each trial's own."""
    one, found = experiment()
    trainer = one.trainer.model_dump()
    assert (one.id, one.image, one.seeds.count, [*one.arms]) == ("train", "python:3.11", 20, ["default"])
    assert trainer["command"] == ("python", "train.py", "{parameters}", "--seed={seed}")
    assert trainer["parameters"] == {"agent": "gambler", "lr": 0.1, "quiet": True}
    assert passed(one) == {"quiet": ("--quiet", None)}
    assert trainer["metrics"]["reward"]["better"] == "higher"
    assert found.left == ()


def test_a_program_finds_the_places_that_it_knows() -> None:
    """The variables of a Valohai execution, and those that the step sets."""
    one, found = experiment(
        more="    environment-variables:\n      - {name: MODE, default: 1}\n      - {name: TOKEN}\n"
    )
    variables = one.trainer.model_dump()["variables"]
    assert variables["VH_OUTPUTS_DIR"] == "{output}"
    assert variables["VH_INPUTS_DIR"] == "{inputs}"
    assert variables["VH_CONFIG_DIR"] == variables["VH_PARAMETERS_DIR"] == "{config_folder}"
    assert variables["MODE"] == "1"
    assert found.left == ("the environment variable TOKEN, which has no default",)


@pytest.mark.parametrize(
    ("command", "words", "ways"),
    [
        ("python train.py {params} --end", ["python", "train.py", "{parameters}", "--seed={seed}", "--end"], {}),
        (
            "train.py --lr {parameter-value:lr} --agent={parameter-value:agent} {parameter:quiet}",
            ["train.py", "--lr", "{parameters}"],
            {"lr": "{value}", "agent": "--agent={value}", "quiet": ("--quiet", None)},
        ),
        (
            "train.py {parameter:seed} {parameter:agent} --rate {parameter-value:lr} out",
            ["train.py", "--seed={seed}", "{parameters}", "out"],
            {"lr": "--rate {value}", "quiet": ""},
        ),
        (
            "train.py {parameter-value:lr} --seed {parameter-value:seed} --quiet {parameter-value:quiet}",
            ["train.py", "{parameters}", "--seed", "{seed}"],
            {"lr": "{value}", "quiet": ("--quiet True", "--quiet False"), "agent": ""},
        ),
    ],
)
def test_what_is_filled_into_the_command_becomes_arguments_in_its_place(
    command: str, words: list[str], ways: dict[str, object]
) -> None:
    """All at once, or one by one with the words around them; what the command does not name is not passed."""
    one, _ = experiment(command)
    assert [*one.trainer.model_dump()["command"]] == words
    assert passed(one) == ({"quiet": ("--quiet", None)} | ways if "{params}" in command else ways)


@settings(max_examples=30)
@given(st.lists(st.text(st.characters(codec="utf-8", exclude_categories=["C"]), max_size=8), min_size=1, max_size=4))
def test_any_words_stay_the_words_they_are(words: list[str]) -> None:
    """Quoted for a shell they need none, and come back from the file that is written."""
    words = ["train.py", *(word.translate({ord("{"): "(", ord("}"): ")"}) for word in words)]
    line = read_line(shlex.join(words))
    assert line == [*words, "{parameters}", "--seed={seed}"]


def read_line(command: str) -> list[str]:
    """The command of a step with one line, as the experiment's file has it."""
    quoted = json.dumps(f"{command} {{parameters}}", ensure_ascii=False)
    content = STEP.format(command=quoted, more="").encode()
    step = read_step("valohai.yaml", content, None)
    found = imported("valohai.yaml", step, Wanted(metrics={"reward": "higher"}, vary={}, seeds=5))
    document = read_yaml(found.path, found.text.encode())
    assert document.mistakes == []
    return list(document.value["trainer"]["command"])


def test_what_needs_a_shell_is_wrapped_in_one_and_no_value_is_text_of_it() -> None:
    """Several lines, of which the first that fails ends all; values are arguments, whatever they hold."""
    one, found = experiment('["cd .", "printf \'%s\\\\n\' {parameters} | cat"]')
    words = one.trainer.model_dump()["command"]
    assert words[:2] == ("sh", "-c")
    assert words[3:] == ("sh", "{parameters}", "--seed={seed}")
    assert any("needs a shell" in remark for remark in found.remarks)
    hostile = ["$(touch x)", "two words", "'; echo", "`id`"]
    said = subprocess.run([*words[:4], *hostile], capture_output=True, text=True, check=True)
    assert said.stdout.splitlines() == hostile


@pytest.mark.parametrize(
    ("command", "piped"),
    [
        ("python train.py {parameters} | tee log", True),
        ("python train.py {parameters} || true", False),
        ("cd . && python train.py {parameters} 'a | b'", False),
    ],
)
def test_a_pipe_is_told_for_what_sh_does_not_hear(command: str, piped: bool) -> None:
    """A program that fails before it would be a trial that did not fail."""
    _, found = experiment(json.dumps(command))
    assert any("goes unseen" in remark for remark in found.remarks) == piped
    assert ("goes unseen" in " ".join(found.text.replace("\n#", " ").split())) == piped


def test_single_values_reach_a_shell_by_their_number() -> None:
    """In its quotes or outside of them."""
    one, _ = experiment("'echo {parameter-value:lr} \"at {parameter-value:agent}\" > $VH_OUTPUTS_DIR/log'")
    trainer = one.trainer.model_dump()
    assert trainer["command"][2] == 'set -e\necho "${1}" "at ${2}" > $VH_OUTPUTS_DIR/log'
    assert trainer["command"][3:] == ("sh", "{parameters}")
    assert passed(one) == {"lr": "{value}", "agent": "{value}", "quiet": ""}
    assert trainer["seed"] == "unseeded"


def test_several_values_become_a_sweep() -> None:
    """Of a list of defaults, or as a person says; one value takes the place of the default."""
    more = "      - {name: layers, type: integer, default: [16, 32], multiple: repeat}\n"
    one, found = experiment(more=more, vary={"lr": ["0.1", "0.01"], "agent": ["accountant"]})
    assert one.sweep is not None
    assert one.sweep.vary == {"parameters.lr": (0.1, 0.01), "parameters.layers": (16, 32)}
    assert one.trainer.model_dump()["parameters"]["agent"] == "accountant"
    assert found.arms == 5
    assert any("Valohai hands all its values to one execution" in remark for remark in found.remarks)
    assert any("default is the first of the sweep by another name" in remark for remark in found.remarks)


@pytest.mark.parametrize(
    ("default", "multiple", "vary", "remark"),
    [
        ("[64, 32]", "separate", (32,), "here each is an arm of its own. If 64,32 belong together, write that as the"),
        ("[64, 32, 64]", "repeat", (32,), "If 64 32 64 belong together, write them into the command"),
        ("[64, 64]", "separate", None, "here equal ones are passed once. If 64,64 belong together"),
    ],
)
def test_a_list_of_defaults_has_one_meaning(
    default: str, multiple: str, vary: tuple[int, ...] | None, remark: str
) -> None:
    """Each value that differs is an arm, of which the first is the default; what Valohai would do is said."""
    more = f"      - {{name: layers, type: integer, default: {default}, multiple: {multiple}}}\n"
    one, found = experiment(more=more)
    assert one.trainer.model_dump()["parameters"]["layers"] == 64
    assert (one.sweep and one.sweep.vary) == (vary and {"parameters.layers": vary})
    assert len({json.dumps(arm.parameters) for arm in resolve(one) if isinstance(arm, ProgramArm)}) == found.arms
    assert remark in " ".join(found.remarks)
    assert "Valohai" not in " ".join(experiment(more=more, vary={"layers": ["8"]})[1].remarks)


def test_a_program_that_is_not_found_in_the_project_is_told_in_the_file() -> None:
    """Whoever runs it without its image is refused."""
    step = read_step("valohai.yaml", STEP.format(command="python -m lab {parameters}", more="").encode(), None)
    wanted = Wanted(metrics={"reward": "higher"}, vary={}, seeds=5)
    lacking = imported("valohai.yaml", step, wanted, AtHand({"train.py": b""}))
    assert "no word of the command is a file of the project" in lacking.text
    assert "no word of the command" not in imported("valohai.yaml", step, wanted, AtHand({"lab.py": b""})).text


def test_what_has_no_meaning_here_is_told() -> None:
    """Never left out in silence: keys, limits of parameters, inputs, other things in the file."""
    more = """\
      - {name: depth, type: integer, optional: true, min: 1}
    inputs:
      - {name: maps, default: s3://bucket/maps.zip}
    mounts: []
    time-limit: 90
- pipeline: {name: all}
"""
    one, found = experiment(more=more)
    assert found.left == ("mounts", "pipeline (beside the step)", "min of the parameter depth")
    assert any("depth is optional and has no default" in remark for remark in found.remarks)
    assert any("the input maps from s3://bucket/maps.zip is not fetched" in remark for remark in found.remarks)
    assert one.trainer.model_dump()["time_limit_s"] == 90
    assert all(word in found.text for word in ("mounts", "pipeline", "maps.zip"))


@pytest.mark.parametrize(
    ("command", "more", "said"),
    [
        ("train.py {parameter:lr} {parameter:lr}", "", "4:14: the parameter lr is passed twice"),
        ("train.py {parameter:rate}", "", "4:14: the command names a parameter 'rate', which the step has not"),
        ("train.py --all={parameters}", "", "4:14: {parameters} is many arguments; make it a word by itself"),
        ("train.py {parameters} {parameter:lr}", "", "4:14: the command names {parameters} and parameters again"),
        ("train.py 'it", "", "4:14: the command cannot be split into words: No closing quotation"),
        ("\"echo '{parameter-value:lr}' | cat\"", "", "4:14: {parameter-value:lr} cannot be an argument of its own"),
        ("[]", "", "4:14: the command is no text and no list of texts"),
        (AFTER, "      - {name: n, type: int}\n", "10:25: n: there is no type 'int'; valid are integer, float, string"),
        (
            AFTER,
            "      - {name: n, type: integer, default: x}\n",
            "10:43: n: 'x' is no integer; write a default of the type",
        ),
    ],
)
def test_what_cannot_be_said_is_refused_at_its_place(command: str, more: str, said: str) -> None:
    """Line, column, why, and what would do."""
    with pytest.raises(InvalidDeclaration) as refused:
        experiment(command, more)
    assert f"valohai.yaml:{said}" in str(refused.value)


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"metrics": {}}, "nothing says what the program measures"),
        ({"vary": {"rate": ["1"]}}, "there is no parameter 'rate'"),
        ({"vary": {"lr": ["fast"]}}, "--vary lr: 'fast' is no float"),
        ({"vary": {"seed": ["1"]}}, "seed is handed each trial's seed"),
    ],
)
def test_what_a_person_says_must_fit_the_step(wanted: dict[str, Any], said: str) -> None:
    """A name, a type, and at least one metric."""
    with pytest.raises(InvalidUsage, match=said):
        experiment(**wanted)


def test_a_parameter_that_must_be_given_is_asked_for() -> None:
    """It has no default, and is not optional."""
    with pytest.raises(InvalidUsage, match="--vary map=VALUE"):
        experiment(more="      - {name: map, type: string}\n")
