"""The sentence that a review begins with: what a change does to the science. Plain text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from expkit.outcomes.numbers import counted
from expkit.outcomes.wording import VERDICTS
from expkit.records.evidence import Evidence
from expkit.review.changes import Changes, QuestionChange
from expkit.review.results import Results

_MOST = 3
"""Names in a row before they are only counted."""


def sentence(changed: Changes, moved: Results, evidence: Mapping[str, Evidence]) -> str:
    """One sentence; `evidence` is that of the head, so that an added question comes with its verdicts."""
    clauses = [*_questions(changed, evidence), *_answers(changed, moved, evidence), *_hypotheses(changed)]
    clauses += [*_arms(changed), *_texts(changed), *_entries(moved)]
    text = "; ".join([*clauses, _verdicts(moved, anything=bool(clauses))])
    return f"{text[0].upper()}{text[1:]}."


def _questions(changed: Changes, evidence: Mapping[str, Evidence]) -> Iterator[str]:
    if added := [_added(one, evidence) for one in changed.questions if one.deed == "added"]:
        yield f"adds question{'s' if len(added) > 1 else ''} {_listed(added)}"
    for one in changed.questions:
        match one.deed:
            case "removed":
                yield f"removes question {one.question}{' with its data' if one.after_data else ''}"
            case "renamed":
                yield f"renames question {one.former} to {one.question}"
            case "amended":
                yield f"the family of {one.question} was amended{' after its data existed' if one.after_data else ''}"


def _added(one: QuestionChange, evidence: Mapping[str, Evidence]) -> str:
    asked = counted(one.hypotheses, "hypothesis", "hypotheses")
    found = f": {_counts(evidence[one.question])}" if one.question in evidence else ", not run yet"
    return f"{one.question}{' after its data existed' if one.after_data else ''} ({asked}{found})"


def _counts(evidence: Evidence) -> str:
    counts = Counter(hypothesis.verdict for hypothesis in evidence.hypotheses)
    return ", ".join(f"{counts[name]} {name}" for name in VERDICTS if counts[name])


def _answers(changed: Changes, moved: Results, evidence: Mapping[str, Evidence]) -> Iterator[str]:
    added = {one.question for one in changed.questions if one.deed == "added"}
    if answered := [name for name in moved.answered if name not in added]:
        noun = "questions" if len(answered) > 1 else "question"
        yield f"answers {noun} {_listed([f'{name} ({_counts(evidence[name])})' for name in answered])}"
    if moved.replications:
        yield f"replicates {_listed(list(dict.fromkeys(question for question, _ in moved.replications)))}"


def _hypotheses(changed: Changes) -> Iterator[str]:
    alike: dict[str, list[str]] = {}
    for one in changed.hypotheses:
        late = one.after_data and one.deed in ("added", "amended", "removed")
        deed = f"{one.deed}{' after its data existed' if late else ''}"
        alike.setdefault(deed, []).append(f"{one.hypothesis} of {one.question}")
    for deed, names in alike.items():
        several = deed.replace("its data", "their data") if len(names) > 1 else deed
        noun, verb = ("hypotheses", "were") if len(names) > 1 else ("hypothesis", "was")
        yield f"{noun} {_listed(names)} {verb} {several}"


def _arms(changed: Changes) -> Iterator[str]:
    for deed, verb in (("added", "adds"), ("removed", "removes"), ("renamed", "renames"), ("amended", "changes")):
        places = [(one.experiment, one.arm) for one in changed.arms if one.deed == deed]
        experiments = list(dict.fromkeys(experiment for experiment, _ in places))
        if len(places) == 1:
            yield f"{verb} arm {'/'.join(places[0])}"
        elif places:
            yield f"{verb} {len(places)} arms of {_listed(experiments)}"
    if sources := sum(one.source for one in changed.arms):
        yield f"the code or table beneath {counted(sources, 'arm')} changed"


def _texts(changed: Changes) -> Iterator[str]:
    if changed.wordings:
        names = [f"the {one.what}{f' in {one.question}' if one.question else ''}" for one in changed.wordings]
        yield f"rewords {_listed(names)}"


def _entries(moved: Results) -> Iterator[str]:
    if moved.gone:
        yield f"removes or rewrites {counted(len(moved.gone), 'registration')}"
    if moved.engine:
        yield f"another version of the engine trained {counted(len(moved.engine), 'arm')}"
    if moved.redrawn:
        yield f"draws {counted(len(moved.redrawn), 'figure')} anew of numbers that did not move"
    if moved.forged:
        yield f"changes numbers of {_listed([one.name for one in moved.forged])} without a run"
    if moved.contradictions:
        yield f"the same trials of {_listed([one.name for one in moved.contradictions])} have other results"


def _verdicts(moved: Results, *, anything: bool) -> str:
    said = []
    if moved.verdicts:
        told = [f"{one.name} of {one.question} from {one.then} to {one.now}" for one in moved.verdicts]
        said.append(f"{counted(len(told), 'verdict')} moved: {_listed(told)}")
    if moved.lost:
        told = [f"{one.name} of {one.question}, {one.then}" for one in moved.lost]
        said.append(f"{counted(len(told), 'verdict')} gone: {_listed(told)}")
    if said:
        return "; ".join(said)
    if moved.numbers:
        return f"{counted(len(moved.numbers), 'number')} moved and no verdict"
    return (
        "no verdict moved" if anything else "changes nothing that is declared, and no number or verdict in the evidence"
    )


def _listed(names: Sequence[str]) -> str:
    if len(names) > _MOST:
        return f"{', '.join(names[:_MOST])} and {len(names) - _MOST} more"
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
