"""The page about registration has a row for every case, and a case for every row."""

from __future__ import annotations

from pathlib import Path

from tests.registration import (  # noqa: F401
    attacks_on_declarations,
    attacks_on_evidence,
    attacks_on_history,
    attacks_on_trees,
    draws,
    rewrites,
)
from tests.registration.bench import ATTACKS, REWRITES

ROOT = Path(__file__).parents[2]


def rows(first: str) -> list[tuple[str, ...]]:
    """The cells of all tables of the page whose first column is called so, in their order."""
    found: list[tuple[str, ...]] = []
    inside = False
    for line in (ROOT / "docs" / "registration.md").read_text(encoding="utf-8").splitlines():
        cells = tuple(cell.strip().replace("`", "") for cell in line.strip("|").split("|"))
        if not line.startswith("|"):
            inside = False
        elif cells[0] == first:
            inside = True
        elif inside and set(line) - set("|-"):
            found.append(cells)
    return found


def test_every_attack_stands_on_the_page_with_what_comes_of_it() -> None:
    """What is tried, how it ends, and the very words that expkit has for it."""
    said = sorted((what, seen, says) for what, seen, says, _ in rows("what is tried"))
    assert said == sorted((case.what.replace("`", ""), str(case.seen), case.says) for case in ATTACKS)
    assert len(said) >= 15


def test_every_rewrite_stands_on_the_page() -> None:
    """What costs nothing may be relied on."""
    said = sorted(what for (what,) in rows("what is rewritten"))
    assert said == sorted(case.what.replace("`", "") for case in REWRITES)
    assert len(said) >= 10


def test_the_readme_leads_to_the_page() -> None:
    """Whoever looks for it finds it."""
    assert "[docs/registration.md](docs/registration.md)" in (ROOT / "README.md").read_text(encoding="utf-8")
