from __future__ import annotations

import os
from pathlib import Path

import pytest

from expkit.containers import gather as module
from expkit.containers.gather import gather


@pytest.fixture
def outputs(tmp_path: Path) -> Path:
    """The folder that a program wrote to is `output` in this one."""
    outputs = tmp_path / "outputs"
    (outputs / "output" / "a" / "b").mkdir(parents=True)
    for name in ("top.txt", "a/middle.txt", "a/b/deep.txt", "a/b/deep.bin"):
        (outputs / "output" / name).write_text(name)
    return outputs


def kept(into: Path) -> set[str]:
    """What was gathered."""
    return {path.relative_to(into).as_posix() for path in into.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("patterns", "names"),
    [
        (["*"], {"top.txt", "a/middle.txt", "a/b/deep.txt", "a/b/deep.bin"}),
        (["*.txt"], {"top.txt", "a/middle.txt", "a/b/deep.txt"}),
        (["a/*.bin", "top.txt"], {"a/b/deep.bin", "top.txt"}),
        (["a/middle.txt"], {"a/middle.txt"}),
    ],
)
def test_files_are_kept_under_their_paths(outputs, tmp_path, patterns, names):
    """A star reaches into folders."""
    assert gather(outputs, "output", patterns, tmp_path / "into") == []
    assert kept(tmp_path / "into") == names


def test_links_are_not_followed_wherever_they_stand(outputs, tmp_path):
    """Neither to a file nor to a folder, nor where the folder itself should be."""
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "key.txt").write_text("a secret")
    (outputs / "output" / "door").symlink_to(tmp_path / "secrets")
    (outputs / "output" / "key.txt").symlink_to(tmp_path / "secrets" / "key.txt")
    (outputs / "moved").symlink_to(tmp_path / "secrets")
    amiss = gather(outputs, "output", ["*key.txt", "door*"], tmp_path / "into")
    assert "'key.txt' is a symbolic link" in amiss
    assert "'door' is a symbolic link" in amiss
    assert gather(outputs, "moved", ["*"], tmp_path / "into") == ["the output folder: its folder is a symbolic link"]
    assert not (tmp_path / "into").exists()


def test_too_much_is_left_out_and_told(outputs, tmp_path, monkeypatch):
    """Bytes, files, names, depth: each has a limit."""
    with (outputs / "output" / "huge.bin").open("wb") as sparse:
        sparse.truncate(2**40)
    amiss = gather(outputs, "output", ["huge.bin"], tmp_path / "bytes")
    assert "'huge.bin' claims 1,099,511,627,776 bytes, where at most 1,073,741,824 are taken" in amiss
    for name, most, told in [
        ("MOST_FILES", 1, "more than 1 files"),
        ("MOST_DEPTH", 1, "deeper"),
        ("MOST_ENTRIES", 2, "2 names"),
    ]:
        with monkeypatch.context() as patch:
            patch.setattr(module, name, most)
            (amiss, *_) = gather(outputs, "output", ["*.txt"], tmp_path / name)
        assert told in amiss
        assert kept(tmp_path / name) < {"top.txt", "a/middle.txt", "a/b/deep.txt"}


def test_names_that_no_record_could_hold_are_left_out(outputs, tmp_path):
    """Bytes that are no text, and what a terminal would obey."""
    for name in (b"\xff.txt", b"\x1b[31m.txt"):
        Path(os.fsdecode(bytes(outputs / "output") + b"/" + name)).write_text("x")
    amiss = gather(outputs, "output", ["*.txt"], tmp_path / "into")
    assert [told for told in amiss if told.endswith("is no name that is kept")] == amiss
    assert len(amiss) == 2


def test_everything_may_be_nothing(tmp_path):
    """A program that writes no file leaves out none that was asked for."""
    (tmp_path / "output").mkdir()
    assert gather(tmp_path, "output", ["*"], tmp_path / "into") == []


def test_patterns_without_a_file_are_told_and_few_remarks_of_many(outputs, tmp_path):
    """Nobody reads a thousand."""
    amiss = gather(outputs, "output", [f"no{n}" for n in range(99)], tmp_path / "into")
    assert amiss[0] == "nothing that is kept matches 'no0'"
    assert amiss[-1] == "and 89 more remarks"
