"""Changes: what is declared otherwise than in the base: questions, hypotheses, arms, and wordings. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from expkit.outcomes import numbers
from expkit.review.hypotheses import HypothesisChange, any_data, of_hypotheses
from expkit.review.pairs import Pairs, paired
from expkit.review.shifts import SOURCES, Shift, of_arm
from expkit.review.side import Side
from expkit.review.wordings import Rewording, rewordings
from expkit.review.written import rewritten


@dataclass(frozen=True, kw_only=True)
class QuestionChange:
    """A question that one side alone has, or that has another id or another family."""

    deed: Literal["added", "removed", "renamed", "amended"]
    question: str
    title: str
    hypotheses: int
    former: str | None = None
    """Its id before, where it was renamed."""
    after_data: bool = False
    """Whether data had been recorded by then, be it under another question."""
    shifts: tuple[Shift, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ArmChange:
    """An arm that is not what it was, or is on one side alone."""

    deed: Literal["added", "removed", "renamed", "amended"]
    experiment: str
    arm: str
    former: str | None = None
    """`experiment/arm` before, where it was renamed."""
    shifts: tuple[Shift, ...] = ()

    @property
    def source(self) -> bool:
        """Whether somebody's code, a table or rows changed beneath it."""
        return any(shift.name in SOURCES for shift in self.shifts)


@dataclass(frozen=True, kw_only=True)
class Changes:
    """Everything that is declared otherwise."""

    questions: tuple[QuestionChange, ...] = ()
    hypotheses: tuple[HypothesisChange, ...] = ()
    arms: tuple[ArmChange, ...] = ()
    wordings: tuple[Rewording, ...] = ()


def changes(then: Side, now: Side, same: Pairs[str]) -> Changes:
    """What the head declares otherwise than the base; nothing can be said where one of them cannot be read.

    `same` are the questions that belong together.
    """
    if then.unreadable or now.unreadable:
        return Changes()
    asked = same.among(then.declared.questions, now.declared.questions)
    hypotheses: list[HypothesisChange] = []
    texts: list[Rewording] = []
    for past, here in asked.both:
        found, pairs = of_hypotheses(then, now, past, here)
        hypotheses += found
        texts += rewordings(then.declared.questions[past], now.declared.questions[here], pairs)
        texts += rewritten(then.tree, past, now.tree, here)
    for name in now.declared.experiments:
        before, title = then.declared.experiments.get(name), now.declared.experiments[name].title
        if before is not None and before.title.split() != title.split():
            texts.append(Rewording(question=None, what=f"title of {name}", then=before.title, now=title))
    return Changes(
        questions=tuple(_of_questions(then, now, asked)),
        hypotheses=tuple(hypotheses),
        arms=tuple(_of_arms(then, now)),
        wordings=tuple(texts),
    )


def _of_questions(then: Side, now: Side, asked: Pairs[str]) -> Iterator[QuestionChange]:
    for name in asked.new:
        stood = (one for one in now.standings.values() if one.question == name)
        yield _question(now, name, "added", after_data=any(any_data(one, then.recorded) for one in stood))
    for name in asked.gone:
        yield _question(then, name, "removed", after_data=name in then.evidence)
    for past, here in asked.both:
        before, after = then.declared.questions[past].family, now.declared.questions[here].family
        if before != after:
            shifts = [
                Shift(name="alpha", then=numbers.declared(before.alpha), now=numbers.declared(after.alpha)),
                Shift(name="correction", then=before.correction, now=after.correction),
            ]
            moved = tuple(one for one in shifts if one.then != one.now)
            yield _question(now, here, "amended", after_data=past in then.evidence, shifts=moved)
        if past != here:
            yield _question(now, here, "renamed", former=past)


def _question(
    side: Side,
    name: str,
    deed: Literal["added", "removed", "renamed", "amended"],
    *,
    former: str | None = None,
    after_data: bool = False,
    shifts: tuple[Shift, ...] = (),
) -> QuestionChange:
    question = side.declared.questions[name]
    return QuestionChange(
        deed=deed,
        question=name,
        title=question.title,
        hypotheses=len(question.hypotheses),
        former=former,
        after_data=after_data,
        shifts=shifts,
    )


def _of_arms(then: Side, now: Side) -> Iterator[ArmChange]:
    found = paired(
        then.arms,
        now.arms,
        (
            lambda place: frozenset({(then.arms[place].key, then.arms[place].root)}),
            lambda place: frozenset({(now.arms[place].key, now.arms[place].root)}),
        ),
    )
    for experiment, arm in found.new:
        yield ArmChange(deed="added", experiment=experiment, arm=arm)
    for experiment, arm in found.gone:
        yield ArmChange(deed="removed", experiment=experiment, arm=arm)
    for past, here in found.both:
        shifts = of_arm(then.arms[past], now.arms[here])
        former = "/".join(past) if past != here else None
        if shifts:
            yield ArmChange(deed="amended", experiment=here[0], arm=here[1], former=former, shifts=shifts)
        elif former:
            yield ArmChange(deed="renamed", experiment=here[0], arm=here[1], former=former)
