from __future__ import annotations

from pathlib import Path

import pytest

from expkit.checkpoint.room import make_room
from expkit.errors import ServiceAbsent
from expkit.training.kernel_cache import KERNEL_VARIABLE, NUMBA_VARIABLE


@pytest.fixture
def kernel(tmp_path: Path) -> Path:
    """A compiled kernel, as an image holds it."""
    folder = tmp_path / "kernel"
    folder.mkdir()
    (folder / "compiled").write_text("machine code")
    return folder


@pytest.fixture
def sealed(tmp_path: Path) -> Path:
    """A place nobody can write to, not even root."""
    file = tmp_path / "file"
    file.write_text("")
    return file / "folder"


def test_the_kernel_lies_where_the_image_says(kernel: Path, tmp_path: Path) -> None:
    """Where that can be written to."""
    place = tmp_path / "numba"
    environment = {KERNEL_VARIABLE: str(kernel), NUMBA_VARIABLE: str(place)}
    make_room(environment)
    assert (place / "compiled").read_text() == "machine code"


def test_a_read_only_container_has_another_place(kernel: Path, sealed: Path, tmp_path: Path) -> None:
    """The first of the others that can be written to, in a folder of this process's own."""
    environment = {KERNEL_VARIABLE: str(kernel), NUMBA_VARIABLE: str(sealed)}
    make_room(environment, [str(sealed), str(tmp_path)])
    place = Path(environment[NUMBA_VARIABLE])
    assert place.parent.parent == tmp_path
    assert place.parent.stat().st_mode & 0o077 == 0
    assert (place / "compiled").exists()


def test_nowhere_to_write_is_said_with_the_option_that_mends_it(kernel: Path, sealed: Path) -> None:
    """Instead of numba's own complaint of a locator."""
    environment = {KERNEL_VARIABLE: str(kernel), NUMBA_VARIABLE: str(sealed)}
    with pytest.raises(ServiceAbsent, match="docker run --tmpfs /tmp"):
        make_room(environment, [str(sealed)])


def test_outside_an_image_nothing_happens(sealed: Path) -> None:
    """numba finds its own place there."""
    environment = {NUMBA_VARIABLE: str(sealed)}
    make_room(environment, [])
    assert environment == {NUMBA_VARIABLE: str(sealed)}
