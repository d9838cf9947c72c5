from __future__ import annotations

import pytest

from expkit.cli.console import log, results, table


def test_nothing_that_somebody_wrote_becomes_an_emoji(capsys: pytest.CaptureFixture[str]) -> None:
    """A place in a file stays one, in a line as in a table, and so does a title."""
    place, title = "outcome.md:100:70", "A note :smile:"
    shown = table(":smile:", "")
    shown.add_row(place, title)
    results().print(shown)
    log().print(f"[bold]failure[/] {place}: {title}")
    printed = capsys.readouterr()
    assert [*map(str.split, printed.out.splitlines())] == [[":smile:"], [place, *title.split()]]
    assert printed.err == f"failure {place}: {title}\n"
