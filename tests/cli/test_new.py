"""`expkit init` and `expkit new` as a person types them, with and without a terminal."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import pytest
from click.testing import CliRunner

from expkit.cli import asking
from expkit.cli.console import log
from expkit.cli.main import expkit
from expkit.errors import ExpkitError, Interrupted
from expkit.project.read import read_project
from expkit.project.scaffold.start import start
from tests.conftest import EXPKIT, Desk

FLAGS = ("--metric", "regret", "--treatment", "gambler", "--control", "drunkard", "--at-most", "0")
SHARE = ("hypothesis", "rq01", "--arm", "gambler", "--metric", "optimal_policy")


@pytest.fixture
def lab(tmp_path: Path) -> Path:
    """A new project."""
    root = tmp_path / "lab"
    root.mkdir()
    start(root)
    return root


@pytest.fixture
def here(lab: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Types a command in the project, answers on a terminal, and returns what is said."""
    monkeypatch.setattr(asking, "_is_terminal", lambda: True)

    def type_in(*arguments: str, answers: Sequence[str] = ()) -> str:
        done = CliRunner().invoke(expkit, ["-C", str(lab), *arguments], input="".join(f"{one}\n" for one in answers))
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        assert done.exit_code == 0, done.output
        return done.output

    return type_in


def files(root: Path) -> dict[str, bytes]:
    """The content of every file of a project."""
    return {str(file.relative_to(root)): file.read_bytes() for file in root.rglob("*") if file.is_file()}


def test_answers_alone_make_an_experiment_and_a_question(lab: Path, here: Callable[..., str]) -> None:
    """Enter takes what is proposed; a slip is told at once and asked again; choices are shown before they are made."""
    said = here(
        "new", "experiment", answers=["", "frozen", "", "sarse", "sarsa,gambler", "20", "2_000", "", "Mine: #1"]
    )
    unbroken = " ".join(said.split())
    assert "did you mean 'FrozenLake-v1'" in unbroken
    assert "did you mean 'sarsa'" in unbroken
    slips = [line for line in said.splitlines() if line.startswith("Error: ")]
    assert len(slips) == 3
    assert all(len(line) <= log().width for line in slips)
    assert "next: edit experiments/exp01.yaml where a setting is to be another; then: expkit new question" in unbroken
    assert "type 40 or more" in unbroken
    answers = [
        "exp01",
        "rq01",
        "",
        "Is SARSA better?",
        "",
        "regrets",
        "regret",
        "",
        "",
        "gambler",
        "",
        "more",
        "at most 5",
        "",
    ]
    said = here("new", "question", answers=answers)
    for shown in (
        "there is a question 'rq01' already",
        "did you mean 'regret'",
        "arms: sarsa, gambler",
        "is no region",
    ):
        assert shown in " ".join(said.split())
    project = read_project(lab)
    experiment, question = project.experiments["exp01"], project.questions["rq02"]
    assert (experiment.title, [*experiment.arms], experiment.seeds.count) == ("Mine: #1", ["sarsa", "gambler"], 50)
    [hypothesis] = question.hypotheses
    assert (question.title, question.experiments) == ("Is SARSA better", ("exp01",))
    criterion = hypothesis.criterion
    assert (criterion.kind, criterion.metric, criterion.at_most) == ("difference", "regret", 5)
    assert hypothesis.statement == "The regret of gambler minus that of sarsa is at most 5."


def test_a_hypothesis_is_added_behind_the_last_one(lab: Path, here: Callable[..., str]) -> None:
    """With the next id; what one arm alone can claim needs no kind."""
    before = (lab / "research_questions/rq01/question.yaml").read_bytes()
    said = here("new", "hypothesis", "rq01", "--arm", "gambler", "--metric", "optimal_policy", "--at-least", "0.9")
    assert "next: expkit explain rq01; then: git add -A && git commit -m 'Ask rq01' && expkit run rq01" in " ".join(
        said.split()
    )
    assert (lab / "research_questions/rq01/question.yaml").read_bytes().startswith(before)
    last = read_project(lab).questions["rq01"].hypotheses[-1]
    assert (last.id, last.criterion.kind, last.criterion.at_least) == ("h3", "value", 0.9)


def test_machines_are_told_what_was_written(lab: Path, here: Callable[..., str]) -> None:
    """`--json`, with every flag that is needed."""
    said = json.loads(here("new", "question", "--question", "Is it?", *FLAGS, "--json"))
    assert said == {"id": "rq02", "written": ["research_questions/rq02/question.yaml"]}
    said = json.loads(here("new", "experiment", "--like", "strategies", "--json"))
    assert said == {"id": "strategies-2", "written": ["experiments/strategies-2.yaml"]}
    one, two = (read_project(lab).experiments[name] for name in ("strategies", "strategies-2"))
    assert one.arms == two.arms
    assert one.seeds.root != two.seeds.root


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("question", "rq01", "--question", "Is it?", *FLAGS), "there is a question 'rq01' already"),
        (("question", "RQ", "--question", "Is it?", *FLAGS), "cannot be the id"),
        (("question", "--question", "Is it?", *FLAGS[:6], "--within", "2", "1"), "the lower bound is not below"),
        (("question", "--question", "Is it?", *FLAGS, "--at-least", "0"), "a criterion claims one region"),
        (("question", "--question", "Is it?", *FLAGS[:7], "nan"), "a finite number"),
        (("question", "--question", "Is it?", *FLAGS, "--experiment", "strategy"), "did you mean 'strategies'"),
        (("hypothesis", "rq01", "--metric", "regrets", *FLAGS[2:]), "did you mean 'regret'"),
        (("hypothesis", "rq01", *FLAGS, "--treatment", "gamblr"), "did you mean 'gambler'"),
        (("hypothesis", "rq01", *FLAGS, "--treatment", "drunkard"), "treatment and control are the same arm"),
        (("hypothesis", "rq01", *FLAGS, "--metric", "optimal_policy", "--kind", "ratio"), "0 or 1 in every seed"),
        (("hypothesis", "rq01", *FLAGS, "--arm", "gambler", "--kind", "value"), "a value has no --treatment"),
        ((*SHARE, "--at-least", "3"), "a share lies between 0 and 1, so this claim is false whatever is found"),
        ((*SHARE, "--at-most", "-0.1"), "this claim is false whatever is found; claim a bound between 0 and 1"),
        (("hypothesis", "rq01", "--id", "h1", *FLAGS), "there is a hypothesis 'h1' already"),
        (("experiment", "strategies", "--agents", "sarsa"), "there is an experiment 'strategies' already"),
        (("experiment", "--agents", "sarsa", "--environment", "Frozen-v1"), "did you mean 'FrozenLake-v1'"),
        (("experiment", "--agents", "sarsa", "--environment", "environments/no.csv"), "nothing is written"),
        (("experiment", "--like", "strategies", "--steps", "50"), "--like copies everything"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_cannot_be_meant_is_refused_with_what_can(
    lab: Path, here: Callable[..., str], arguments: tuple[str, ...], said: str
) -> None:
    """Exit code 2, and nothing is written."""
    before = files(lab)
    with pytest.raises(ExpkitError) as refused:
        here("new", *arguments)
    assert refused.value.exit_code == 2
    assert said in str(refused.value)
    assert files(lab) == before


def test_ctrl_c_writes_nothing(lab: Path, here: Callable[..., str]) -> None:
    """Wherever in the questions it is pressed: here when the answers end."""
    before = files(lab)
    with pytest.raises(Interrupted, match="nothing is written"):
        here("new", "question", answers=["", "Is it?", ""])
    assert files(lab) == before


def test_without_a_terminal_the_missing_flags_are_named(desk: Desk) -> None:
    """A script never waits for an answer; where nothing is missing it gets its file."""
    said = desk.expkit("new", "question", before=["setsid"])
    assert (said.code, said.out) == (2, "")
    assert "needs --question, --metric, --treatment, --control, --at-least, --at-most or --within" in said.err
    assert desk.expkit("new", "question", "--question", "Is it?", *FLAGS).code == 0
    assert desk.expkit("check").code == 0


def test_a_terminal_is_asked_and_ctrl_c_is_no_accident(lab: Path) -> None:
    """A real terminal: the prompt comes, Ctrl-C ends it with 130, and nothing is written."""
    before = files(lab)
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [EXPKIT, "new", "experiment"], cwd=lab, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
        preexec_fn=lambda: os.close(os.open(os.ttyname(0), os.O_RDWR)),
    )  # fmt: skip
    os.close(theirs)
    said = b""
    while b"id of the experiment" not in said:
        said += os.read(ours, 1000)
    code = None
    while code is None:  # who types before the prompt reads types again
        os.write(ours, b"\x03")
        with suppress(subprocess.TimeoutExpired):
            code = process.wait(timeout=5)
    assert code == 130
    os.close(ours)
    assert files(lab) == before


def test_once_there_are_data_a_sibling_is_said_to_change_the_family(answered: Desk) -> None:
    """Before it is written; and it comes true."""
    said = answered.expkit("new", "hypothesis", "rq01", *FLAGS)
    assert said.code == 0
    assert "h1, h2 and the new one become exploratory" in said.err
    assert "expkit new experiment --like strategies" in said.err
    answered.commit()
    assert answered.expkit("run", "rq01").code == 0
    evidence = json.loads(answered.evidence.read_text())
    assert [one["standing"] for one in evidence["hypotheses"]] == ["exploratory"] * 3


def test_a_question_on_data_that_exist_is_said_to_be_exploratory(answered: Desk) -> None:
    """Also in a clone, which has the evidence and not the ledger; a copy on fresh seeds has no data."""
    clone = answered.clone()
    said = clone.expkit("new", "question", "--question", "Is it?", *FLAGS)
    assert "strategies was run already" in said.err
    assert clone.expkit("new", "experiment", "--like", "strategies").code == 0
    said = clone.expkit("new", "question", "--question", "Is it?", "--experiment", "strategies-2", *FLAGS)
    assert (said.code, said.err) == (0, "")


def test_init_says_what_to_type_next_and_it_can_be_typed(tmp_path: Path, shared_store: str) -> None:
    """A folder of its own, made where it is not; a repository with no commit; every line of the steps as it stands."""
    desk = Desk(tmp_path, shared_store)
    said = desk.expkit("init", "my lab")
    steps = re.findall(r"^  (.*)$", said.out, re.MULTILINE)
    assert steps[0].startswith("cd 'my lab' && git add -A && git commit -m ")
    assert steps[1:] == ["expkit run rq01", "expkit status rq01"]
    identity = {f"GIT_{who}_{what}": "a@b" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    subprocess.run(steps[0], shell=True, cwd=tmp_path, env=desk.environment | identity, check=True, capture_output=True)
    lab = Desk(tmp_path / "my lab", shared_store)
    assert lab.git("rev-list", "--count", "HEAD") == "1"
    assert lab.expkit("check").code == 0
    assert lab.expkit("init").code == 2
    assert lab.git("status", "--porcelain") == ""


def test_init_makes_no_repository_inside_another_one(desk: Desk) -> None:
    """The one around it holds the project's commits."""
    (desk.root / "inner").mkdir()
    said = json.loads(desk.expkit("init", "inner", "--json").out)
    assert (said["repository"], "pyproject.toml" in said["written"]) == ("there", True)
    assert not (desk.root / "inner" / ".git").exists()
    assert desk.expkit("init").code == 2
