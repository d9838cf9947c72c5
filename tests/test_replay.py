"""Replaying: evidence that was not made by its trials is found out, and nothing in the project changes."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner, Result

from expkit.cli.main import expkit
from expkit.dossier import Dossier
from expkit.errors import InvalidUsage
from expkit.outcomes.archive import read_records
from expkit.outcomes.evidence import build_evidence
from expkit.outcomes.registration import all_standings
from expkit.outcomes.write import write_outcome
from expkit.project.paths import Paths
from expkit.project.read import read_project
from expkit.provenance.history import History
from expkit.records.evidence import Evidence
from expkit.replay import touched
from tests.test_unwitnessed import declare

if TYPE_CHECKING:
    from tests.conftest import Desk

PROGRAM = """\
echo "{\\"gain\\": ${1#one}$(cat luck)}"
[ "$2" = quick ] || { touch started; sleep 60; }
"""
"""What it gains hangs on a file that is none of its sources."""
EXPERIMENT = """\
id: walk
title: A program
trainer:
  kind: command
  command: [sh, programs/walk.sh, "{seed}", quick]
  sources: [programs]
  metrics: {gain: {definition: What it brings.}}
arms: {a: {}, b: {trainer: {sources: [programs, more]}}}
seeds: {root: 3, count: 5}
"""
QUESTION = """\
id: rq08
title: A walk
question: Is a like b?
scope: Here.
experiments: [walk]
hypotheses:
  - id: h1
    statement: a gains more than b.
    experiment: walk
    criterion: {kind: difference, metric: gain, treatment: a, control: b, at_least: 0}
"""


def say(desk: Desk, *command: str) -> Result:
    """What the command line says, in this process, as one of its own would import longer than it runs."""
    store = {"MLFLOW_TRACKING_URI": "http://127.0.0.1:1"}  # nobody is there, so that nothing is published
    said = CliRunner().invoke(expkit, ["-C", str(desk.root), *command], env=store, standalone_mode=False)
    assert said.exception is None, str(said.exception)
    return said


def files(desk: Desk) -> dict[Path, bytes]:
    """Everything in the project's folder, git's own files left out."""
    every = (file for file in desk.root.rglob("*") if file.is_file() and ".git" not in file.parts)
    return {file: file.read_bytes() for file in every}


def walking(desk: Desk) -> Desk:
    """The project with a program, its experiment and its question, committed."""
    for name, text in {
        "programs/walk.sh": PROGRAM,
        "more/beside.txt": "a source",
        "luck": "1",
        "experiments/walk.yaml": EXPERIMENT,
        "research_questions/rq08/question.yaml": QUESTION,
    }.items():
        (desk.root / name).parent.mkdir(parents=True, exist_ok=True)
        (desk.root / name).write_text(text)
    desk.commit()
    return desk


def test_honest_evidence_is_replayed_and_nothing_is_left(answered: Desk) -> None:
    """Without a ledger, as in a fresh clone; neither a record nor an outcome nor a folder is made."""
    clone = answered.clone()
    before = files(clone)
    said = say(clone, "check", "--replay")
    assert said.return_value == 0
    assert "rq01: 18 trials replayed, every digest equal" in said.stdout
    assert files(clone) == before
    assert clone.git("status", "--porcelain", "--ignored") == ""


def forged(desk: Desk, how: Callable[[Evidence], Evidence]) -> None:
    """Write an outcome from evidence that somebody has changed."""
    project = read_project(desk.root)
    dossier = Dossier(project, project.questions["rq01"])
    assert dossier.evidence
    write_outcome(dossier.paths, dossier.question, how(dossier.evidence))
    desk.commit()


def other_seed(desk: Desk) -> Evidence:
    """What evidence would say had the gambler's third seed earned more: every statistic follows."""
    project = read_project(desk.root)
    dossier = Dossier(project, project.questions["rq01"])
    at = ("strategies", "gambler")
    metrics = {name: column.copy() for name, column in dossier.results[at].metrics.items()}
    metrics["total_reward"][3] += 500
    keys, standing = {arm.key for arm in dossier.arms}, all_standings(project.questions, project.experiments)
    assert dossier.evidence
    made = build_evidence(
        question=dossier.question,
        experiments=dossier.experiments,
        planned=dossier.planned,
        results={**dossier.results, at: replace(dossier.results[at], metrics=metrics)},
        records=read_records(dossier.paths, History(desk.root), "rq01", keys, standing),
        previous=dossier.evidence,
    )
    return made.model_copy(update={"previous": None})


def test_a_forged_seed_with_consistent_statistics_passes_the_check_and_not_the_replay(answered: Desk) -> None:
    """Nobody sees it in the numbers alone: only the trial itself says otherwise."""
    evidence = other_seed(answered)
    forged(answered, lambda _: evidence)
    assert say(answered, "check").return_value == 0
    said = say(answered, "check", "--replay", "rq01")
    assert said.return_value == 1
    assert "rq01: 18 trials replayed, 1 difference" in said.stdout
    failure = " ".join(said.stderr.split())
    assert "evidence.json: replayed, arm gambler of strategies, seed 3: total_reward is" in failure
    assert "git restore research_questions/rq01/evidence.json" in failure


def _of_arm(evidence: Evidence) -> Evidence:
    arm = evidence.arms[0]
    summary = arm.summaries["final_reward_rate"].model_copy(update={"mean": 9.0})
    arm = arm.model_copy(update={"summaries": {**arm.summaries, "final_reward_rate": summary}})
    return evidence.model_copy(update={"arms": (arm, *evidence.arms[1:])})


def _of_digest(evidence: Evidence) -> Evidence:
    arm = evidence.arms[0].model_copy(update={"results_digest": "0" * 64})
    return evidence.model_copy(update={"arms": (arm, *evidence.arms[1:])})


def _of_test(evidence: Evidence) -> Evidence:
    one = evidence.hypotheses[0]
    assert one.test
    test = one.test.model_copy(update={"effects": one.test.effects.model_copy(update={"hedges_g": 9.0})})
    others = evidence.hypotheses[1:]
    return evidence.model_copy(update={"hypotheses": (one.model_copy(update={"test": test}), *others)})


@pytest.mark.parametrize(
    ("how", "said"),
    [
        (_of_arm, "arm drunkard of strategies: summaries.final_reward_rate.mean is "),
        (_of_digest, "arm drunkard of strategies: other Q-tables, visits or curves than evidence.json was written"),
        (_of_test, "hypothesis h1: test.effects.hedges_g is "),
    ],
)
def test_whatever_follows_from_the_trials_is_compared(
    answered: Desk, how: Callable[[Evidence], Evidence], said: str
) -> None:
    """Metrics that are not kept seed by seed, what no metric shows, and the tests themselves."""
    forged(answered, how)
    printed = say(answered, "check", "--replay", "--json")
    assert printed.return_value == 1
    found = json.loads(printed.stdout)
    (one,) = found["replayed"]
    assert one["differing"][0].startswith(said)
    assert found["findings"][-1]["what"] == f"replayed, {one['differing'][0]}"


def _count(content: Any) -> None:
    content["arms"][0]["count"] += 1


def _renamed(content: Any) -> None:
    content["arms"][0]["seeds"]["reward"] = content["arms"][0]["seeds"].pop("total_reward")


def _more(content: Any) -> None:
    content["arms"][0]["seeds"]["regret"] = content["arms"][0]["seeds"]["total_reward"]


def _no_arm(content: Any) -> None:
    del content["arms"][0]


def _same_arm(content: Any) -> None:
    content["arms"].append({**content["arms"][0], "name": "other", "seeds": {}, "count": 0})


def _failed(content: Any) -> None:
    content["arms"][0]["failed"] = [1, 99]


def _nothing(content: Any) -> None:
    for one in content["arms"]:
        one["seeds"] = {metric: [None] * len(values) for metric, values in one["seeds"].items()}


def _hypothesis(content: Any) -> None:
    content["hypotheses"].append(content["hypotheses"][0])


def _no_seeds(content: Any) -> None:
    content["arms"][0] |= {"seeds": {"total_reward": []}, "count": 0}


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (_count, "6 values of total_reward for 7 seeds"),
        (_renamed, "arm drunkard of strategies: total_reward has no value for any seed"),
        (_more, "arm drunkard of strategies: regret is kept seed by seed in evidence.json, and not here"),
        (_no_arm, "speaks of an arm that is not there"),
        (_same_arm, "arm other of strategies is gone since"),
        (_failed, "arm drunkard of strategies: failed is [] here and [1, 99] in evidence.json"),
        (_nothing, "arm drunkard of strategies, seed 0: total_reward is "),
        (_hypothesis, "h1 is there twice"),
        (_no_seeds, "arm drunkard of strategies"),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_evidence_that_was_edited_is_told_and_never_ends_the_replay(
    answered: Desk, edit: Callable[[Any], None], said: str
) -> None:
    """Whatever is missing from it, too much in it or named otherwise."""
    content = json.loads(answered.evidence.read_text())
    edit(content)
    answered.evidence.write_text(json.dumps(content))
    printed = say(answered, "check", "--replay", "--json")
    assert printed.return_value == 1
    assert said in printed.stdout


def test_an_arm_that_is_declared_otherwise_cannot_be_replayed(answered: Desk) -> None:
    """More seeds are no other arm; another configuration is, and the rest is replayed all the same."""
    answered.edit(answered.experiment, "count: 6", "count: 9")
    answered.edit(answered.experiment, "{kind: gambler}", "{kind: gambler, discount: 0.5}")
    said = say(answered, "check", "--replay")
    assert "rq01: 12 trials replayed, 1 difference" in said.stdout
    assert "arm gambler of strategies: another arm is declared now" in " ".join(said.stderr.split())


def test_a_question_that_was_not_run_is_a_note(desk: Desk) -> None:
    """There is nothing to hold anything to."""
    said = say(desk, "check", "--replay")
    assert said.return_value == 0
    assert "rq01: nothing to replay: it was not run yet: expkit run rq01" in said.stdout


def test_evidence_that_is_gone_is_said_to_be_missing(answered: Desk) -> None:
    """With the command that takes it from the commit that has it."""
    answered.evidence.unlink()
    said = say(answered, "check", "--replay")
    place, commit = "research_questions/rq01/evidence.json", answered.git("rev-parse", "--short=7", "HEAD")
    told = f"rq01: nothing to replay: {place} is gone, and a commit has it: git checkout {commit} -- {place}"
    assert told in " ".join(said.stdout.split())


def test_programs_and_recorded_results_are_replayed_too(desk: Desk) -> None:
    """A program whose numbers hang on something that is none of its sources is found out, by seed and metric."""
    declare(desk.root)
    walking(desk)
    for question in ("rq07", "rq08"):
        say(desk, "run", question)
    before = files(desk)
    said = say(desk, "check", "--replay")
    assert "rq07: 20 trials replayed, every digest equal" in said.stdout
    assert "rq08: 10 trials replayed, every digest equal" in said.stdout
    assert files(desk) == before
    (desk.root / "luck").write_text("2")
    said = say(desk, "check", "rq08", "--replay")
    assert said.return_value == 1
    assert "arm a of walk, seed 0: gain is " in said.stderr
    (desk.root / "programs/walk.sh").write_text("exit 1\n")
    assert "arm a of walk: another arm is declared now" in say(desk, "check", "rq08", "--replay").stderr


def test_a_program_without_a_seed_is_said_not_to_be_replayable(desk: Desk) -> None:
    """It is not even started: its replicates cannot be the same."""
    walking(desk)
    desk.edit(desk.root / "experiments/walk.yaml", '"{seed}", quick', "one, quick")
    desk.edit(desk.root / "experiments/walk.yaml", "  sources:", "  seed: unseeded\n  sources:")
    say(desk, "run", "rq08")
    said = say(desk, "check", "rq08", "--replay")
    assert said.return_value == 0
    assert "rq08: nothing to replay: arm a of walk cannot be replayed" in said.stdout
    assert "not replayed: arm a of walk cannot be replayed: its program takes no seed" in said.stderr


def test_ctrl_c_leaves_nothing_behind(desk: Desk, tmp_path: Path) -> None:
    """The program is ended, its folder is gone, and the message does not speak of kept results."""
    walking(desk)
    say(desk, "run", "rq08")
    desk.edit(desk.root / "programs/walk.sh", '[ "$2" = quick ] ||', "")  # not committed, and another version
    evidence: Any = json.loads((desk.root / "research_questions/rq08/evidence.json").read_text())
    project = read_project(desk.root)
    keys = [arm.key for arm in Dossier(project, project.questions["rq08"]).arms]
    for arm, key in zip(evidence["arms"], keys, strict=True):
        arm["key"] = key
    (desk.root / "research_questions/rq08/evidence.json").write_text(json.dumps(evidence))
    folder = tmp_path / "temporary"
    folder.mkdir()
    process = desk.start("check", "rq08", "--replay", TMPDIR=str(folder))
    while not (desk.root / "started").exists():
        assert process.poll() is None, process.communicate()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "interrupted; nothing is left behind" in err
    assert not [*folder.iterdir()]


@pytest.fixture(scope="module")
def several(tmp_path_factory: pytest.TempPathFactory, desk_of: Callable[[Path], Desk]) -> Desk:
    """Three questions, two of them on one experiment, none of them run."""
    desk = desk_of(tmp_path_factory.mktemp("several") / "project")
    second = desk.question.parent.with_name("rq02") / "question.yaml"
    second.parent.mkdir()
    second.write_text(desk.question.read_text().replace("id: rq01", "id: rq02"))
    return walking(desk)


@pytest.mark.parametrize(
    ("file", "picked"),
    [
        ("README.md", []),
        ("research_questions/rq01/outcome.md", []),
        ("luck", []),
        ("research_questions/rq02/question.yaml", ["rq02"]),
        ("research_questions/rq01/evidence.json", ["rq01"]),
        ("experiments/strategies.yaml", ["rq01", "rq02"]),
        ("programs/walk.sh", ["rq08"]),
        ("more/beside.txt", ["rq08"]),
    ],
)
def test_only_what_a_change_touches_is_replayed(several: Desk, file: str, picked: list[str]) -> None:
    """Its declaration, its evidence, its experiments and the files that they mention; comments count."""
    place = several.root / file
    before = place.read_bytes() if place.exists() else None
    place.write_bytes((before or b"") + b"\n# a change\n")
    try:
        project = read_project(several.root)
        every = list(project.questions.values())
        assert [one.id for one in touched(project, every, "HEAD")] == picked
    finally:
        place.unlink() if before is None else place.write_bytes(before)


def test_what_a_branch_got_since_is_not_touched(several: Desk) -> None:
    """The change is held against the commit where it left the branch, as in a review."""
    several.git("checkout", "--quiet", "-b", "next", "main")
    several.question.write_text(several.question.read_text() + "# later\n")
    several.commit()
    several.git("checkout", "--quiet", "main")
    project = read_project(several.root)
    assert touched(project, list(project.questions.values()), "next") == []


def test_the_base_has_to_be_a_commit(several: Desk) -> None:
    """A slip of the pen replays neither everything nor nothing."""
    project = read_project(several.root)
    with pytest.raises(InvalidUsage, match="main2"):
        touched(project, list(project.questions.values()), "main2")
    said = several.expkit("check", "--base", "main")
    assert said.code == 2
    assert "add --replay" in said.err
    assert Paths(several.root).state.exists() is False
    assert (
        "3 questions untouched since the work tree left main, and not replayed"
        in say(several, "check", "--replay", "--base", "main").stdout
    )
