"""Experiments on recorded results: declaration and table have to fit together, and only named tables are read."""

from __future__ import annotations

from pathlib import Path

import pytest

from expkit.errors import InvalidDeclaration
from expkit.plan import plan
from expkit.project.read import declared_files, parse_declarations
from expkit.specs.experiment import Experiment

EXPERIMENT = """\
id: old
title: Old results
trainer: {kind: recorded, file: results/old.csv, metrics: {return: {definition: Mean return.}}}
arms:
  a: {}
  b: {recorded_as: the other}
"""
TABLE = "arm,seed,return\n" + "".join(f"{arm},{seed},{seed}\n" for arm in ("a", "the other") for seed in range(6))
QUESTION = """\
id: rq01
title: Old results
question: Is a better than b?
scope: What there is.
experiments: [old]
hypotheses:
  - id: h1
    statement: a is better than b.
    experiment: old
    criterion: {kind: difference, metric: return, treatment: a, control: b, at_least: 0}
"""


def read(*, experiment: str = EXPERIMENT, table: str | None = TABLE) -> Experiment:
    """The experiment, with a question about it."""
    files = {"experiments/old.yaml": experiment, "research_questions/rq01/question.yaml": QUESTION}
    if table is not None:
        files["results/old.csv"] = table
    return parse_declarations({name: text.encode() for name, text in files.items()}).experiments["old"]


def keys(experiment: Experiment) -> dict[str, str]:
    """The arm keys by name."""
    return {arm.name: arm.key for arm in plan(experiment, lambda *_: frozenset())}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("  a: {}", "  A: {}", "5:6: results/old.csv has no rows of arm 'A'; did you mean 'a'"),
        ("  a: {}\n", "", "results/old.csv:2:1: experiments/old.yaml declares no arm for 'a'; declare one, or say in"),
        ("the other", "a", "6:20: the arms a and b are the same rows under two names; declare one of them"),
        ("old.csv", "odl.csv", "3:33: there is no file results/odl.csv; symbolic links are not followed; did you mean"),
        ("results/old.csv", "results/../old.csv", "3:33: results/../old.csv leads out of its folder"),
        ("title: Old", "image: expkit:1\ntitle: Old", "2:8: recorded results run nowhere; leave image out"),
        ("arms:", "seeds: {root: 1, count: 6}\narms:", "4:8: recorded results bring their own seeds"),
        ("  a: {}", "  a: {agent: {kind: drunkard}}", "5:14: arm a: a trainer of kind recorded has no agent"),
        ("metrics", "ignored: [c], metrics", "3:59: the ignored 'c' is in no row of results/old.csv; leave it out"),
    ],
)
def test_what_does_not_fit_the_table_is_refused_with_its_place(old: str, new: str, said: str) -> None:
    """Arms without rows, rows without an arm, and what results that exist leave nothing to say about."""
    with pytest.raises(InvalidDeclaration) as caught:
        read(experiment=EXPERIMENT.replace(old, new, 1))
    lines = [str(mistake).removeprefix("experiments/old.yaml:") for mistake in caught.value.mistakes]
    assert any(line.startswith(said) for line in lines), lines


def test_rows_may_be_left_out_by_name() -> None:
    """`ignored` says which; the rest is as it would be without them."""
    ignoring = EXPERIMENT.replace("metrics", "ignored: [c], metrics")
    assert keys(read(experiment=ignoring, table=f"{TABLE}c,0,1\n")) == keys(read())


def test_arms_may_differ_in_their_seeds_unless_they_are_pairs() -> None:
    """`streams: common` says that equal seeds belong together, and names those that do not."""
    more = f"{TABLE}a,6,1\n"
    counts = {arm.name: len(arm.seeds) for arm in plan(read(table=more), lambda *_: frozenset())}
    assert counts == {"a": 7, "b": 6}
    paired = EXPERIMENT.replace("metrics", "streams: common, metrics")
    assert read(experiment=paired).seeds.streams == "common"
    with pytest.raises(InvalidDeclaration, match="the arms a and b are no pairs: only one of them has seed 6"):
        read(experiment=paired, table=more)


def test_too_few_seeds_are_refused_where_they_would_be_decided_on() -> None:
    """At the arm of the criterion, with how many there are."""
    with pytest.raises(InvalidDeclaration, match=r"10:74: results/old\.csv has 4 seeds of b, too few to decide on"):
        read(table=TABLE.replace("the other,4,4\n", "").replace("the other,5,5\n", ""))


def test_a_trainer_that_runs_still_needs_seeds() -> None:
    """Only a table brings its own."""
    running = "id: old\ntitle: x\nenvironment: {kind: dungeon}\ntrainer: {kind: tabular, steps: 100}\n"
    with pytest.raises(InvalidDeclaration, match=r"old\.yaml:1:1: the experiment lacks the key 'seeds'"):
        read(experiment=f"{running}arms: {{a: {{agent: {{kind: drunkard}}}}, b: {{agent: {{kind: accountant}}}}}}\n")


def test_only_the_tables_that_an_experiment_names_are_read(tmp_path: Path) -> None:
    """Whatever else lies in `results/`; symbolic links are not followed."""
    for name, text in {
        "experiments/old.yaml": EXPERIMENT + "# results/linked.csv\n",
        "results/old.csv": TABLE,
        "results/huge.csv": TABLE,
        "results/model.pt": "weights",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "results/linked.csv").symlink_to(tmp_path / "results/old.csv")
    assert set(declared_files(tmp_path)) == {"experiments/old.yaml", "results/old.csv"}
