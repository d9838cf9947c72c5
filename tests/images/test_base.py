from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from expkit.containers.engine import Engine
from expkit.containers.image import Inspected, resolve
from expkit.errors import InvalidUsage
from expkit.images.base import base_of, interpreter_of

PYTHON = "/usr/local/bin/python3"
"""What is found before the base's own."""


@pytest.fixture
def derived(engine: Engine, base: str) -> Iterator[Callable[[str], Inspected]]:
    """A maker of base images, from the lines of a Dockerfile below FROM."""
    made = []

    def make(lines: str) -> Inspected:
        dockerfile = io.BytesIO(f"FROM {base}\n{lines}\n".encode())
        answer = list(engine.client.api.build(fileobj=dockerfile, network_mode="none", decode=True, rm=True))
        ids = [line["aux"]["ID"] for line in answer if "aux" in line]
        assert ids, answer
        made.append(ids[-1])
        return resolve(engine, ids[-1])

    yield make
    for id in made:
        engine.client.api.remove_image(id, force=True)


class TestTheBase:
    def test_is_named_by_option_then_environment_then_settings(self, tmp_path: Path) -> None:
        """Without any it is Python's own slim image."""
        assert base_of(tmp_path, None, {}) == "python:3.11-slim"
        (tmp_path / "pyproject.toml").write_text('[tool.expkit.image]\nbase = "team/python"\n')
        assert base_of(tmp_path, None, {}) == "team/python"
        environment = {"EXPKIT_BASE_IMAGE": "mine"}
        assert base_of(tmp_path, None, environment) == "mine"
        assert base_of(tmp_path, "other", environment) == "other"

    def test_tells_of_the_python_in_it(self, engine: Engine, base: str, tmp_path: Path) -> None:
        """Asked in a container, as nothing outside of it knows."""
        found = interpreter_of(engine, resolve(engine, base), known=tmp_path)
        command = "import platform; print(platform.python_version(), platform.machine())"
        said = engine.client.containers.run(
            base, entrypoint=["python3", "-c", command], network_mode="none", remove=True
        ).decode()
        assert said.split() == [found.python, found.machine]
        assert found.implementation == "cpython"
        assert (found.libc or "").startswith("glibc 2.")

    def test_is_asked_once(self, engine: Engine, base: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The answer is kept by the image's id, and a torn one is not believed."""
        image = resolve(engine, base)
        first = interpreter_of(engine, image, known=tmp_path)
        (kept,) = tmp_path.iterdir()
        with monkeypatch.context() as patch:
            patch.setattr(engine.client.api, "create_container_from_config", None)
            assert interpreter_of(engine, image, known=tmp_path) == first
        kept.write_text("{")
        assert interpreter_of(engine, image, known=tmp_path) == first

    def test_leaves_no_container_behind(
        self, engine: Engine, derived: Callable[[str], Inspected], tmp_path: Path
    ) -> None:
        """Neither when it answers nor when it does not."""
        silent = derived("RUN ln -sf /bin/false /usr/local/bin/python3")
        with pytest.raises(InvalidUsage):
            interpreter_of(engine, silent, known=tmp_path)
        assert engine.client.api.containers(all=True, filters={"ancestor": silent.id}) == []

    @pytest.mark.parametrize(
        ("lines", "why"),
        [
            ("ENV PATH=/nowhere", "python3"),
            (f"RUN printf '#!/bin/sh\\necho broken >&2; exit 3' > {PYTHON} && chmod 755 {PYTHON}", "broken"),
            (f"RUN printf '#!/bin/sh\\necho hello' > {PYTHON} && chmod 755 {PYTHON}", "exit code 0"),
        ],
        ids=["none", "one that fails", "something else"],
    )
    def test_without_a_python_is_refused(
        self, engine: Engine, derived: Callable[[str], Inspected], tmp_path: Path, lines: str, why: str
    ) -> None:
        """Exit 2, before anything is downloaded or built."""
        with pytest.raises(InvalidUsage, match="no Python to ask") as invalid:
            interpreter_of(engine, derived(lines), known=tmp_path)
        assert why in (invalid.value.why or "")
        assert list(tmp_path.iterdir()) == []
