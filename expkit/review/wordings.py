"""Wordings: texts that read otherwise and decide nothing. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from expkit.outcomes.wording import setting_text
from expkit.specs.question import Hypothesis, ResearchQuestion

_OF_QUESTION = ("title", "question", "scope", "motivation")
_OF_HYPOTHESIS = ("statement", "rationale")


@dataclass(frozen=True, kw_only=True)
class Rewording:
    """A text then and now; empty where one side has none."""

    question: str | None
    """None for the title of an experiment."""
    what: str
    """Such as `statement of h2` or `discussion`."""
    then: str
    now: str


def rewordings(then: ResearchQuestion, now: ResearchQuestion, hypotheses: Mapping[str, str]) -> Iterator[Rewording]:
    """What a question says otherwise; `hypotheses` are the ids that belong together, then by now."""
    texts = _of_question(then), _of_question(now)
    ids = {one.id: one for one in then.hypotheses}
    for one in now.hypotheses:
        if one.id in hypotheses:
            texts[0].update(_of_hypothesis(ids[hypotheses[one.id]], one.id))
            texts[1].update(_of_hypothesis(one, one.id))
    for what in dict.fromkeys([*texts[0], *texts[1]]):
        before, after = texts[0].get(what, ""), texts[1].get(what, "")
        if before.split() != after.split():
            yield Rewording(question=now.id, what=what, then=before, now=after)


def _of_question(question: ResearchQuestion) -> dict[str, str]:
    prior = "\n".join(f"{one.source}: {one.claim}" for one in question.prior_evidence)
    return {name: getattr(question, name) or "" for name in _OF_QUESTION} | {"prior evidence": prior}


def _of_hypothesis(one: Hypothesis, name: str) -> dict[str, str]:
    texts = {f"{text} of {name}": getattr(one, text) or "" for text in _OF_HYPOTHESIS}
    expected = one.criterion.expected
    return texts | {f"expectation of {name}": "" if expected is None else setting_text(expected)}
