"""What a person does to a question that is replicated, and what can be seen of it then."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from expkit.completion import How, train_missing
from expkit.conclude import conclude
from expkit.dossier import Dossier
from expkit.execution.events import Point, Progress
from expkit.ledger.lock import Holder
from expkit.outcomes.check import check_outcome
from expkit.outcomes.registration import all_standings
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

    def point(self, event: Point) -> None:
        pass

    def trained(self) -> None:
        pass

    def waiting(self, holder: Holder) -> None:
        pass

    @contextmanager
    def phase(self, text: str) -> Iterator[None]:
        yield

    def aside(self, text: str) -> None:
        pass


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
        standing=all_standings(project.questions, project.experiments),
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
