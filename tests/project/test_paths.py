from __future__ import annotations

from pathlib import Path

from expkit.project.paths import Paths


def test_every_file_of_a_project_has_one_place() -> None:
    """The layout that the documentation shows and that git history is searched by."""
    paths = Paths(Path("/p"))
    named = [
        paths.ledger,
        paths.receipts,
        paths.schemas,
        paths.question("rq01"),
        paths.evidence("rq01"),
        paths.outcome("rq01"),
        paths.figures("rq01"),
        paths.experiment("strategies"),
    ]
    assert [paths.relative(path) for path in named] == [
        ".expkit/ledger",
        ".expkit/receipts",
        "schemas",
        "research_questions/rq01/question.yaml",
        "research_questions/rq01/evidence.json",
        "research_questions/rq01/outcome.md",
        "research_questions/rq01/figures",
        "experiments/strategies.yaml",
    ]
