from __future__ import annotations

import io
import os
import shutil
import tarfile
from typing import TYPE_CHECKING

import pytest

from expkit.errors import InvalidUsage
from expkit.images.context import pack, tracked

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from tests.conftest import Desk

DECLARED = {"research_questions/rq01/question.yaml", "experiments/strategies.yaml", "pyproject.toml", ".gitignore"}
NOON = 1_767_268_800


def present(desk: Desk) -> set[str]:
    """The tracked files of a project that are there."""
    return set(tracked(desk.root, desk.git("rev-parse", "HEAD")).present)


def packed(root: Path, paths: Iterable[str]) -> bytes:
    """A context of some files."""
    content = io.BytesIO()
    pack(content, root, paths, beside={}, when=NOON)
    return content.getvalue()


def entries(content: bytes) -> dict[str, tarfile.TarInfo]:
    """What a context holds, by name, in its order."""
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        return {entry.name: entry for entry in archive.getmembers()}


class TestTrackedFiles:
    def test_are_what_git_tracks(self, desk: Desk) -> None:
        """Neither what is ignored nor what nobody added."""
        (desk.root / "notes.txt").write_text("mine")
        (desk.root / "mlflow.db").write_text("state")
        assert present(desk) == DECLARED
        desk.git("add", "notes.txt")
        assert present(desk) == {*DECLARED, "notes.txt"}

    def test_are_never_what_expkit_generated(self, desk: Desk) -> None:
        """Outcomes are committed, and a new one must not make another image of the same declarations."""
        figure = desk.outcome.parent / "figures" / "curve.svg"
        figure.parent.mkdir()
        for file in (desk.outcome, desk.evidence, figure):
            file.write_text("generated")
        desk.commit()
        assert "research_questions/rq01/outcome.md" in desk.git("ls-files")
        assert present(desk) == DECLARED

    def test_are_those_of_the_projects_folder_in_its_repository(self, desk: Desk) -> None:
        """Paths are relative to the project."""
        inner = desk.root / "inner"
        (inner / "experiments").mkdir(parents=True)
        shutil.copy(desk.experiment, inner / "experiments")
        desk.commit()
        assert tracked(inner, desk.git("rev-parse", "HEAD")).present == ("experiments/strategies.yaml",)

    def test_that_were_deleted_are_absent(self, desk: Desk) -> None:
        """The work tree counts, as it does for a run."""
        (desk.root / ".gitignore").unlink()
        found = tracked(desk.root, desk.git("rev-parse", "HEAD"))
        assert set(found.present) == DECLARED - {".gitignore"}
        assert found.absent == (".gitignore",)

    def test_below_a_symbolic_link_are_somebody_elses(self, desk: Desk, tmp_path: Path) -> None:
        """A tracked folder that was replaced by a link to another place is not followed there."""
        elsewhere = tmp_path / "elsewhere"
        desk.experiment.parent.rename(elsewhere)
        desk.experiment.parent.symlink_to(elsewhere)
        assert desk.experiment.is_file()
        assert "experiments/strategies.yaml" not in present(desk)

    def test_that_became_a_pipe_or_a_folder_are_absent(self, desk: Desk) -> None:
        """Nothing waits for a writer."""
        desk.experiment.unlink()
        os.mkfifo(desk.experiment)
        desk.question.unlink()
        desk.question.mkdir()
        assert present(desk) == {"pyproject.toml", ".gitignore"}

    def test_of_a_submodule_are_left_out_by_name(self, desk: Desk) -> None:
        """They are another repository's."""
        commit = desk.git("rev-parse", "HEAD")
        desk.git("update-index", "--add", "--cacheinfo", f"160000,{commit},library")
        found = tracked(desk.root, commit)
        assert found.submodules == ("library",)
        assert set(found.present) == DECLARED

    def test_come_in_one_order_whatever_they_are_called(self, desk: Desk) -> None:
        """By bytes, not by this machine's language; also names that are no UTF-8."""
        for name in ("b", "B", "ä", "a b", os.fsdecode(b"\xff")):
            (desk.root / name).write_text("x")
        desk.git("add", "--all")
        found = tracked(desk.root, desk.git("rev-parse", "HEAD")).present
        assert list(found) == sorted(found, key=os.fsencode)
        assert {os.fsdecode(b"\xff"), "ä"} <= set(found)

    def test_need_git(self, tmp_path: Path) -> None:
        """Without it nothing says which files are the project's."""
        with pytest.raises(InvalidUsage, match="which files it tracks"):
            tracked(tmp_path, "0" * 40)


class TestAContext:
    def test_depends_on_the_files_alone(self, desk: Desk) -> None:
        """Two clones give the same bytes, whoever made them, when, and with which permissions."""
        script = desk.root / "run.sh"
        script.write_text("true")
        script.chmod(0o755)
        desk.commit()
        clone = desk.clone()
        paths = sorted(present(desk))
        for file in clone.root.rglob("*.*"):
            if file.is_file() and ".git" not in file.parts:
                file.chmod(file.stat().st_mode & ~0o077)
                os.utime(file, (1, 1))
        first = packed(desk.root, paths)
        assert first == packed(clone.root, reversed(paths))
        (clone.root / "run.sh").chmod(0o644)
        assert first != packed(clone.root, paths)

    def test_keeps_of_a_file_its_bytes_and_whether_it_may_run(self, tmp_path: Path) -> None:
        """Everything belongs to root; the time is the commit's."""
        (tmp_path / "folder").mkdir()
        (tmp_path / "folder" / "plain").write_bytes(b"12345")
        (tmp_path / "script").write_bytes(b"")
        (tmp_path / "script").chmod(0o700)
        found = entries(packed(tmp_path, ["script", "folder/plain"]))
        assert {name: oct(entry.mode) for name, entry in found.items()} == {
            "folder": "0o755",
            "folder/plain": "0o644",
            "script": "0o755",
        }
        assert found["folder/plain"].size == 5
        assert {(entry.uid, entry.gid, entry.mtime) for entry in found.values()} == {(0, 0, NOON)}

    def test_keeps_symbolic_links_as_links(self, tmp_path: Path) -> None:
        """Where they point to is for the image to see; nothing is read through them."""
        (tmp_path / "link").symlink_to("./../secret")
        (tmp_path.parent / "secret").write_text("of the host")
        content = packed(tmp_path, ["link"])
        assert entries(content)["link"].issym()
        assert entries(content)["link"].linkname == "./../secret"
        assert b"of the host" not in content

    def test_takes_further_files_under_the_name_they_are_given(self, tmp_path: Path) -> None:
        """Such as packages, which git does not track."""
        wheel = tmp_path / "cache" / "wheel"
        wheel.parent.mkdir()
        wheel.write_bytes(b"w")
        content = io.BytesIO()
        pack(content, tmp_path / "project", [], beside={".wheels/wheel": wheel}, when=NOON)
        assert list(entries(content.getvalue())) == [".wheels", ".wheels/wheel"]

    def test_with_names_that_are_long_or_no_utf8_is_read_back(self, tmp_path: Path) -> None:
        """git allows both."""
        names = ["n" * 200, os.fsdecode(b"\xff\xfe"), "ä"]
        for name in names:
            (tmp_path / name).write_text("x")
        assert set(entries(packed(tmp_path, names))) == set(names)
