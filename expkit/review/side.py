"""A side of a review: what a tree declares and what its evidence says, or why that cannot be read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from expkit.errors import CheckFailed, InvalidDeclaration
from expkit.outcomes.registration import standings
from expkit.outcomes.serialise import parse_evidence
from expkit.outcomes.snapshot import Tree
from expkit.outcomes.standing import Recording, Trial, earliest, first_recordings
from expkit.plan import PlannedArm, plan
from expkit.project.paths import QUESTIONS
from expkit.project.read import Declarations, parse_declarations
from expkit.records.evidence import Evidence
from expkit.records.registration import Registration, Standing

HypothesisId = tuple[str, str]
"""(question id, hypothesis id)."""
ArmId = tuple[str, str]
"""(experiment id, arm name)."""


@dataclass(frozen=True, kw_only=True)
class Side:
    """One of the two trees that are compared."""

    tree: Tree
    declared: Declarations
    """Empty where the files cannot be read."""
    standings: Mapping[HypothesisId, Standing]
    arms: Mapping[ArmId, PlannedArm]
    evidence: Mapping[str, Evidence]
    """By question."""
    unreadable: str | None
    """Why nobody can tell what it declares; None where it can be read."""
    broken: Mapping[str, str]
    """Why the evidence of a question cannot be read, by question."""

    @property
    def registrations(self) -> tuple[Registration, ...]:
        """Those of all questions."""
        return tuple(entry for evidence in self.evidence.values() for entry in evidence.registrations)

    @cached_property
    def recorded(self) -> dict[Trial, Recording]:
        """The first recording of every trial that its evidence knows."""
        return recorded_in(self)


def side_of(tree: Tree) -> Side:
    """What a tree holds; whatever is wrong with it is said and not raised."""
    unreadable: str | None = None
    try:
        declared = parse_declarations(_declaring(tree.files))
    except InvalidDeclaration as error:
        declared = Declarations(questions={}, experiments={})
        unreadable = f"{len(error.mistakes)} mistake{'' if len(error.mistakes) == 1 else 's'}, the first: " + str(
            error.mistakes[0]
        )
    planned = {name: plan(experiment, lambda *_: frozenset()) for name, experiment in declared.experiments.items()}
    stood = [
        one for question in declared.questions.values() for one in standings(question, planned, declared.experiments)
    ]
    evidence, broken = _evidence(tree)
    return Side(
        tree=tree,
        declared=declared,
        standings={(one.question, one.hypothesis): one for one in stood},
        arms={(arm.experiment, arm.name): arm for arms in planned.values() for arm in arms},
        evidence=evidence,
        unreadable=unreadable,
        broken=broken,
    )


def recorded_in(*sides: Side) -> dict[Trial, Recording]:
    """The first recording of every trial that the evidence of some trees knows, the oldest tree first."""
    questions = dict.fromkeys(question for side in sides for question in side.evidence)
    return earliest(
        first_recordings(side.evidence[question].registrations for side in sides if question in side.evidence)
        for question in questions
    )


def _declaring(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Without what is generated or written beside a question."""
    return {
        path: content
        for path, content in files.items()
        if not path.startswith(f"{QUESTIONS}/") or path.endswith((".yaml", ".yml"))
    }


def _evidence(tree: Tree) -> tuple[dict[str, Evidence], dict[str, str]]:
    found: dict[str, Evidence] = {}
    broken: dict[str, str] = {}
    for question in sorted(tree.questions):
        place = f"{QUESTIONS}/{question}/evidence.json"
        if (content := tree.files.get(place)) is None:
            continue
        try:
            found[question] = parse_evidence(content, where=place)
        except CheckFailed as error:
            broken[question] = f"{error.what}: {error.why}"
    return found, broken
