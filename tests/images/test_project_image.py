from __future__ import annotations

import hashlib
import os
import re
import shutil
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from expkit.containers.image import look
from expkit.errors import InvalidUsage, ServiceAbsent
from expkit.images.names import project_reference
from expkit.images.project_image import build_project, labels, left_out
from expkit.images.shelf import images_of
from expkit.images.wheels import PINS
from expkit.provenance.git import read_git

if TYPE_CHECKING:
    from tests.images.conftest import Workshop

PREFIX = "org.opencontainers.image."
WITH_PACKAGES = """\
ARG BASE_IMAGE
FROM ${BASE_IMAGE}
COPY .wheels /wheels
"""


class TestWhatGoesIn:
    def test_is_what_git_tracks(self, workshop: Workshop) -> None:
        """With its executable bits and links; owned by root, dated as the commit."""
        workshop.write("run.sh", "true").chmod(0o755)
        (workshop.root / "link").symlink_to("run.sh")
        workshop.desk.commit()
        for state in ("mlflow.db", ".expkit/ledger/x", "notes.txt"):
            workshop.write(state, "not for others")
        found = workshop.files(workshop.build())
        assert {name for name, entry in found.items() if not entry.isdir()} == {
            *("Dockerfile", "pyproject.toml", ".gitignore", "run.sh", "link"),
            *("research_questions/rq01/question.yaml", "experiments/strategies.yaml"),
        }
        assert found["run.sh"].mode & 0o777 == 0o755
        assert found["pyproject.toml"].mode & 0o777 == 0o644
        assert found["link"].issym()
        assert {(entry.uid, entry.gid) for entry in found.values()} == {(0, 0)}
        committed = int(workshop.desk.git("log", "-1", "--format=%ct"))
        assert {entry.mtime for entry in found.values() if entry.isfile()} == {committed}

    def test_is_told_apart_from_what_is_left_out(self, workshop: Workshop) -> None:
        """Nobody wonders later why a file is missing; ignored ones are meant to be."""
        assert left_out(workshop.root) == ()
        workshop.write("notes.txt", "mine")
        workshop.write("mlflow.db", "state")
        assert left_out(workshop.root) == ("notes.txt",)

    def test_is_the_projects_folder_in_a_larger_repository(self, workshop: Workshop) -> None:
        """Its Dockerfile, its files; the commit is the repository's."""
        inner = workshop.in_folder("inner")
        inner.write("experiments/only.yaml", "here")
        inner.write("Dockerfile", (workshop.root / "Dockerfile").read_text())
        inner.write("pyproject.toml", f'[tool.expkit]\nproject = "{workshop.name}"\n')
        workshop.desk.commit()
        workshop.write("outside.txt", "untracked")
        inner.write("inside.txt", "untracked")
        image = inner.build()
        names = {name for name, entry in inner.files(image).items() if not entry.isdir()}
        assert names == {"experiments/only.yaml", "Dockerfile", "pyproject.toml"}
        assert image.labels[f"{PREFIX}revision"] == workshop.desk.git("rev-parse", "HEAD")
        assert left_out(inner.root) == ("inside.txt",)


class TestTheSameCommit:
    def test_is_the_same_image(self, workshop: Workshop) -> None:
        """Built once; afterwards every step comes from the engine's cache."""
        first = workshop.build()
        assert not all(workshop.cached()[2:])
        second = workshop.build()
        assert second == first
        assert all(workshop.cached()[2:])

    def test_is_the_same_image_in_a_fresh_clone(self, workshop: Workshop) -> None:
        """Whatever the folder, the permissions, and what lies beside the tracked files."""
        first = workshop.build()
        clone = workshop.clone()
        for file in (clone.root / "experiments").iterdir():
            file.chmod(0o600)
            os.utime(file, (1, 1))
        second = clone.build()
        assert all(clone.cached()[2:])
        assert second.id == first.id

    def test_leaves_the_work_tree_clean(self, workshop: Workshop, base: str) -> None:
        """Also where packages were gathered."""
        workshop.base = base
        _with_packages(workshop)
        workshop.build()
        assert (workshop.root / ".expkit" / "wheels").is_dir()
        assert workshop.desk.git("status", "--porcelain") == ""

    def test_on_another_base_is_another_image(self, workshop: Workshop, base: str) -> None:
        """The base is part of what runs."""
        assert workshop.build(base=base).id != workshop.build().id

    def test_with_new_outcomes_has_the_same_layers(self, workshop: Workshop) -> None:
        """Only the labels tell the new commit."""
        first = workshop.build()
        workshop.desk.outcome.write_text("generated")
        workshop.desk.commit()
        second = workshop.build()
        assert second.labels[f"{PREFIX}revision"] != first.labels[f"{PREFIX}revision"]
        layers = [workshop.engine.client.api.inspect_image(image.id)["RootFS"]["Layers"] for image in (first, second)]
        assert layers[0] == layers[1]


class TestNamesAndLabels:
    def test_tell_the_commit_and_the_branch(self, workshop: Workshop) -> None:
        """In the words of the OCI."""
        workshop.desk.git("remote", "add", "origin", "https://user:secret@example.org/team/project.git?token=secret")
        image = workshop.build()
        assert image.reference == project_reference(workshop.root)
        assert set(image.tags) == {image.reference, f"{workshop.name}:main"}
        commit, moment = workshop.desk.git("log", "-1", "--format=%H %cI").split()
        assert image.labels == {
            f"{PREFIX}revision": commit,
            f"{PREFIX}created": image.labels[f"{PREFIX}created"],
            f"{PREFIX}source": "https://example.org/team/project.git",
            f"{PREFIX}title": workshop.name,
            f"{PREFIX}version": "0.1.0",
        }
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", image.labels[f"{PREFIX}created"])
        assert datetime.fromisoformat(image.labels[f"{PREFIX}created"]) == datetime.fromisoformat(moment)
        assert image.record.revision == commit
        assert image.platform == workshop.engine.platform

    @pytest.mark.parametrize(
        ("remote", "source"),
        [
            (None, None),
            ("/srv/git/project.git", None),
            ("file:///srv/git/project.git", None),
            ("git@example.org:team/project.git", "example.org:team/project.git"),
            ("ssh://git@example.org/project.git", "ssh://example.org/project.git"),
        ],
    )
    def test_name_a_source_that_others_can_reach(
        self, workshop: Workshop, remote: str | None, source: str | None
    ) -> None:
        """A folder of this machine is none, and would make the image of every clone another one."""
        if remote:
            workshop.desk.git("remote", "add", "origin", remote)
        git, _ = read_git(workshop.root)
        assert labels("trial", git, 0).get(f"{PREFIX}source") == source

    def test_of_a_dirty_tree_say_so(self, workshop: Workshop) -> None:
        """By the patch's digest; the branch stays with the last clean image."""
        clean = workshop.build()
        workshop.desk.edit(workshop.desk.experiment, "count: 6", "count: 7")
        dirty = workshop.build()
        git, _ = read_git(workshop.root)
        assert git.patch is not None
        assert dirty.labels["expkit.patch"] == git.patch.sha256
        assert "expkit.patch" not in clean.labels
        assert dirty.tags == (f"{clean.reference}-dirty-{git.patch.sha256[:8]}",)
        assert (dirty.record.revision or "").endswith("-dirty")
        branch = look(workshop.engine, f"{workshop.name}:main")
        assert branch is not None
        assert branch.id == clean.id

    def test_follow_the_branch_to_the_next_commit(self, workshop: Workshop) -> None:
        """And the images of a project are found again, the newest first."""
        first = workshop.build()
        workshop.desk.commit()
        second = workshop.build()
        found = images_of(workshop.engine, workshop.name)
        assert [image.id for image in found] == [second.id, first.id]
        assert [image.tags for image in found][1] == (first.reference,)
        assert f"{workshop.name}:main" in found[0].tags


def _with_packages(workshop: Workshop) -> None:
    """Let a project need one small package, and the image take it."""
    root = Path(__file__).resolve().parents[2]
    pin = re.search(r"^flit-core==.*?(?=^\S)", (root / PINS).read_text(), re.MULTILINE | re.DOTALL)
    assert pin is not None
    workshop.write(PINS, pin[0])
    workshop.write("Dockerfile", WITH_PACKAGES)
    workshop.desk.commit()


class TestPackages:
    @pytest.fixture
    def packaged(self, workshop: Workshop, base: str) -> Workshop:
        """A project that needs one."""
        workshop.base = base
        _with_packages(workshop)
        return workshop

    def test_are_in_the_context_and_fit_the_base(self, packaged: Workshop) -> None:
        """As wheels, each with the hash that was pinned."""
        image = packaged.build()
        wheels = [name for name in packaged.files(image, "/wheels") if name.endswith(".whl")]
        assert len(wheels) == 1
        (kept,) = (packaged.root / ".expkit" / "wheels").glob("*/*.whl")
        assert wheels == [kept.name]
        assert hashlib.sha256(kept.read_bytes()).hexdigest() in (packaged.root / PINS).read_text()

    def test_are_not_sought_again(self, packaged: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
        """A second build needs no package index, and no container to ask the base."""
        first = packaged.build()
        monkeypatch.setattr(sys, "executable", "/nowhere/python")
        assert packaged.build().id == first.id

    def test_that_cannot_be_had_stop_the_build(self, packaged: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
        """Before the engine is asked for anything."""
        monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
        monkeypatch.setenv("PIP_NO_INDEX", "1")
        monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
        with pytest.raises(ServiceAbsent, match="cannot be downloaded"):
            packaged.build()
        assert packaged.cached() == []


class TestAProjectThatCannotBeBuilt:
    def test_has_no_dockerfile(self, workshop: Workshop) -> None:
        """Exit 2, and how one begins."""
        (workshop.root / "Dockerfile").unlink()
        with pytest.raises(InvalidUsage, match="has no Dockerfile") as invalid:
            workshop.build()
        assert "ARG BASE_IMAGE" in (invalid.value.mend or "")

    def test_has_one_that_git_does_not_track(self, workshop: Workshop) -> None:
        """It would not be in the commit that the image is named by."""
        workshop.desk.git("rm", "--quiet", "--cached", "Dockerfile")
        with pytest.raises(InvalidUsage, match="does not track") as invalid:
            workshop.build()
        assert invalid.value.mend == "git add Dockerfile"

    def test_has_one_that_takes_no_base(self, workshop: Workshop) -> None:
        """`--base` would be accepted and ignored."""
        workshop.write("Dockerfile", "FROM scratch\n# ARG BASE_IMAGE\n")
        with pytest.raises(InvalidUsage, match="does not take the base image"):
            workshop.build()

    def test_has_no_commit(self, workshop: Workshop) -> None:
        """Nor does it without git."""
        shutil.rmtree(workshop.root / ".git")
        with pytest.raises(InvalidUsage, match="no git repository"):
            workshop.build()

    def test_has_no_base(self, workshop: Workshop) -> None:
        """Exit 5, and every way to name another."""
        with pytest.raises(ServiceAbsent, match="the base image is not to be had") as absent:
            workshop.build(base="localhost:1/nothing:here")
        for way in ("--base", "EXPKIT_BASE_IMAGE", "pyproject.toml"):
            assert way in (absent.value.mend or "")

    def test_is_not_wholly_checked_out(self, workshop: Workshop) -> None:
        """An image without some of the commit's files is not the commit's."""
        workshop.desk.git("sparse-checkout", "set", "--no-cone", "/*", "!/experiments/")
        assert not workshop.desk.experiment.exists()
        with pytest.raises(InvalidUsage, match="not checked out") as invalid:
            workshop.build()
        assert invalid.value.why == "experiments/strategies.yaml"

    def test_changes_while_it_is_packed(self, workshop: Workshop) -> None:
        """The name would be of the files before, the image of those after."""

        def edit(step: str) -> None:
            if step.startswith("packing"):
                workshop.desk.edit(workshop.desk.experiment, "count: 6", "count: 7")

        with pytest.raises(InvalidUsage, match="changed while they were packed"):
            workshop.build(on_step=edit)
        assert images_of(workshop.engine, workshop.name) == ()

    def test_has_a_file_that_cannot_be_read(self, workshop: Workshop) -> None:
        """Such as one that is gone when it is its turn."""

        def remove(step: str) -> None:
            if step.startswith("packing"):
                workshop.desk.experiment.unlink()

        with pytest.raises(InvalidUsage, match="cannot be packed") as invalid:
            workshop.build(on_step=remove)
        assert invalid.value.where == str(workshop.desk.experiment)


def test_a_silent_build_needs_no_listener(workshop: Workshop) -> None:
    """Who builds from Python need not hear every line."""
    assert build_project(workshop.root, workshop.engine, base=workshop.base).reference.startswith(workshop.name)
