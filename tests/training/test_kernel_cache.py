from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from expkit.training.kernel_cache import unpack


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A kernel as an image keeps it."""
    kept = tmp_path / "kernel"
    (kept / "training_1").mkdir(parents=True)
    (kept / "training_1" / "kernel.nbi").write_bytes(b"index")
    return kept


def test_the_kernel_of_an_image_is_laid_where_numba_looks(kept: Path, tmp_path: Path) -> None:
    """With its times: numba trusts a cache only while it is as old as it says."""
    place = tmp_path / "tmp" / "numba"
    unpack({"EXPKIT_KERNEL": str(kept), "NUMBA_CACHE_DIR": str(place)})
    copy = place / "training_1" / "kernel.nbi"
    assert copy.read_bytes() == b"index"
    assert copy.stat().st_mtime == (kept / "training_1" / "kernel.nbi").stat().st_mtime


def test_outside_an_image_nothing_happens(kept: Path, tmp_path: Path) -> None:
    """Without the variables, without the folder, or where the kernel is just being made."""
    before = sorted(tmp_path.rglob("*"))
    unpack({})
    unpack({"EXPKIT_KERNEL": str(kept)})
    unpack({"NUMBA_CACHE_DIR": str(tmp_path / "numba")})
    unpack({"EXPKIT_KERNEL": str(tmp_path / "none"), "NUMBA_CACHE_DIR": str(tmp_path / "numba")})
    unpack({"EXPKIT_KERNEL": str(kept), "NUMBA_CACHE_DIR": str(kept)})
    assert sorted(tmp_path.rglob("*")) == before


def test_a_kernel_that_finds_no_room_is_no_error(kept: Path, tmp_path: Path) -> None:
    """It is compiled anew."""
    (tmp_path / "file").write_bytes(b"")
    unpack({"EXPKIT_KERNEL": str(kept), "NUMBA_CACHE_DIR": str(tmp_path / "file")})
    assert (tmp_path / "file").read_bytes() == b""


def test_compiling_fills_a_cache_that_the_next_process_uses(tmp_path: Path) -> None:
    """What the Dockerfile does: once when the image is built."""
    environment = {"NUMBA_CACHE_DIR": str(tmp_path), "NUMBA_DEBUG_CACHE": "1"}
    command = [sys.executable, "-m", "expkit.training.kernel_cache"]
    first = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    saved = [line for line in first.stdout.splitlines() if "data saved" in line]
    assert any("/kernel._advance" in line for line in saved)
    assert any("/learner_kernel._advance" in line for line in saved)
    second = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert "data loaded" in second.stdout
    assert "data saved" not in second.stdout
