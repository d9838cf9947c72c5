"""A room to run Python in, confined, on the real engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from expkit.containers.confined import Exit, confined
from expkit.containers.engine import Engine
from expkit.containers.image import Inspected, resolve
from expkit.specs.settings import Limits


@pytest.fixture
def image(engine: Engine, worker_image: str) -> Inspected:
    """An image with a Python in it."""
    return resolve(engine, worker_image)


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Inputs and outputs; their path holds what a shorter way of mounting would trip over."""
    inputs, outputs = tmp_path / "a project: mine" / "in", tmp_path / "a project: mine" / "out"
    inputs.mkdir(parents=True)
    outputs.mkdir()
    outputs.chmod(0o777)
    (inputs / "work.json").write_text("42")
    return inputs, outputs


class Room:
    """Runs Python in a confined container."""

    def __init__(self, engine: Engine, image: Inspected, folders: tuple[Path, Path]) -> None:
        self.engine = engine
        self.image = image
        self.inputs, self.outputs = folders

    def confined(self, code: str, *, environment: dict[str, str] | None = None, **limits: Any) -> Any:
        return confined(
            self.engine,
            self.image,
            ["python", "-u", "-c", code],
            inputs=self.inputs,
            outputs=self.outputs,
            limits=Limits(**limits),
            environment=environment or {},
            project=str(self.outputs),
        )

    def run(self, code: str, stopping: Callable[[], bool] = lambda: False, **settings: Any) -> tuple[list[str], Exit]:
        """What it prints, and how it ended."""
        with self.confined(code, **settings) as container:
            return list(container.lines(stopping)), container.exit()

    @property
    def left(self) -> list[Any]:
        """Containers that were not removed, running or not."""
        return list(self.engine.client.containers.list(all=True, filters={"label": f"expkit.project={self.outputs}"}))


@pytest.fixture
def room(engine: Engine, image: Inspected, folders: tuple[Path, Path]) -> Iterator[Room]:
    """A room that has to be left as it was found."""
    room = Room(engine, image, folders)
    yield room
    assert room.left == []
