"""Two projects that cases begin with copies of: one whose question is declared, one whose question is answered."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.registration.bench import Bench, Start

if TYPE_CHECKING:
    from tests.conftest import Desk


def _settle(patch: pytest.MonkeyPatch) -> None:
    """No figure is drawn, as one takes a second and says nothing of who asked first; git has no settings but ours."""
    patch.setattr("expkit.outcomes.figures.draw.draw", lambda evidence: {})
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        patch.delenv(name)
    patch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    patch.setenv("GIT_CONFIG_NOSYSTEM", "1")


@pytest.fixture(autouse=True)
def _settled(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    _settle(monkeypatch)
    kept = {*os.environ}
    yield
    for name in {*os.environ} - kept:  # what an attack has set
        del os.environ[name]


@pytest.fixture(scope="session")
def _benches(desk_of: Callable[[Path], Desk], tmp_path_factory: pytest.TempPathFactory) -> dict[Start, Bench]:
    declared = Bench(desk_of(tmp_path_factory.mktemp("declared") / "project").root)
    answered = declared.move(tmp_path_factory.mktemp("answered"))
    with pytest.MonkeyPatch.context() as patch:
        _settle(patch)
        answered.run()
    answered.commit()
    return {"declared": declared, "answered": answered}


@pytest.fixture
def bench_at(_benches: dict[Start, Bench], tmp_path: Path) -> Callable[[Start], Bench]:
    """Copies one of the two projects."""
    return lambda start: _benches[start].move(tmp_path)
