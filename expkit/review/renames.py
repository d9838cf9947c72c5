"""Renames: which questions of two sides belong together, whatever they are called and whatever else changed. Pure."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator

from expkit.records.registration import Standing
from expkit.review.pairs import Pairs, paired
from expkit.review.side import Side


def same_questions(then: Side, now: Side) -> Pairs[str]:
    """Questions that are declared or have evidence.

    A question that is gone and one that is new are one that was renamed where they have a family in common; else
    registrations, which a renamed folder keeps and a new run finds in git; else a decision, a statement, or text; else
    hypotheses of the same ids on the same experiments. An amendment can take away some of these, and hardly all.
    """
    return paired(_names(then), _names(now), *((_of(mark, then), _of(mark, now)) for mark in _MARKS))


def _names(side: Side) -> list[str]:
    return [*side.declared.questions, *side.evidence, *side.broken]


def _of(mark: Callable[[Side, str], Iterator[Hashable]], side: Side) -> Callable[[str], frozenset[Hashable]]:
    return lambda name: frozenset(mark(side, name))


def _families(side: Side, name: str) -> Iterator[Hashable]:
    return (one.family_digest for one in _standings(side, name))


def _registrations(side: Side, name: str) -> Iterator[Hashable]:
    if name in side.evidence:
        yield from (entry.model_dump_json() for entry in side.evidence[name].registrations)


def _decisions(side: Side, name: str) -> Iterator[Hashable]:
    return (one.decision_digest for one in _standings(side, name))


def _statements(side: Side, name: str) -> Iterator[Hashable]:
    return (one.wording_digest for one in _standings(side, name))


def _texts(side: Side, name: str) -> Iterator[Hashable]:
    if name in side.declared.questions:
        question = side.declared.questions[name]
        yield from (" ".join(text.split()) for text in (question.title, question.question))


def _hypotheses(side: Side, name: str) -> Iterator[Hashable]:
    if name in side.declared.questions:
        yield from ((one.id, one.experiment) for one in side.declared.questions[name].hypotheses)


def _standings(side: Side, name: str) -> Iterator[Standing]:
    return (one for one in side.standings.values() if one.question == name)


_MARKS = (_families, _registrations, _decisions, _statements, _texts, _hypotheses)
"""The surest first."""
