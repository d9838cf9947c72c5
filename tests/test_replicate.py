from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from expkit.completion import How, train_missing
from expkit.conclude import conclude
from expkit.dossier import Dossier
from expkit.errors import CheckFailed, InvalidUsage, TrialFailed
from expkit.execution import local
from expkit.execution.events import Progress
from expkit.ledger.lock import Holder
from expkit.outcomes.check import check_outcome
from expkit.outcomes.evidence import build_evidence
from expkit.outcomes.replication import drawn_root
from expkit.outcomes.standing import Records
from expkit.outcomes.verification import trust_by_hypothesis, verify, verify_replications
from expkit.plan import PlannedArm
from expkit.project.paths import Paths
from expkit.project.read import Project, read_project
from expkit.provenance.history import History
from expkit.records.evidence import Evidence
from expkit.replicate import Replicated, draw, replicate
from tests.conftest import Desk

CLEAR = (
    "{kind: value, metric: total_reward, arm: drunkard, at_least: 1}",
    "{kind: value, metric: total_reward, arm: accountant, at_most: 1}",
)
"""Claims that hold, and do not, whatever the root: the rewards of 400 steps are hundreds."""
REGISTERED = 7
"""The root that the desk's experiment declares."""


class Bystander:
    """An observer that counts the trials it is told of."""

    def __init__(self) -> None:
        self.trials = 0

    def placed(self, where: str) -> None:
        pass

    def starting(self, missing: Sequence[PlannedArm]) -> None:
        self.trials += sum(len(arm.missing) for arm in missing)

    def progress(self, event: Progress) -> None:
        pass

    def trained(self) -> None:
        pass

    def waiting(self, holder: Holder) -> None:
        pass

    @contextmanager
    def phase(self, text: str) -> Iterator[None]:
        yield


def opened(desk: Desk) -> Project:
    """The project as its files declare it now."""
    return read_project(desk.root)


def how() -> How:
    """Without a word, on one core."""
    return How(command=("expkit", "replicate", "rq01"), observer=Bystander(), workers=1)


def run(desk: Desk, *, accept: bool = False) -> Evidence:
    """What `expkit run rq01` does, but for publishing."""
    project = opened(desk)
    question = project.questions["rq01"]
    train_missing(project, Dossier(project, question).arms, how(), again="run rq01")
    return conclude(Dossier(project, question), accept=accept).evidence


def again(desk: Desk, *, record: bool = False, **chosen: Any) -> Replicated:
    """What `expkit replicate rq01` does."""
    project = opened(desk)
    question = project.questions["rq01"]
    return replicate(project, question, draw(project, question, **chosen), how(), record=record)


def evidence_of(desk: Desk) -> Evidence:
    """What is written down."""
    found = Dossier(opened(desk), opened(desk).questions["rq01"]).evidence
    assert found is not None
    return found


def failures(desk: Desk) -> list[str]:
    """What `expkit check` holds against the question."""
    return [str(one) for one in findings(desk) if one.severity == "failure"]


def findings(desk: Desk) -> Sequence[Any]:
    """Everything that `expkit check` says of the question."""
    project = opened(desk)
    dossier = Dossier(project, project.questions["rq01"])
    return check_outcome(
        Paths(desk.root),
        History(desk.root),
        question=dossier.question,
        experiments=dossier.experiments,
        planned=dossier.planned,
    )


def trusts(desk: Desk) -> set[str]:
    """What git says of the hypotheses."""
    evidence, history = evidence_of(desk), History(desk.root)
    keys = {arm.key for arm in evidence.arms}
    said = verify_replications(evidence, history, keys)
    return set(trust_by_hypothesis(evidence, verify(evidence.registrations, history, keys), said).values())


def edit_evidence(desk: Desk, edit: Callable[[dict[str, Any]], None]) -> None:
    """Change what is written down, as a hand would."""
    content = json.loads(desk.evidence.read_text())
    edit(content)
    desk.evidence.write_text(json.dumps(content))


def push(desk: Desk) -> None:
    """Give the project a remote that holds its branch."""
    remote = desk.root.parent / "origin.git"
    if not remote.exists():
        desk.git("init", "--quiet", "--bare", str(remote))
        desk.git("remote", "add", "origin", str(remote))
    desk.git("push", "--quiet", "origin", "main")


@pytest.fixture(scope="module")
def _clear(_answered: tuple[Desk, Any], tmp_path_factory: pytest.TempPathFactory) -> Desk:
    template = _answered[0]
    root = tmp_path_factory.mktemp("clear") / "project"
    desk = replace(template, root=Path(shutil.copytree(template.root, root, symlinks=True)))
    desk.git("rm", "-r", "--quiet", "research_questions/rq01")
    shutil.rmtree(desk.root / ".expkit")
    desk.question.parent.mkdir(parents=True)
    h1, h2 = (f"  - {{id: h{n}, statement: Claim {n}., experiment: strategies, criterion: " for n in (1, 2))
    desk.question.write_text(
        "id: rq01\ntitle: What is clear\nquestion: Is it clear?\nscope: Six seeds.\nexperiments: [strategies]\n"
        f"hypotheses:\n{h1}{CLEAR[0]}}}\n{h2}{CLEAR[1]}}}\n"
    )
    desk.git("commit", "--quiet", "--all", "--amend", "--message", "a commit")
    desk.commit()
    run(desk)
    desk.commit()
    return desk


@pytest.fixture
def clear(_clear: Desk, tmp_path: Path) -> Desk:
    """A project whose question was run and committed; its verdicts are the same on every root."""
    return replace(_clear, root=Path(shutil.copytree(_clear.root, tmp_path / "project", symlinks=True)))


class TestDrawing:
    def test_the_root_is_that_of_the_commit(self, clear: Desk) -> None:
        """HEAD by default; a branch, a tag and an abbreviated id name a commit as well."""
        head = clear.git("rev-parse", "HEAD")
        clear.git("tag", "v1")
        project = opened(clear)
        question = project.questions["rq01"]
        named = [draw(project, question), *(draw(project, question, commit=name) for name in ("main", "v1", head[:9]))]
        assert all(one == named[0] for one in named)
        assert named[0].commit == head
        assert dict(named[0].by_experiment) == {"strategies": drawn_root(head, REGISTERED)}

    def test_every_commit_gives_another_root(self, clear: Desk) -> None:
        """So that a later push draws anew."""
        first = draw(opened(clear), opened(clear).questions["rq01"])
        clear.commit()
        assert draw(opened(clear), opened(clear).questions["rq01"]).by_experiment != first.by_experiment

    def test_the_registered_root_is_refused(self, clear: Desk) -> None:
        """It replicates nothing."""
        with pytest.raises(InvalidUsage, match="root 7 is the registered one of strategies"):
            again(clear, root=REGISTERED)

    @pytest.mark.parametrize("name", ["nowhere", "", "--output=made", "-h", "HEAD:.gitignore"])
    def test_what_names_no_commit_is_refused(self, clear: Desk, name: str) -> None:
        """Whatever it looks like, nothing is done with it."""
        with pytest.raises(InvalidUsage, match="there is no commit"):
            again(clear, commit=name)
        assert not (clear.root / "made").exists()


class TestReplicating:
    def test_the_same_decisions_run_on_the_drawn_root_and_once(self, clear: Desk) -> None:
        """Same arms, same count; the ledger keeps the trials under their root, and no hypothesis beside them."""
        before, files = clear.records(), clear.git("status", "--porcelain")
        found = again(clear)
        assert sum(len(attempt.work.seeds) for attempt in found.tally.attempts) == 18
        root = drawn_root(clear.git("rev-parse", "HEAD"), REGISTERED)
        new = [json.loads(record.read_text()) for record in clear.records() - before]
        assert {one["work"]["root"] for one in new} == {root}
        assert all(one["standing"] == [] for one in new)
        assert {(arm.root, arm.registered_root, arm.count) for arm in found.replication.arms} == {(root, REGISTERED, 6)}
        repeated = again(clear)
        assert repeated.tally.attempts == ()
        assert repeated.replication == found.replication
        assert clear.git("status", "--porcelain") == files

    def test_verdicts_stand_beside_the_registered_ones(self, clear: Desk) -> None:
        """These claims are clear on any root."""
        found = again(clear).replication
        assert [(one.registered, one.verdict, one.agree) for one in found.hypotheses] == [
            ("supported", "supported", True),
            ("refuted", "refuted", True),
        ]
        assert [one.decision_digest for one in found.hypotheses] == [
            one.decision_digest for one in evidence_of(clear).hypotheses
        ]

    def test_a_verdict_that_hangs_on_its_seeds_is_not_found_again(self, answered: Desk) -> None:
        """Six seeds of root 7 leave undecided what six of root 1 support: no agreement, and no error."""
        found = again(answered, root=1).replication
        assert [(one.registered, one.verdict, one.agree) for one in found.hypotheses] == [
            ("inconclusive", "supported", False),
            ("supported", "supported", True),
        ]

    def test_the_registered_root_would_find_exactly_the_same(self, clear: Desk) -> None:
        """Which is why it is refused: declared at a drawn root, the question has the replication's numbers."""
        found = again(clear, root=11).replication
        clear.edit(clear.experiment, "root: 7", "root: 11")
        clear.commit()
        registered = run(clear)
        for one, other in zip(registered.hypotheses, found.hypotheses, strict=True):
            assert one.test is not None
            assert (one.verdict, one.test.estimate, one.test.interval, one.test.level) == (
                *(other.verdict, other.estimate, other.interval, other.level),
            )
        assert [arm.results_digest for arm in registered.arms] == [arm.results_digest for arm in found.arms]

    def test_a_root_that_was_replicated_on_cannot_be_registered_any_more(self, clear: Desk) -> None:
        """Its data were there before the decision on them."""
        again(clear, root=11)
        clear.edit(clear.experiment, "root: 7", "root: 11")
        clear.commit()
        assert {one.standing for one in run(clear).hypotheses} == {"exploratory"}

    def test_without_evidence_there_is_nothing_to_replicate(self, desk: Desk) -> None:
        """And nothing runs."""
        with pytest.raises(InvalidUsage, match="no evidence") as refusal:
            again(desk)
        assert "expkit run rq01" in str(refusal.value)
        assert not desk.records()

    def test_stale_evidence_is_not_replicated(self, clear: Desk) -> None:
        """The verdicts of another declaration are none to hold anything against."""
        before = clear.records()
        clear.edit(clear.question, "at_least: 1}", "at_least: 2}")
        with pytest.raises(CheckFailed, match="stale"):
            again(clear)
        assert clear.records() == before

    def test_edited_evidence_is_not_replicated(self, clear: Desk) -> None:
        """A forged verdict would find its agreement."""
        edit_evidence(clear, lambda content: content["hypotheses"][0].update(verdict="refuted"))
        with pytest.raises(CheckFailed, match="contradicts itself"):
            again(clear)

    def test_a_clone_replicates_without_the_registered_trials(self, clear: Desk) -> None:
        """What is committed is enough: a CI run need not run the question itself."""
        here, there = again(clear).replication, again(clear.clone())
        assert len(there.tally.attempts) == 3
        assert there.replication.arms == here.arms
        assert there.replication.hypotheses == here.hypotheses

    def test_a_batch_that_fails_says_how_to_go_on_with_the_same_root(
        self, clear: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Even after another commit, which would give another root."""

        def broken(*_: object, **__: object) -> None:
            raise OSError("the disk is gone")

        monkeypatch.setattr(local, "perform", broken)
        with pytest.raises(TrialFailed) as failure:
            again(clear, record=True)
        assert f"expkit replicate rq01 --commit {clear.git('rev-parse', 'HEAD')} --record" in str(failure.value)
        assert evidence_of(clear).replications == ()


class TestRecording:
    def test_a_recorded_replication_stands_in_the_outcome_and_checks(self, clear: Desk) -> None:
        """Evidence and document are written, and nothing else; they agree with each other and with git."""
        found = again(clear, record=True)
        assert found.changed == ("research_questions/rq01/outcome.md", "research_questions/rq01/evidence.json")
        assert evidence_of(clear).replications == (found.replication,)
        assert "1 replication: 2 of 2 verdicts agree." in clear.outcome.read_text()
        assert failures(clear) == []
        assert found.replication.draw.commit == clear.git("rev-parse", "HEAD")
        assert found.replication.run.commit == found.replication.draw.commit
        assert found.replication.run.dirty is False

    def test_recorded_twice_it_is_one(self, clear: Desk) -> None:
        """The second time nothing runs and nothing is written."""
        first = again(clear, record=True)
        before = clear.evidence.read_bytes()
        second = again(clear, record=True)
        assert (second.known, second.changed, second.tally.attempts) == (True, (), ())
        assert second.replication == first.replication
        assert clear.evidence.read_bytes() == before

    def test_a_rerun_keeps_what_was_recorded(self, clear: Desk) -> None:
        """With the same results the evidence stays; under another declaration it is of an earlier one."""
        recorded = again(clear, record=True).evidence
        before = clear.evidence.read_bytes()
        run(clear)
        assert clear.evidence.read_bytes() == before
        clear.edit(clear.question, "at_least: 1}", "at_least: 2}")
        clear.commit()
        assert run(clear).replications == recorded.replications
        assert "of an earlier declaration" in clear.outcome.read_text()
        assert "1 replication:" not in clear.outcome.read_text()
        assert failures(clear) == []

    def test_what_stands_is_kept_whatever_files_tell(self, clear: Desk) -> None:
        """Evidence built on evidence has its replications, and their grades."""
        push(clear)
        recorded = again(clear, record=True).evidence
        clear.edit(clear.question, "title: What is clear", "title: What was clear")
        project = opened(clear)
        dossier = Dossier(project, project.questions["rq01"])
        built = build_evidence(
            question=dossier.question,
            experiments=dossier.experiments,
            planned=dossier.planned,
            results=dossier.results,
            records=Records(),
            previous=recorded,
        )
        assert built.replications == recorded.replications
        assert built.hypotheses == recorded.hypotheses

    def test_evidence_that_was_deleted_finds_its_replications_in_git(self, clear: Desk) -> None:
        """As it finds its registrations."""
        recorded = again(clear, record=True).evidence
        clear.commit()
        clear.evidence.unlink()
        assert run(clear).replications == recorded.replications
        assert failures(clear) == []

    def test_other_trials_on_the_same_root_are_a_finding(self, clear: Desk) -> None:
        """One of the two is not what these seeds give; nothing is written."""
        again(clear, record=True)
        edit_evidence(clear, lambda content: content["replications"][0]["arms"][0].update(results_digest="0" * 64))
        before = clear.evidence.read_bytes()
        with pytest.raises(CheckFailed, match="came out otherwise") as finding:
            again(clear)
        assert "arm drunkard of strategies" in str(finding.value)
        assert clear.evidence.read_bytes() == before


def other_root(replication: dict[str, Any]) -> None:
    """A root that another commit gives, or that somebody liked."""
    for arm in replication["arms"]:
        arm["root"] = 11


def other_commit(replication: dict[str, Any]) -> None:
    """A commit that does not give the root."""
    replication["draw"]["commit"] = "0" * 40


def registered_root(replication: dict[str, Any]) -> None:
    """Given by hand, and none other than the registered one."""
    replication["draw"] = {"commit": None, "pushed": None}
    for arm in replication["arms"]:
        arm["root"] = arm["registered_root"]


def verdict(replication: dict[str, Any]) -> None:
    """A verdict that its interval does not give."""
    replication["hypotheses"][0].update(verdict="refuted", agree=False)


def agree(replication: dict[str, Any]) -> None:
    """Agreement of what differs."""
    replication["hypotheses"][1]["registered"] = "supported"


def region(replication: dict[str, Any]) -> None:
    """A bound that the interval would meet whatever it is."""
    replication["hypotheses"][0]["region"]["low"] = 0.0


def count(replication: dict[str, Any]) -> None:
    """Fewer seeds than were registered."""
    for arm in replication["arms"]:
        arm["count"] = 5


def untested(replication: dict[str, Any]) -> None:
    """A verdict without numbers."""
    replication["hypotheses"][0].update(estimate=None, interval=None, level=None)


@pytest.mark.parametrize(
    ("forge", "said"),
    [
        (other_root, "its commit gives"),
        (other_commit, "its commit gives"),
        (registered_root, "has the registered root"),
        (verdict, "its deciding interval says supported"),
        (agree, "h2 is refuted and was supported, and is said to agree"),
        (region, "h1 is judged by another region"),
        (count, "h1 was registered on arms, roots or seeds that it does not replicate"),
        (untested, "h1 is supported without a test"),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_a_forged_replication_is_found(clear: Desk, forge: Callable[[dict[str, Any]], None], said: str) -> None:
    """Root and commit, interval and verdict, replication and registration: each is held against the other."""
    again(clear, record=True)
    edit_evidence(clear, lambda content: forge(content["replications"][0]))
    assert any("contradicts itself" in failure and said in failure for failure in failures(clear)), failures(clear)


def test_a_committed_replication_cannot_be_taken_back(clear: Desk) -> None:
    """It is only ever added to; git remembers."""
    again(clear, record=True)
    clear.commit()
    edit_evidence(clear, lambda content: content.pop("replications"))
    assert any("1 of the replications that commits hold changed or gone" in failure for failure in failures(clear))


class TestTheGrade:
    def test_without_a_remote_nobody_else_could_know(self, clear: Desk) -> None:
        """The commit is there, and might have been made again until it pleased."""
        found = again(clear, record=True)
        assert found.replication.draw.pushed is None
        assert {one.grade for one in found.evidence.hypotheses} == {"self-registered"}
        assert "no remote is known to have held" in clear.outcome.read_text()

    def test_drawn_from_a_pushed_commit_it_is_earned_and_verified(self, clear: Desk) -> None:
        """Here and in a clone of the remote, as far as git can say."""
        push(clear)
        found = again(clear, record=True)
        assert {one.grade for one in found.evidence.hypotheses} == {"replicated"}
        assert "All confirmatory, replicated" in clear.outcome.read_text()
        assert failures(clear) == []
        assert trusts(clear) == {"verified"}
        clear.commit()
        push(clear)
        assert trusts(clear.clone()) == {"verified"}

    def test_a_commit_that_was_not_pushed_yet_earns_none(self, clear: Desk) -> None:
        """There is a remote, and it holds an earlier one."""
        push(clear)
        clear.commit()
        found = again(clear, record=True)
        assert found.replication.draw.pushed is False
        assert {one.grade for one in found.evidence.hypotheses} == {"self-registered"}

    def test_looking_first_and_pushing_then_earns_none(self, clear: Desk) -> None:
        """The trials had run before a remote held the commit; they tell it of themselves."""
        again(clear)
        push(clear)
        found = again(clear, record=True)
        assert found.tally.attempts == ()
        assert found.replication.draw.pushed is False
        assert {one.grade for one in found.evidence.hypotheses} == {"self-registered"}

    def test_pushed_first_it_may_be_looked_at_and_recorded_later(self, clear: Desk) -> None:
        """The trials ran from the very commit, pushed."""
        push(clear)
        again(clear)
        assert {one.grade for one in again(clear, record=True).evidence.hypotheses} == {"replicated"}

    def test_a_root_that_was_given_earns_none(self, clear: Desk) -> None:
        """Not even the one that the commit would have given."""
        push(clear)
        found = again(clear, record=True, root=drawn_root(clear.git("rev-parse", "HEAD"), REGISTERED))
        assert {one.grade for one in found.evidence.hypotheses} == {"self-registered"}
        assert again(clear, record=True).known
        assert {one.grade for one in evidence_of(clear).hypotheses} == {"self-registered"}

    def test_a_commit_from_before_the_hypothesis_earns_none(self, clear: Desk) -> None:
        """Its root was known to whoever wrote the claim."""
        clear.edit(clear.question, "at_least: 1}", "at_least: 2}")
        clear.edit(clear.experiment, "root: 7", "root: 8")
        earlier = clear.git("rev-parse", "HEAD")
        clear.commit()
        run(clear)
        clear.commit()
        push(clear)
        found = again(clear, record=True, commit=earlier)
        assert {one.declared for one in found.replication.hypotheses} == {False}
        assert {one.grade for one in found.evidence.hypotheses} == {"self-registered"}
        forged = clear.evidence.read_text().replace('"declared": false', '"declared": true')
        clear.evidence.write_text(forged)
        assert any("do not declare what was replicated" in failure for failure in failures(clear))

    def test_a_changed_tree_earns_none(self, clear: Desk) -> None:
        """What ran is not what the commit holds."""
        push(clear)
        (clear.root / "pyproject.toml").write_text('[tool.expkit]\nproject = "trial"\n\n')
        found = again(clear, record=True)
        assert found.replication.run.dirty is True
        assert {one.grade for one in found.evidence.hypotheses} == {"self-registered"}

    def test_it_cannot_be_written_in_by_hand(self, clear: Desk) -> None:
        """Nor left out, once it is earned."""
        edit_evidence(clear, lambda content: content["hypotheses"][0].update(grade="replicated"))
        assert any("h1 is called replicated" in failure for failure in failures(clear))
        clear.git("restore", ".")
        push(clear)
        again(clear, record=True)
        edit_evidence(clear, lambda content: content["hypotheses"][0].update(grade="self-registered"))
        assert any("h1 is not called replicated" in failure for failure in failures(clear))

    def test_a_push_that_never_was_is_not_verified(self, clear: Desk) -> None:
        """That a remote held it then is the runner's word; that none holds it now is seen."""
        push(clear)
        clear.commit()
        again(clear, record=True)

        def claim(content: dict[str, Any]) -> None:
            content["replications"][0]["draw"]["pushed"] = True
            for one in content["hypotheses"]:
                one["grade"] = "replicated"

        edit_evidence(clear, claim)
        assert trusts(clear) == {"not verifiable here"}
        assert any("none that is known here holds it now" in str(one) for one in findings(clear))

    def test_where_the_commit_is_not_it_cannot_be_verified(self, clear: Desk) -> None:
        """A shallow clone says so, with what to type, and holds nothing against it."""
        push(clear)
        again(clear, record=True)
        clear.commit()
        folder = clear.root.parent / "shallow"
        clear.git("clone", "--quiet", "--depth=1", clear.root.as_uri(), str(folder))
        shallow = replace(clear, root=folder)
        assert trusts(shallow) == {"not verifiable here"}
        assert failures(shallow) == []
        notes = [str(one) for one in findings(shallow) if one.severity == "note"]
        assert any("replicated on root" in note and "git fetch --unshallow" in note for note in notes)
