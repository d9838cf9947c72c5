"""Research questions and their hypotheses, as they are declared in `research_questions/<id>/question.yaml`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from expkit.specs.base import Id, Spec, Text
from expkit.specs.criterion import Criterion


class PriorEvidence(Spec):
    """What was believed before, and where it was said."""

    source: Text
    """Where it was said."""
    claim: Text
    """What was said there."""


class Family(Spec):
    """How the hypotheses of one question share the risk of a wrong decision."""

    alpha: Annotated[float, Field(gt=0, le=0.5)] = 0.05
    """The probability of deciding any true hypothesis of the family wrongly."""
    correction: Literal["holm"] = "holm"
    """Holm's: the clearest hypothesis is decided at alpha / k, each decision leaves the next a larger share."""


class Hypothesis(Spec):
    """A falsifiable statement and the criterion that decides it."""

    id: Id
    """What it is called: h1, h2."""
    statement: Text
    """The claim in words, as a reviewer reads it."""
    rationale: Text | None = None
    """Why anyone should believe it."""
    experiment: Id
    """The experiment whose arms it speaks of."""
    criterion: Criterion
    """What decides it: a metric, the arms, and the region it claims."""
    withdrawn: Text | None = None
    """Why it was given up. It still counts in the family, so that nothing is gained by giving up."""


class ResearchQuestion(Spec):
    """What we want to know, with its scope and its hypotheses."""

    id: Id
    """What it is called: the name of its folder."""
    title: Text
    """What it is about, in a few words; it heads the outcome."""
    question: Text
    """One sentence that ends in a question mark."""
    scope: Text
    """Where the answer holds, and where it does not."""
    motivation: Text | None = None
    """Why anyone asks."""
    prior_evidence: tuple[PriorEvidence, ...] = ()
    """What was believed before, and where it was said."""
    experiments: Annotated[tuple[Id, ...], Field(min_length=1)]
    """The experiments it draws on, by id."""
    family: Family = Family()
    """How its hypotheses share the risk of a wrong decision."""
    hypotheses: Annotated[tuple[Hypothesis, ...], Field(min_length=1)]
    """What is claimed, each with the criterion that decides it."""
