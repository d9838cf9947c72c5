"""Errors planted in the shipped outcomes and questions: what the page about reviewing says shows them, shows them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from expkit.completion import How
from expkit.project.read import read_project
from expkit.replay import replay
from expkit.review.markdown import sections
from expkit.review.page import page
from expkit.review.review import Review, review
from tests.registration.bench import Bench
from tests.replicate.acts import Bystander
from tests.review.planted import PLANTED, Planted

if TYPE_CHECKING:
    from tests.conftest import Desk

ROOT = Path(__file__).parents[2]
GENERATED = ("evidence.json", "outcome.md", "figures")


@pytest.fixture(scope="module")
def _shipped(own_project: Desk, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """This project with a branch `shipped`, and `unanswered`, which lacks the outcome of rq01; its ledger has rq01.

    Three questions that nothing is planted in are left out, as a review reads all there are.
    """
    folder = tmp_path_factory.mktemp("planted") / "expkit"
    bench = Bench(Path(shutil.copytree(own_project.root, folder, symlinks=True)))
    bench.git("checkout", "--quiet", "-B", "unanswered")
    bench.git("rm", "-r", "--quiet", *(f"research_questions/{name}" for name in ("rq03", "rq04", "rq06")))
    bench.commit()
    bench.git("branch", "--force", "shipped")
    bench.git("rm", "-r", "--quiet", *(f"research_questions/rq01/{name}" for name in GENERATED))
    bench.commit()
    bench.git("checkout", "--quiet", "shipped")
    bench.run()
    assert bench.git("status", "--porcelain") == ""
    return bench


@pytest.fixture
def bench(_shipped: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    """The project as it is shipped, and again when a test is done with it. Runs draw no figures, to be quick."""
    monkeypatch.setattr("expkit.outcomes.figures.draw.draw", lambda evidence: {})
    state = _shipped.root / ".expkit"
    shutil.copytree(state, tmp_path / "kept", symlinks=True)
    _shipped.git("checkout", "--quiet", "--detach", "shipped")
    yield _shipped
    shutil.rmtree(state)
    shutil.move(tmp_path / "kept", state)
    _shipped.git("checkout", "--quiet", "--force", "shipped")
    _shipped.git("clean", "--quiet", "--force", "-d")


def plant(bench: Bench, case: Planted) -> None:
    """Plant an error in a commit on top of its base."""
    bench.git("checkout", "--quiet", "--detach", case.base)
    bench.git("checkout", "shipped", "--", ".")
    case.act(bench)
    bench.commit()


def is_checked(bench: Bench, case: Planted) -> bool:
    """Whether `expkit check` fails for it in these words."""
    return any(case.says in one for name in bench.questions() for one in bench.failures(name))


def replayed(bench: Bench) -> str:
    """What `expkit check rq01 --replay` finds."""
    project = read_project(bench.root)
    how = How(command=("expkit", "check"), observer=Bystander(), workers=1)
    return "\n".join(text for one in replay(project, [project.questions["rq01"]], how) for text in one.differing)


def of_check(found: Review) -> list[str]:
    """What a review has from `expkit check`, and stops a merge."""
    return [one.what for one in found.failures if one.checked]


@pytest.mark.parametrize("case", PLANTED, ids=lambda case: case.name)
def test_what_the_page_says_shows_an_error_shows_it(case: Planted, bench: Bench) -> None:
    """And nothing that is typed before it does: `check`, then `review`, then `check --replay`."""
    plant(bench, case)
    if case.shown == "check":
        assert is_checked(bench, case)
        return
    found = review(bench.root, base=case.base)
    text = page(sections(found))
    assert of_check(found) == []
    if case.shown == "review":
        assert case.says in text
        return
    assert not found.failures
    assert text.startswith(("**Answers question rq01", "**Changes nothing that is declared"))
    if case.shown == "check --replay":
        assert case.says in replayed(bench)


def test_every_planted_error_stands_on_the_page_with_what_shows_it() -> None:
    """What was planted, what shows it, and the very words; and how many of them are shown."""
    lines = (ROOT / "docs" / "reviewing.md").read_text(encoding="utf-8").splitlines()
    first = lines.index("| what was planted | shown by | in these words |") + 2
    told = []
    for line in lines[first:]:
        if not line.startswith("|"):
            break
        told.append(tuple(cell.strip().replace("`", "") for cell in line.strip("|").split("|")))
    assert told == [(case.what.replace("`", ""), case.shown, case.says) for case in PLANTED]
    shown = sum(case.shown != "nothing" for case in PLANTED)
    assert f"**{shown} of {len(PLANTED)} are shown.**" in "\n".join(lines)
    assert shown >= 9
