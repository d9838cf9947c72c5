"""The check of a committed outcome: fresh, sound, drawn from its numbers, and true to git. Imports nothing heavy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from expkit.errors import CheckFailed
from expkit.outcomes.archive import committed
from expkit.outcomes.checks.finding import Finding
from expkit.outcomes.checks.git import against_git
from expkit.outcomes.checks.page import against_evidence
from expkit.outcomes.consistency import contradictions
from expkit.outcomes.freshness import staleness
from expkit.outcomes.registration import Planned
from expkit.outcomes.serialise import read_evidence
from expkit.outcomes.write import figure_digest
from expkit.project.paths import Paths
from expkit.provenance.history import History
from expkit.records.evidence import Evidence
from expkit.records.registration import Standing
from expkit.specs.experiment import Experiment
from expkit.specs.question import ResearchQuestion


def check_outcome(
    paths: Paths,
    history: History,
    *,
    question: ResearchQuestion,
    experiments: Mapping[str, Experiment],
    planned: Planned,
    standing: Sequence[Standing],
) -> tuple[Finding, ...]:
    """Everything that can be said against the outcome of a question without running it again.

    Args:
        paths: the project.
        history: its history.
        question: the question as it is declared now.
        experiments: at least its experiments, by id.
        planned: their arms; missing seeds do not matter.
        standing: every hypothesis of the project as it stands now, those of other questions included.
    """
    file = paths.evidence(question.id)
    place = paths.relative(file)
    try:
        evidence = read_evidence(file, where=place)
    except CheckFailed as error:
        said = f"{error.what}: {error.why}"
        return (Finding(severity="failure", file=place, what=said, mend=error.mend),)
    if evidence is None:
        return tuple(_without_evidence(paths, history, question))
    changes = staleness(evidence, question=question, experiments=experiments, planned=planned)
    again = f"expkit run {question.id}"
    findings = [
        Finding(severity="failure", file=place, what=f"stale: {change} since it was written", mend=again)
        for change in changes
    ]
    findings += [
        Finding(
            severity="failure",
            file=place,
            what=f"contradicts itself: {what}",
            mend=f"git restore {place}, or delete it; then {again}",
        )
        for what in contradictions(evidence)
    ]
    keys = {arm.key for name in question.experiments for arm in planned[name]}
    findings += against_git(paths, history, evidence, keys=keys, standing=standing, fresh=not changes)
    findings += _figures(paths, evidence, question.id)
    findings += against_evidence(paths, question, evidence, fresh=not changes)
    return tuple(findings)


def _without_evidence(paths: Paths, history: History, question: ResearchQuestion) -> Iterator[Finding]:
    place, again = paths.relative(paths.evidence(question.id)), f"expkit run {question.id}"
    if paths.outcome(question.id).exists():
        yield Finding(
            severity="failure",
            file=paths.relative(paths.outcome(question.id)),
            what=f"there is no {place} that it could be written from",
            mend=again,
        )
    elif committed(paths, history, question.id):
        yield Finding(
            severity="warning",
            file=place,
            what="deleted; what git's history registers stays registered, and the draw counts as dropped",
            mend=f"{again}, or git restore {place}",
        )
    else:
        yield Finding(severity="note", file=place, what="not run yet", mend=again)


def _figures(paths: Paths, evidence: Evidence, question: str) -> Iterator[Finding]:
    for name, recorded in evidence.figures.items():
        file = paths.figures(question) / name
        found = figure_digest(file)
        if found != recorded:
            yield Finding(
                severity="failure",
                file=paths.relative(file),
                what="missing" if found is None else "not the figure that was drawn from evidence.json",
                mend=f"expkit run {question}",
            )
