"""Touched: the questions that a change has anything to do with. Pure."""

from __future__ import annotations

from expkit.outcomes.snapshot import Tree
from expkit.project.paths import QUESTIONS
from expkit.review.pairs import Pairs
from expkit.review.side import Side

_OWN = ("question.yaml", "question.yml", "evidence.json", "outcome.md", "figures/")
"""What of a question's folder expkit reads or writes."""


def untouched(then: Side, now: Side, same: Pairs[str]) -> frozenset[str]:
    """Questions of which every file and every arm is as in the base; none where nobody can tell."""
    if then.unreadable:
        return frozenset()
    return frozenset(
        here
        for past, here in same.both
        if _files(then.tree, past) == _files(now.tree, here) and _measured(then, past) == _measured(now, here)
    )


def _files(tree: Tree, question: str) -> dict[str, bytes]:
    folder = f"{QUESTIONS}/{question}/"
    return {
        path: content for path, content in tree.files.items() if path.startswith(tuple(folder + name for name in _OWN))
    }


def _measured(side: Side, question: str) -> object:
    """Its experiments, and their arms with what they are made of."""
    asked = side.declared.questions.get(question)
    names = asked.experiments if asked else ()
    return [side.declared.experiments[name] for name in names], {
        place: arm for place, arm in side.arms.items() if place[0] in names
    }
