from __future__ import annotations

import pytest

from expkit.errors import InvalidDeclaration
from expkit.project.read import parse_declarations
from expkit.specs.resolve import resolve
from expkit.specs.targets import measured_elsewhere, resolve_targets

E, Q, T = "experiments/far.yaml", "research_questions/rq01/question.yaml", "environments/coin.csv"
COIN = """\
state,action,probability,next_state,reward,terminal
0,0,0.5,0,1,false
0,0,0.5,1,0,false
0,1,1,1,0,false
1,0,1,,0,true
1,1,1,0,-1,false
"""
THREE_ACTIONS = "0,1,1,1,0,false\n0,2,1,1,0,false\n1,2,1,1,0,false"
SPANNING = "metric: normalized_score, across: [windy, long]"
EXPERIMENT = """\
id: far
title: Far
environment: {kind: dungeon, length: 5}
trainer: {kind: tabular, steps: 400}
arms:
  near: {agent: {kind: gambler}}
  other: {agent: {kind: gambler}, environment: {slip: 0.2}}
evaluate_on:
  windy: {slip: 0.3}
  long: {length: 7}
  coin: {kind: table, file: environments/coin.csv, discount: 0.9}
carry: {unseen: random}
seeds: {root: 1, count: 60}
"""
QUESTION = """\
id: rq01
title: How far
question: How far?
scope: Here.
experiments: [far]
hypotheses:
  - id: h1
    statement: As far as that.
    experiment: far
    criterion:
      {kind: difference, metric: normalized_score, across: [windy, long], treatment: near, control: other, at_least: 0}
"""


def report(experiment: str = EXPERIMENT, question: str = QUESTION) -> list[str]:
    """The lines of what is said about the files; none if nothing is wrong with them."""
    files = {E: experiment.encode(), Q: question.encode(), T: COIN.encode()}
    try:
        parse_declarations(files)
    except InvalidDeclaration as invalid:
        return str(invalid).splitlines()
    return []


def test_environments_override_the_experiments_or_stand_alone() -> None:
    """What is left out is the experiment's, whatever an arm overrides; a kind of its own has nothing in common."""
    files = {E: EXPERIMENT.encode(), Q: QUESTION.encode(), T: COIN.encode()}
    targets = resolve_targets(parse_declarations(files).experiments["far"])
    windy, long, coin = (target.environment.model_dump() for target in targets)
    assert (windy["slip"], windy["length"], long["slip"], long["length"]) == (0.3, 5, 0.1, 7)
    assert coin["digest"] is not None
    found = measured_elsewhere(targets)
    assert {"normalized_score/windy", "optimal_policy/long", "greedy_return/coin"} <= found.keys()
    assert "greedy_return/windy" not in found
    assert found["optimal_policy/long"].binary


def test_they_are_no_part_of_an_arm() -> None:
    """An environment more or less configures nobody otherwise."""
    files = {E: EXPERIMENT.encode(), T: COIN.encode()}
    without = EXPERIMENT.replace("  windy: {slip: 0.3}\n", "")
    arms = [
        resolve(parse_declarations(files | {E: text.encode()}).experiments["far"]) for text in (EXPERIMENT, without)
    ]
    assert arms[0] == arms[1]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("{slip: 0.3}", "{slip: 1.3}", "9:17: environment windy: slip: 1.3 is out of range"),
        (
            "{slip: 0.3}",
            "{slipp: 0.3}",
            "9:11: environment windy: unknown key 'slipp'",
        ),
        ("  windy", "  Windy", "9:3: "),
        ("carry: {unseen: random}", "", "10:9: long has 7 states, and the table of arm near has 5; declare what is"),
        ("unseen: random", "unseen: first", "12:17: "),
        (
            "seeds: {root",
            "representation: {kind: history, length: 2}\nseeds: {root",
            "13:17: the table of a representation has no row for a state",
        ),
        (
            "near: {agent",
            "near: {representation: {kind: history, length: 2}, agent",
            "6:26: the table of a representation has no row for a state",
        ),
        ("coin.csv", "coins.csv", "11:29: there is no file environments/coins.csv"),
        (
            "0,1,1,1,0,false",
            "0,1,1,1,0,false\n0,2,1,1,0,false\n1,2,1,1,0,false",
            "11:9: coin has 3 actions, and arm near",
        ),
    ],
)
def test_what_cannot_be_evaluated_there_is_refused_with_its_place(
    old: str, new: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the experiment's file, before anything is trained."""
    monkeypatch.setattr(f"{__name__}.COIN", COIN.replace(old, new))
    found = [line for line in report(EXPERIMENT.replace(old, new)) if line.startswith(E)]
    assert len(found) == 1 + ("carry" in old), found  # the coin has other states, too
    assert found[0].startswith(f"{E}:{said}"), found


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[windy, long]", "[windy, lang]", "11:68: far does not evaluate on 'lang'; did you mean 'long'?"),
        ("[windy, long]", "[windy, windy]", "11:60: "),
        ("[windy, long]", "[]", "11:60: "),
        (
            "metric: normalized_score,",
            "metric: greedy_gain,",
            "11:34: greedy_gain cannot be averaged over environments",
        ),
        ("metric: normalized_score,", "metric: optimal_policy,", "11:34: optimal_policy cannot be averaged"),
        (
            "metric: normalized_score, across: [windy, long]",
            "metric: normalized_score/lang",
            "11:34: the trainer measures",
        ),
        ("kind: difference", "kind: ratio", "11:47: unknown key 'across'"),
        (SPANNING, "metric: normalized_return/windy", "11:34: "),
        ("across: [windy, long]", "across: [windy, long], estimand: mean", None),
        (SPANNING, "metric: normalized_return/coin", None),
    ],
)
def test_a_criterion_elsewhere_is_held_to_what_is_measured_there(old: str, new: str, said: str | None) -> None:
    """Environments that exist, on one scale, with the metric that is named."""
    found = report(question=QUESTION.replace(old, new))
    assert len(found) == (said is not None), found
    for line in found:
        assert line.startswith(f"{Q}:{said}"), line


def test_programs_leave_no_table_to_evaluate() -> None:
    """Said at evaluate_on, once."""
    measured = "{normalized_score: {definition: it}}"
    trainer = f"{{kind: command, command: [python, a.py], seed: unseeded, metrics: {measured}}}"
    text = EXPERIMENT.replace("environment: {kind: dungeon, length: 5}\n", "")
    text = text.replace("{kind: tabular, steps: 400}", trainer)
    assert any("leaves no table that could be evaluated elsewhere" in line for line in report(text))
