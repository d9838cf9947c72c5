from __future__ import annotations

from pathlib import Path

from expkit.containers.usage import used_bytes

MB = 1 << 20


def test_what_is_allocated_counts_and_not_what_is_claimed(tmp_path: Path) -> None:
    """A hole takes no space."""
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "full").write_bytes(b"x" * MB)
    with (tmp_path / "hole").open("wb") as hole:
        hole.truncate(1 << 40)
    assert MB <= used_bytes(tmp_path, 100 * MB) < 2 * MB


def test_no_link_is_followed(tmp_path: Path) -> None:
    """Neither out of the folder nor in a circle."""
    inside, outside = tmp_path / "in", tmp_path / "out"
    inside.mkdir()
    outside.mkdir()
    (outside / "full").write_bytes(b"x" * MB)
    (inside / "there").symlink_to(outside)
    (inside / "here").symlink_to(inside)
    assert used_bytes(inside, 100 * MB) < MB


def test_names_count_as_well(tmp_path: Path) -> None:
    """Empty files use up a file system, too; and counting ends as soon as it is too much."""
    for number in range(100):
        (tmp_path / str(number)).touch()
    assert used_bytes(tmp_path, MB) == 100 * 4096
    assert used_bytes(tmp_path, 10 * 4096) == 11 * 4096


def test_a_folder_that_is_gone_takes_nothing(tmp_path: Path) -> None:
    """Whoever fills it may remove it at any moment."""
    assert used_bytes(tmp_path / "gone", MB) == 0
