"""The image of this very project, as its Dockerfile makes it."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from expkit.containers.engine import Engine
from expkit.containers.image import resolve
from expkit.images.project_image import build_project

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Desk

MOST_MEGABYTES = 450
"""What the packages and expkit add to the base; they were 381 when this was written."""


def run(engine: Engine, image: str, program: str, **environment: str) -> str:
    """What a Python program says in an image, confined as a worker is."""
    said: bytes = engine.client.containers.run(
        image,
        entrypoint=["python", "-c", program],
        command=[],
        environment=environment,
        network_mode="none",
        read_only=True,
        tmpfs={"/tmp": ""},
        cap_drop=["ALL"],
        remove=True,
        stderr=True,
    )
    return said.decode()


def test_it_holds_what_a_worker_needs_and_nothing_else(engine: Engine, worker_image: str) -> None:
    """No tracker, no git, no engine, no pip; and not as root."""
    program = (
        "import json, os, importlib.metadata as m; "
        "print(json.dumps([os.getuid(), sorted(d.metadata['Name'].lower() for d in m.distributions())]))"
    )
    user, packages = json.loads(run(engine, worker_image, program))
    assert user == 65534
    assert {"expkit", "numpy", "numba", "scipy", "pydantic"} <= set(packages)
    assert not {"mlflow", "gitpython", "docker", "pip", "setuptools"} & set(packages)


def test_it_starts_with_a_compiled_kernel(engine: Engine, worker_image: str) -> None:
    """Compiling takes seconds, and a container that may write nowhere would pay for it each time."""
    program = (
        "from expkit.training.kernel_cache import unpack; unpack(); "
        "from expkit.training.kernel_cache import compile_kernel; compile_kernel()"
    )
    said = run(engine, worker_image, program, NUMBA_DEBUG_CACHE="1")
    assert "data loaded" in said
    assert "data saved" not in said


def test_its_packages_work_without_their_own_tests(engine: Engine, worker_image: str) -> None:
    """Those are left out for their size."""
    program = (
        "import numpy.testing, scipy.stats, scipy.optimize, scipy.special, numba, pydantic; "
        "from expkit.statistics import student, binary, ratio, power; print('sound')"
    )
    assert run(engine, worker_image, program).strip() == "sound"


def test_it_stays_small(engine: Engine, worker_image: str) -> None:
    """Packages once, and only what runs."""
    added = resolve(engine, worker_image).bytes - resolve(engine, _base(engine, worker_image)).bytes
    assert added < MOST_MEGABYTES * 1e6


def _base(engine: Engine, image: str) -> str:
    """The image below all steps of a build: the last one in its history that is a whole image here."""
    history = engine.client.api.history(image)
    return next(layer["Id"] for layer in reversed(history) if layer["Id"] != "<missing>")


@pytest.mark.usefixtures("worker_image")
class TestAChange:
    @pytest.fixture
    def copy(self, own_project: Desk, tmp_path: Path) -> Desk:
        """A clone to change, with the packages that were gathered already."""
        own_project.git("clone", "--quiet", str(own_project.root), str(tmp_path / "copy"))
        shutil.copytree(own_project.root / ".expkit" / "wheels", tmp_path / "copy" / ".expkit" / "wheels")
        copy = replace(own_project, root=tmp_path / "copy")
        copy.git("checkout", "--quiet", "--detach")  # no branch's name moves away from what others build
        return copy

    @pytest.mark.parametrize("file", ["experiments/strategies.yaml", "README.md", "docs/architecture.md"])
    def test_of_words_does_not_compile_the_kernel_anew(self, copy: Desk, engine: Engine, base: str, file: str) -> None:
        """What runs comes from the engine's cache; a changed experiment is copied, and only the labels are new."""
        with (copy.root / file).open("a") as edited:
            edited.write("# a comment\n")
        copy.commit()
        said: list[str] = []
        image = build_project(copy.root, engine, base=base, on_line=said.append)
        engine.client.api.remove_image(image.reference)
        steps = [(line, said[at + 1]) for at, line in enumerate(said) if line.startswith("Step ")]
        runs = [after for line, after in steps if " : RUN " in line]
        assert len(runs) == 2
        assert set(runs) == {" ---> Using cache"}
