"""What `expkit reproduce` cannot do, each with its reason."""

from __future__ import annotations

import json
import platform
import shutil
from dataclasses import replace
from typing import Any

from tests.conftest import Desk
from tests.reproduction.doctored import OTHER_ARCHITECTURE, attempt_of, doctor_record, record_of

NO_ENGINE = {"DOCKER_HOST": "unix:///nowhere/docker.sock"}


class TestWhatCannotBeReproduced:
    def refused(self, desk: Desk, *arguments: str, code: int, words: list[str], **settings: str) -> None:
        said = desk.expkit("reproduce", *arguments, **settings)
        assert said.code == code, said
        for word in words:
            assert word in said.err
        assert said.out == ""

    def test_a_question_that_was_never_run(self, desk: Desk) -> None:
        """The next thing to type is in the message."""
        self.refused(desk, "rq01", code=2, words=["rq01 was never run", "expkit run rq01"])

    def test_names_of_nothing(self, answered: Desk) -> None:
        """A wrong name is refused with the right ones."""
        self.refused(answered, "rq02", code=2, words=["there is no question 'rq02'", "rq01"])
        self.refused(answered, "19991231", code=2, words=["no attempt whose id begins with '19991231'", "expkit show"])

    def test_a_failed_attempt(self, answered: Desk) -> None:
        """It recorded no result that another could equal."""
        doctor_record(
            answered, "gambler", lambda record: record.update(status="failed", result=None, error="out of memory")
        )
        self.refused(answered, attempt_of(answered, "gambler"), code=2, words=["failed", "out of memory"])

    def test_a_damaged_attempt(self, answered: Desk) -> None:
        """What is not what was recorded is nothing to compare with."""
        record_of(answered, "gambler").with_name("trials.npz").write_bytes(b"torn")
        self.refused(answered, attempt_of(answered, "gambler"), code=1, words=["is damaged", "trials.npz"])

    def test_a_run_outside_git(self, desk: Desk) -> None:
        """Without a commit there is nothing to check out."""
        git = shutil.move(desk.root / ".git", desk.root.parent / "git")
        assert desk.expkit("run", "rq01").code == 0
        shutil.move(git, desk.root / ".git")
        self.refused(desk, "rq01", code=2, words=["records no commit", "commit the declarations"])

    def test_a_shallow_clone(self, answered: Desk) -> None:
        """Its history can be fetched."""
        folder = answered.root.parent / "shallow"
        answered.git("clone", "--quiet", "--depth=1", answered.root.as_uri(), str(folder))
        self.refused(
            replace(answered, root=folder), "rq01", code=5, words=["this clone is shallow", "git fetch --unshallow"]
        )

    def test_a_commit_that_was_squashed_away(self, answered: Desk) -> None:
        """Said as such, with where it may still be."""
        answered.git("checkout", "--quiet", "--orphan", "squashed")
        answered.commit()
        folder = answered.root.parent / "squashed"
        answered.git("clone", "--quiet", "--single-branch", "--branch=squashed", answered.root.as_uri(), str(folder))
        self.refused(replace(answered, root=folder), "rq01", code=5, words=["squashed", "git fetch origin "])

    def test_another_architecture(self, answered: Desk) -> None:
        """Bytes are promised on one architecture; the hypotheses can be tested on any."""
        doctor_record(
            answered, "gambler", lambda record: record["provenance"]["machine"].update(architecture=OTHER_ARCHITECTURE)
        )
        words = [f"recorded on {OTHER_ARCHITECTURE}", f"this host runs {platform.machine()}", "expkit replicate"]
        self.refused(answered, "rq01", code=5, words=words)

    def test_another_engine_version(self, answered: Desk) -> None:
        """Only the image, or the expkit of then, computes these numbers."""
        from expkit.digests import digest

        def change(record: dict[str, Any]) -> None:
            work = record["work"]
            work["engine_version"] = 2
            work["arm_key"] = digest(
                {
                    "environment": work["environment_digest"],
                    "agent": work["arm"]["agent"],
                    "trainer": work["arm"]["trainer"],
                    "engine": 2,
                }
            )

        old = record_of(answered, "gambler").parent
        doctor_record(answered, "gambler", change)
        key = json.loads(record_of(answered, "gambler").read_text())["work"]["arm_key"]
        new = old.parent.parent / key / old.name
        new.parent.mkdir()
        old.rename(new)
        words = ["recorded with engine version 2", "--on image", "expkit replicate"]
        self.refused(answered, new.name, code=5, words=words)

    def test_no_engine_for_what_was_recorded_in_an_image(self, answered: Desk) -> None:
        """Never silently elsewhere; the option that means this host is in the message, and works."""
        image = f"sha256:{'5' * 64}"
        doctor_record(answered, "gambler", lambda record: record["provenance"]["image"].update(id=image))
        words = [f"recorded in image {image[:19]}", "no container engine answers", "--on host"]
        self.refused(answered, "rq01", code=5, words=words, **NO_ENGINE)
        said = answered.expkit("reproduce", "rq01", "--on", "host", **NO_ENGINE)
        assert said.code == 0, said
        assert f"on this host, as --on host says; it was recorded in {image[:19]}" in said.out

    def test_declarations_that_this_expkit_refuses(self, answered: Desk) -> None:
        """An earlier commit may be written in an earlier language."""
        answered.edit(answered.experiment, "seeds:", "luck: 3\nseeds:")
        answered.commit()
        other = answered.git("rev-parse", "HEAD")
        answered.git("revert", "--no-edit", "HEAD")
        doctor_record(answered, "gambler", lambda record: record["provenance"]["git"].update(commit=other))
        self.refused(answered, "rq01", code=1, words=[f"at commit {other[:12]} are refused", "luck"])

    def test_contradicting_options(self, answered: Desk) -> None:
        """One of them would have to be ignored."""
        self.refused(answered, "rq01", "--on", "host", "--image", "x:1", code=2, words=["leave one of them out"])
