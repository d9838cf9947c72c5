"""A question to be written: its file, with comments that explain the format."""

from __future__ import annotations

from collections.abc import Sequence

from expkit.project.scaffold.hypothesis import NewHypothesis
from expkit.project.scaffold.text import said, schema_line


def question_text(
    *,
    question: str,
    title: str | None,
    asked: str,
    scope: str | None,
    hypotheses: Sequence[NewHypothesis],
    schema: bool,
) -> str:
    """`research_questions/<id>/question.yaml`; `schema` says whether the project has schemas for editors."""
    experiments = list(dict.fromkeys(one.experiment for one in hypotheses))
    of = " and ".join(f"experiments/{one}.yaml" for one in experiments)
    nothing_else = f"What {of} says: its environment, its arms, its budget. Nothing beyond them."
    lines = [
        *([schema_line("question", depth=2), "#"] if schema else []),
        "# A question says what we want to know, and what we claim before we look. Commit it before its experiments",
        "# run: only then are its verdicts confirmatory.",
        "",
        f"id: {question}  # the name of this folder",
        f"title: {said(title or asked.strip().rstrip('?'))}",
        f"question: {said(asked)}",
        "# Where the answer holds, and where it does not.",
        f"scope: {said(scope or nothing_else)}",
        "",
        f"experiments: [{', '.join(experiments)}]  # files in experiments/",
        "",
        "# The hypotheses of a question share one risk of a wrong decision.",
        "family: {alpha: 0.05, correction: holm}",
        "",
        "hypotheses:",
    ]
    for number, hypothesis in enumerate(hypotheses):
        lines += [*([""] if number else []), *hypothesis.lines(2)]
    return "\n".join([*lines, ""])
