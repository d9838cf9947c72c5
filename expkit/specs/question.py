"""Research questions and their hypotheses, as they are declared in `research_questions/<id>/question.yaml`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from expkit.specs.base import Id, Spec, Text
from expkit.specs.criterion import Criterion


class PriorEvidence(Spec):
    """What was believed before, and where it was said."""

    source: Text
    claim: Text


class Family(Spec):
    """How the hypotheses of one question share the risk of a wrong decision."""

    alpha: Annotated[float, Field(gt=0, le=0.5)] = 0.05
    """The probability of deciding any true hypothesis of the family wrongly."""
    correction: Literal["holm"] = "holm"


class Hypothesis(Spec):
    """A falsifiable statement and the criterion that decides it."""

    id: Id
    statement: Text
    """The claim in words, as a reviewer reads it."""
    rationale: Text | None = None
    """Why anyone should believe it."""
    experiment: Id
    """The experiment whose arms it speaks of."""
    criterion: Criterion
    withdrawn: Text | None = None
    """Why it was given up. It still counts in the family, so that nothing is gained by giving up."""


class ResearchQuestion(Spec):
    """What we want to know, with its scope and its hypotheses."""

    id: Id
    title: Text
    question: Text
    """One sentence that ends in a question mark."""
    scope: Text
    """Where the answer holds, and where it does not."""
    motivation: Text | None = None
    prior_evidence: tuple[PriorEvidence, ...] = ()
    experiments: Annotated[tuple[Id, ...], Field(min_length=1)]
    """The experiments it draws on, by id."""
    family: Family = Family()
    hypotheses: Annotated[tuple[Hypothesis, ...], Field(min_length=1)]
