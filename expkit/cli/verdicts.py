"""Verdicts on a terminal: for each hypothesis what was found, in a sentence, and how it stands."""

from __future__ import annotations

from rich.markup import escape
from rich.table import Table

from expkit.cli.console import styled_verdict, table
from expkit.outcomes.sentences import finding
from expkit.records.evidence import Evidence, HypothesisEvidence


def verdict_table(evidence: Evidence) -> Table:
    """Every hypothesis with its verdict, the finding as the outcome words it, and its registration."""
    made = table("", "", "", header=False)
    for hypothesis in evidence.hypotheses:
        found = escape(finding(evidence, hypothesis))
        made.add_row(
            f"[bold]{hypothesis.id}[/]",
            styled_verdict(hypothesis.verdict),
            f"{found} [dim]({standing(hypothesis)})[/]",
        )
    return made


def standing(hypothesis: HypothesisEvidence) -> str:
    """How a hypothesis stands, in two words: `confirmatory, self-registered`, or `exploratory`."""
    return f"{hypothesis.standing}, {hypothesis.grade}" if hypothesis.grade else hypothesis.standing
