"""The generated part of `outcome.md`, top to bottom as a reviewer reads it. Pure."""

from __future__ import annotations

from expkit.outcomes.document import MARKER
from expkit.outcomes.markdown.arms import arms
from expkit.outcomes.markdown.changes import changes
from expkit.outcomes.markdown.decisions import decisions
from expkit.outcomes.markdown.generalisation import generalisation
from expkit.outcomes.markdown.provenance import provenance
from expkit.outcomes.markdown.replications import replications
from expkit.outcomes.markdown.summary import head, hypotheses
from expkit.outcomes.markdown.trust import read_before_trusting
from expkit.records.evidence import Evidence
from expkit.specs.question import ResearchQuestion


def render(question: ResearchQuestion, evidence: Evidence) -> str:
    """GitHub-flavoured markdown that ends with the marker line; the same text for the same two, byte for byte.

    Everything that a person wrote is escaped: it shows its characters and builds neither markup nor mentions.
    """
    sections = (
        head(question, evidence),
        hypotheses(question, evidence),
        read_before_trusting(question, evidence),
        changes(question, evidence),
        *replications(evidence),
        arms(evidence),
        *generalisation(evidence),
        decisions(evidence),
        provenance(evidence),
        MARKER,
    )
    return "\n\n".join(sections) + "\n"
