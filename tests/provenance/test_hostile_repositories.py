from __future__ import annotations

import os
import subprocess

import pytest

from expkit.provenance.git import read_git
from expkit.provenance.history import History


class TestHostileRepositories:
    """A repository's configuration can name programs. None of them is started."""

    @pytest.fixture
    def trap(self, tmp_path):
        """A program that leaves a mark, and the mark."""
        mark = tmp_path / "executed"
        program = tmp_path / "trap"
        program.write_text(f"#!/bin/sh\necho \"$@\" >> '{mark}'\n")
        program.chmod(0o755)
        return program, mark

    def everything(self, project) -> None:
        """Every look at the repository there is."""
        read_git(project.root)
        history = History(project.root)
        head = history.head
        history.tree(head, ["", "research_questions"])
        history.versions("a.txt")
        history.pushed(head)
        history.tag("expkit/rq01", "registered\n")
        history.tags()

    def sign(self, project) -> None:
        """Give HEAD a signature, which showing a commit can make git verify."""
        signature = "gpgsig -----BEGIN PGP SIGNATURE-----\n \n x\n -----END PGP SIGNATURE-----\n\n"
        signed = project.git("cat-file", "commit", "HEAD").replace("\n\n", f"\n{signature}", 1)
        name = project.git("hash-object", "-t", "commit", "-w", "--stdin", stdin=signed + "\n")
        project.git("update-ref", "HEAD", name)

    def test_the_trap_works(self, project, trap):
        """Plain git does start a clean filter; otherwise the tests below would show nothing."""
        program, mark = trap
        project.write(".gitattributes", "*.txt filter=evil\n")
        project.git("config", "filter.evil.clean", str(program))
        project.write("a.txt", "two\none\n")
        project.git("status")

        assert mark.exists()

    @pytest.mark.parametrize("driver", ["evil", "e=vil.clean"])
    @pytest.mark.parametrize("key", ["clean", "process", "smudge"])
    def test_no_filter_is_executed(self, project, trap, key, driver):
        """Also a filter that is required, and one whose name cannot be written on a command line."""
        program, mark = trap
        project.git("update-index", "--assume-unchanged", "b.txt")
        project.git("config", f"filter.{driver}.{key}", str(program))
        project.git("config", f"filter.{driver}.required", "true")
        (project.root / ".git" / "info" / "attributes").write_text(f"* filter={driver}\n")
        project.write("a.txt", "two\none\n")
        project.write("new.txt", "new\n")
        project.write("b.txt", "3\n")

        git, patch = read_git(project.root)
        self.everything(project)

        assert git.modified == ("a.txt", "b.txt")
        assert b"+new" in (patch or b"")
        assert not mark.exists()

    def test_an_untouched_file_under_a_filter_is_clean(self, project):
        """Files of Git LFS and the like hold other bytes than their blobs; stat data tell that they are untouched."""
        project.write(".gitattributes", "*.big filter=upper\n")
        project.git("config", "filter.upper.clean", "tr a-z A-Z")
        file = project.write("x.big", "lower\n")
        os.utime(file, (1_000_000, 1_000_000))
        project.commit()
        assert project.git("show", "HEAD:x.big") == "LOWER"

        assert read_git(project.root)[0].state == "clean"

    @pytest.mark.parametrize(
        "setting",
        [
            ("core.fsmonitor",),
            ("core.hooksPath",),
            ("diff.external",),
            ("diff.evil.command",),
            ("diff.evil.textconv",),
            ("gpg.program",),
            ("core.pager",),
            ("core.editor",),
            ("core.sshCommand",),
            ("core.alternateRefsCommand",),
        ],
    )
    def test_no_configured_program_is_executed(self, project, trap, setting):
        program, mark = trap
        hooks = project.root / ".git" / "hooks"
        hooks.mkdir(exist_ok=True)
        for hook in ("post-index-change", "reference-transaction"):
            (hooks / hook).write_text(f"#!/bin/sh\ntouch '{mark}'\n")
            (hooks / hook).chmod(0o755)
        (project.root / ".git" / "info" / "attributes").write_text("* diff=evil\n")
        self.sign(project)
        value = hooks if setting == ("core.hooksPath",) else program
        project.git("config", *setting, str(value))
        project.git("config", "tag.gpgSign", "true")
        project.git("config", "log.showSignature", "true")
        mark.unlink(missing_ok=True)
        project.write("a.txt", "edited\n")
        project.write("new.txt", "new\n")

        self.everything(project)

        assert not mark.exists()

    def test_no_external_diff_of_the_environment_is_executed(self, project, trap, monkeypatch):
        program, mark = trap
        monkeypatch.setenv("GIT_EXTERNAL_DIFF", str(program))
        project.write("a.txt", "edited\n")

        _, patch = read_git(project.root)

        assert not mark.exists()
        assert b"+edited" in (patch or b"")

    def test_a_submodules_filter_is_not_executed_either(self, project, new_repository, trap):
        program, mark = trap
        inner = new_repository("inner")
        inner.write("inner.txt", "x\n")
        inner.commit()
        project.git("submodule", "--quiet", "add", inner.root.as_uri(), "inner")
        project.commit()
        subprocess.run(["git", "config", "filter.evil.clean", str(program)], cwd=project.root / "inner", check=True)
        project.write("inner/.gitattributes", "* filter=evil\n")
        project.write("inner/inner.txt", "y\n")

        assert read_git(project.root)[0].modified == ("inner",)
        assert not mark.exists()

    def test_a_partial_clone_fetches_nothing(self, project, trap, clone):
        """A missing object would be fetched through a transport the repository chooses."""
        program, mark = trap
        project.git("config", "uploadpack.allowFilter", "true")
        partial = clone(project, "partial", "--filter=blob:none", "--no-checkout")
        partial.git("config", "remote.origin.url", f"ext::{program} fetch")
        partial.git("config", "protocol.ext.allow", "always")

        assert History(partial.root).tree(partial.git("rev-parse", "HEAD"), [""]) == {}
        assert not mark.exists()
