from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from expkit.provenance.changes import NAMED_UNTRACKED, PATCH_BYTES
from expkit.provenance.git import read_git
from expkit.provenance.history import History


class TestStates:
    def test_a_folder_outside_git_is_no_repository(self, tmp_path):
        """Outside of git there is nothing to say, and nothing is raised."""
        git, patch = read_git(tmp_path)

        assert git.state == "no_repository"
        assert git.commit is git.branch is git.reason is None
        assert patch is None

    def test_a_folder_that_does_not_exist_is_no_repository(self, tmp_path):
        """A missing folder must not make git answer for the folder the process happens to be in."""
        assert read_git(tmp_path / "nowhere")[0].state == "no_repository"

    def test_an_empty_repository_has_no_commits(self, new_repository):
        """Before the first commit there is a branch, and files that nothing can be compared with."""
        sandbox = new_repository("empty")
        sandbox.write("staged.txt", "x\n")
        sandbox.git("add", "staged.txt")
        sandbox.write("loose.txt", "y\n")

        git, patch = read_git(sandbox.root)

        assert (git.state, git.commit, git.branch, git.pushed) == ("no_commits", None, "main", None)
        assert (git.modified, git.untracked) == (("staged.txt",), ("loose.txt",))
        assert patch is None

    def test_a_fresh_commit_is_clean(self, project):
        """A tree that equals its commit is clean and has no patch."""
        git, patch = read_git(project.root)

        assert git.state == "clean"
        assert (git.commit, git.branch) == (project.git("rev-parse", "HEAD"), "main")
        assert (git.modified, git.untracked, git.hidden, git.patch, patch) == ((), (), (), None, None)

    def test_a_detached_head_has_a_commit_and_no_branch(self, project):
        project.git("checkout", "--quiet", "--detach")

        git, _ = read_git(project.root)

        assert (git.state, git.branch) == ("clean", None)
        assert git.commit == project.git("rev-parse", "HEAD")

    def test_a_branch_keeps_its_slashes(self, project):
        project.git("checkout", "--quiet", "-b", "feature/heads/x")

        assert read_git(project.root)[0].branch == "feature/heads/x"

    def test_a_shallow_clone_says_so(self, project, clone):
        project.write("a.txt", "more\n")
        project.commit("second")

        assert read_git(clone(project, "shallow", "--depth=1").root)[0].shallow is True
        assert read_git(clone(project, "deep").root)[0].shallow is False

    def test_another_owner_is_named_with_the_command_that_trusts_it(self, project, monkeypatch):
        """git refuses a repository of another user; expkit says what to type and adds no exception itself."""
        monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
        settings = Path(os.environ["GIT_CONFIG_GLOBAL"])
        before = settings.read_bytes()

        git, patch = read_git(project.root)

        assert git.state == "unreadable"
        assert f"git config --global --add safe.directory {project.root}" in (git.reason or "")
        assert patch is None
        assert settings.read_bytes() == before
        assert not History(project.root).available

    def test_a_trusted_repository_of_another_owner_is_read(self, project, monkeypatch):
        project.git("config", "--global", "--add", "safe.directory", str(project.root))
        monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")

        assert read_git(project.root)[0].state == "clean"

    def test_a_broken_repository_is_unreadable_with_a_reason(self, project):
        """A `.git` that git does not recognise is not silently taken for its absence."""
        (project.root / ".git" / "HEAD").write_text("rubbish")

        git, _ = read_git(project.root)

        assert git.state == "unreadable"
        assert git.reason

    def test_a_commit_whose_object_is_gone_is_unreadable(self, project):
        commit = project.git("rev-parse", "HEAD")
        (project.root / ".git" / "objects" / commit[:2] / commit[2:]).unlink()

        assert read_git(project.root)[0].state == "unreadable"

    def test_a_damaged_index_is_unreadable(self, project):
        (project.root / ".git" / "index").write_bytes(b"rubbish")

        assert read_git(project.root)[0].state == "unreadable"

    def test_commits_of_another_hash_are_refused_by_name(self, new_repository):
        """Records hold 40 hex digits; a SHA-256 repository is a state, not a validation error."""
        sandbox = new_repository("sha256", "--object-format=sha256")
        sandbox.write("a.txt", "x\n")
        sandbox.commit()

        git, _ = read_git(sandbox.root)

        assert git.state == "unreadable"
        assert "SHA-1" in (git.reason or "")

    def test_a_machine_without_git_is_a_state(self, project, tmp_path):
        """In an image without git a repository is unreadable, and a bare folder is none."""
        (tmp_path / "plain").mkdir()
        code = (
            "import sys; from pathlib import Path; from expkit.provenance.git import read_git\n"
            "for folder in sys.argv[1:]: git = read_git(Path(folder))[0]; print(git.state, git.reason)"
        )
        folders = [str(project.root), str(tmp_path / "plain")]
        done = subprocess.run(
            [sys.executable, "-c", code, *folders],
            env={**os.environ, "PATH": str(tmp_path)},
            capture_output=True,
            text=True,
            check=True,
        )

        assert done.stdout.splitlines() == [
            "unreadable git is not installed, or not on the PATH",
            "no_repository None",
        ]


class TestEnvironment:
    def test_git_dir_in_the_environment_is_not_followed(self, project, new_repository, monkeypatch):
        """Inside another repository's hook, `GIT_DIR` and its kin point there; the project's own is meant."""
        other = new_repository("other")
        monkeypatch.setenv("GIT_DIR", str(other.root / ".git"))
        monkeypatch.setenv("GIT_WORK_TREE", str(other.root))
        monkeypatch.setenv("GIT_INDEX_FILE", str(other.root / ".git" / "index"))
        monkeypatch.setenv("GIT_ICASE_PATHSPECS", "1")

        git, _ = read_git(project.root)
        head = History(project.root).head

        monkeypatch.undo()
        assert git.state == "clean"
        assert git.commit == head == project.git("rev-parse", "HEAD")

    def test_git_dir_does_not_make_a_plain_folder_a_repository(self, project, tmp_path, monkeypatch):
        (tmp_path / "plain").mkdir()
        monkeypatch.setenv("GIT_DIR", str(project.root / ".git"))

        assert read_git(tmp_path / "plain")[0].state == "no_repository"

    def test_settings_handed_in_through_the_environment_stay(self, project, monkeypatch):
        """CI grants trust with `GIT_CONFIG_COUNT`; neutralised filters are numbered after it."""
        project.git("config", "filter.x.clean", "false")
        monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
        monkeypatch.setenv("GIT_CONFIG_KEY_0", "safe.directory")
        monkeypatch.setenv("GIT_CONFIG_VALUE_0", "*")
        monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")

        assert read_git(project.root)[0].state == "clean"


class TestDirtiness:
    def test_staged_unstaged_deleted_and_untracked_are_all_seen(self, project):
        project.write("a.txt", "staged\n")
        project.git("add", "a.txt")
        (project.root / "b.txt").unlink()
        project.write("new.txt", "new\n")

        git, _ = read_git(project.root)

        assert git.state == "dirty"
        assert git.modified == ("a.txt", "b.txt")
        assert git.untracked == ("new.txt",)

    def test_a_change_that_is_staged_and_taken_back_in_the_tree_is_dirty(self, project):
        """The index differs from the commit although the files do not."""
        project.write("a.txt", "staged\n")
        project.git("add", "a.txt")
        project.write("a.txt", "one\ntwo\n")

        assert read_git(project.root)[0].modified == ("a.txt",)

    def test_a_touched_file_with_the_same_content_is_clean(self, project):
        os.utime(project.root / "a.txt", (1, 1))

        assert read_git(project.root)[0].state == "clean"

    def test_a_mode_change_is_dirty(self, project):
        (project.root / "a.txt").chmod(0o755)

        git, patch = read_git(project.root)

        assert git.modified == ("a.txt",)
        assert b"new mode 100755" in (patch or b"")

    def test_ignored_files_are_not_counted(self, project):
        project.write(".gitignore", "*.log\n")
        project.commit()
        project.write("run.log", "x\n")

        assert read_git(project.root)[0].state == "clean"

    @pytest.mark.parametrize("flag", ["--assume-unchanged", "--skip-worktree"])
    def test_an_edit_that_git_was_told_not_to_see_is_found(self, project, flag):
        """assume-unchanged and skip-worktree hide an edit from `git status`; its content gives it away."""
        project.git("update-index", flag, "a.txt")
        project.git("update-index", flag, "b.txt")
        project.write("a.txt", "eno\ntwo\n")  # of the same size, within the same second
        assert project.git("status", "--porcelain") == ""

        git, patch = read_git(project.root)

        assert (git.state, git.modified, git.hidden) == ("dirty", ("a.txt",), ("a.txt",))
        assert b"+eno" in (patch or b"")
        assert len(project.git("ls-files", "-v", "a.txt", "b.txt").replace("H ", "").split()) == 4  # the flags stay

    def test_an_edit_within_the_second_of_the_commit_is_seen_later(self, project):
        """git tells such an edit of the same size by the age of its index, which a copy must keep."""
        project.write("a.txt", "abc\n")
        project.commit()
        project.write("a.txt", "cba\n")
        time.sleep(1.1)

        assert read_git(project.root)[0].modified == ("a.txt",)

    def test_an_unedited_file_that_git_does_not_look_at_is_clean(self, project):
        project.git("update-index", "--assume-unchanged", "a.txt")
        project.git("update-index", "--skip-worktree", "b.txt")

        assert read_git(project.root)[0].state == "clean"

    def test_a_deleted_file_under_assume_unchanged_is_dirty(self, project):
        project.git("update-index", "--assume-unchanged", "a.txt")
        (project.root / "a.txt").unlink()

        assert read_git(project.root)[0].hidden == ("a.txt",)

    def test_a_sparse_checkout_is_clean(self, project):
        """Files that a sparse checkout leaves out are absent on purpose."""
        project.write("large/one.txt", "x\n")
        project.commit()
        project.git("sparse-checkout", "set", "research_questions")
        assert not (project.root / "large").exists()

        assert read_git(project.root)[0].state == "clean"

    def test_line_endings_that_git_converts_are_clean(self, project):
        """Built-in conversions are git's own and still count."""
        project.write(".gitattributes", "*.txt text eol=crlf\n")
        project.commit()
        for name in ("a.txt", "b.txt"):
            (project.root / name).unlink()
        project.git("checkout", "--quiet", "--", "a.txt", "b.txt")
        assert b"\r\n" in (project.root / "a.txt").read_bytes()
        os.utime(project.root / "a.txt", (1, 1))

        assert read_git(project.root)[0].state == "clean"

    def test_generated_files_and_expkits_state_do_not_make_a_tree_dirty(self, project):
        """Outcomes, figures, the ledger and MLflow's store are what a run writes, tracked or not."""
        outcome = project.write("research_questions/rq01/outcome.md", "old\n")
        project.commit()
        outcome.write_text("new\n")
        project.write("research_questions/rq01/evidence.json", "{}\n")
        project.write("research_questions/rq01/figures/curves.svg", "<svg/>\n")
        project.write(".expkit/ledger/x", "x\n")
        project.write("mlflow.db", "x")
        project.write("mlflow.db-wal", "x")
        project.write("mlruns/expkit/rq01/run/artifacts/q_tables.npz", "x")

        git, patch = read_git(project.root)

        assert (git.state, git.modified, git.untracked, patch) == ("clean", (), (), None)

    def test_what_only_looks_generated_is_dirty(self, project):
        project.write("research_questions/outcome.md", "x\n")
        project.write("research_questions/rq01/notes.md", "x\n")
        project.write("elsewhere/mlflow.db", "x")

        assert read_git(project.root)[0].untracked == (
            "elsewhere/mlflow.db",
            "research_questions/outcome.md",
            "research_questions/rq01/notes.md",
        )

    def test_a_project_in_a_subfolder_counts_the_whole_repository(self, project):
        """Paths are the repository's; what counts as generated is below the project's root."""
        project.write("team/project/research_questions/rq01/question.yaml", "id: rq01\n")
        project.commit()
        project.write("team/project/research_questions/rq01/outcome.md", "x\n")
        root = project.root / "team" / "project"
        assert read_git(root)[0].state == "clean"

        project.write("research_questions/rq01/outcome.md", "of another project\n")
        project.write("a.txt", "edited\n")
        git, patch = read_git(root)

        assert git.modified == ("a.txt",)
        assert git.untracked == ("research_questions/rq01/outcome.md",)
        assert b"+edited" in (patch or b"")
        assert b"of another project" in (patch or b"")

    def test_a_conflict_is_dirty(self, project):
        project.git("checkout", "--quiet", "-b", "side")
        project.write("a.txt", "side\n")
        project.commit()
        project.git("checkout", "--quiet", "main")
        project.write("a.txt", "main\n")
        project.commit()
        subprocess.run(["git", "merge", "--quiet", "side"], cwd=project.root, capture_output=True, check=False)

        git, patch = read_git(project.root)

        assert (git.state, git.modified) == ("dirty", ("a.txt",))
        assert b"+<<<<<<<" in (patch or b"")

    def test_the_index_of_the_repository_is_left_alone(self, project):
        """Looking is not writing: not even the stat data are refreshed."""
        project.write("new.txt", "new\n")
        project.git("update-index", "--assume-unchanged", "b.txt")
        os.utime(project.root / "a.txt", (1, 1))
        index = project.root / ".git" / "index"
        before = index.read_bytes(), index.stat().st_mtime_ns
        objects = sorted((project.root / ".git" / "objects").rglob("*"))

        read_git(project.root)

        assert (index.read_bytes(), index.stat().st_mtime_ns) == before
        assert sorted((project.root / ".git" / "objects").rglob("*")) == objects


class TestSubmodules:
    @pytest.fixture
    def outer(self, project, new_repository):
        inner = new_repository("inner")
        inner.write("inner.txt", "x\n")
        inner.commit()
        project.git("submodule", "--quiet", "add", inner.root.as_uri(), "parts/inner")
        project.commit("with a submodule")
        return project

    def test_a_submodule_at_its_commit_is_clean(self, outer):
        assert read_git(outer.root)[0].state == "clean"

    def test_an_edit_inside_a_submodule_is_dirty(self, outer):
        outer.write("parts/inner/inner.txt", "edited\n")

        assert read_git(outer.root)[0].modified == ("parts/inner",)

    def test_a_submodule_at_another_commit_is_dirty_and_in_the_patch(self, outer):
        subprocess.run(["git", "commit", "--quiet", "--allow-empty", "-mx"], cwd=outer.root / "parts/inner", check=True)

        git, patch = read_git(outer.root)

        assert git.modified == ("parts/inner",)
        assert b"+Subproject commit" in (patch or b"")

    def test_a_submodule_that_was_never_checked_out_is_clean(self, outer, clone):
        assert read_git(clone(outer, "without").root)[0].state == "clean"

    def test_a_repository_inside_the_tree_is_named_and_not_inlined(self, project, new_repository):
        nested = new_repository("project/nested")
        nested.write("x.txt", "secret\n")
        nested.commit()

        git, patch = read_git(project.root)

        assert git.untracked == ("nested/",)
        assert b"secret" not in (patch or b"")


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


class TestPatch:
    def test_the_patch_restores_staged_unstaged_and_untracked_text(self, project, clone):
        """Applied to a fresh clone of the commit, the patch gives the dirty tree back, whatever the names are."""
        fresh = clone(project, "fresh")
        project.write("a.txt", "staged\n")
        project.git("add", "a.txt")
        project.write("a.txt", "staged, then edited\n")
        (project.root / "b.txt").unlink()
        written = {
            "with space.txt": "x\n",
            "new\nline.txt": "x\n",
            "größe-µ.txt": "ünï\n",
            'quote".txt': "x\n",
            "-dash.txt": "x\n",
            ":(top)magic*.txt": "x\n",
            "no-end-of-line.txt": "x",
            "empty.txt": "",
            "sub/folder/deep.txt": "a\nb\n",
        }
        for name, content in written.items():
            project.write(name, content)
        (project.root / "link").symlink_to("a.txt")

        git, patch = read_git(project.root)
        subprocess.run(["git", "apply", "-"], cwd=fresh.root, input=patch, check=True)

        assert set(git.untracked) == {*written, "link"}
        assert (fresh.root / "a.txt").read_text() == "staged, then edited\n"
        assert not (fresh.root / "b.txt").exists()
        assert {name: (fresh.root / name).read_text() for name in written} == written
        assert (fresh.root / "link").readlink() == Path("a.txt")

    def test_the_record_of_the_patch_is_of_its_bytes(self, project):
        project.write("a.txt", "edited\n")

        git, patch = read_git(project.root)

        assert patch is not None
        assert git.patch is not None
        assert git.patch.sha256 == hashlib.sha256(patch).hexdigest()
        assert (git.patch.bytes, git.patch.truncated) == (len(patch), False)

    def test_the_patch_does_not_depend_on_the_users_settings(self, project):
        project.write("a.txt", "edited\n")
        _, before = read_git(project.root)
        for key, value in {
            "color.ui": "always",
            "diff.noprefix": "true",
            "diff.mnemonicPrefix": "true",
            "diff.context": "0",
            "diff.relative": "true",
            "core.abbrev": "5",
            "diff.wsErrorHighlight": "all",
        }.items():
            project.git("config", key, value)

        assert read_git(project.root)[1] == before

    def test_a_binary_file_is_named_and_not_inlined(self, project):
        project.write("blob.bin", bytes(range(256)) * 40)

        git, patch = read_git(project.root)

        assert git.untracked == ("blob.bin",)
        assert b"Binary files /dev/null and b/blob.bin differ" in (patch or b"")
        assert len(patch or b"") < 500

    def test_a_patch_beyond_the_cap_is_cut_and_its_digest_is_of_the_whole(self, project):
        """Each file is below the cap, together they are not."""
        lines = "".join(f"{number}\n" for number in range(100_000))
        for name in ("big1.txt", "big2.txt"):
            project.write(name, lines)

        git, patch = read_git(project.root)

        assert patch is not None
        assert git.patch is not None
        assert (len(patch), git.patch.truncated) == (PATCH_BYTES, True)
        assert git.patch.bytes > PATCH_BYTES
        assert git.patch.sha256 != hashlib.sha256(patch).hexdigest()
        project.write("big2.txt", lines + "one more\n")
        again, _ = read_git(project.root)
        assert again.patch is not None
        assert again.patch.sha256 != git.patch.sha256  # a change behind the cut is still told apart

    def test_a_single_file_beyond_the_cap_is_named(self, project):
        project.write("huge.txt", "x" * 79 + "\n")
        project.write("huge.txt", ("x" * 79 + "\n") * (PATCH_BYTES // 80 + 1))

        _, patch = read_git(project.root)

        assert b"b/huge.txt differ" in (patch or b"")

    def test_a_name_that_is_no_utf8_is_shown_with_escapes(self, project):
        """Every text of a record can be written as JSON."""
        project.write(os.fsdecode(b"caf\xe9.txt"), "x\n")

        git, patch = read_git(project.root)

        assert git.untracked == ("caf\\xe9.txt",)
        assert git.model_dump_json()
        assert b"caf\\351.txt" in (patch or b"")

    def test_more_untracked_files_than_anybody_edits_are_named_by_folder(self, project):
        for number in range(NAMED_UNTRACKED + 1):
            project.write(f"data/{number}.txt", "x\n")
        project.write("a.txt", "edited\n")

        git, patch = read_git(project.root)

        assert git.untracked == ("data/",)
        assert b"+edited" in (patch or b"")
        assert b"data/" not in (patch or b"")

    def test_a_repository_of_5000_files_takes_the_same_few_commands(self, project, monkeypatch):
        """The number of git processes does not grow with the repository."""
        import expkit.provenance.repository as repository

        commands: list[tuple[str, ...]] = []
        plain = repository._git
        monkeypatch.setattr(repository, "_git", lambda *given: commands.append(given[1]) or plain(*given))
        for number in range(5000):
            project.write(f"source/{number // 100}/{number}.txt", f"{number}\n")
        project.commit()
        project.write("source/0/0.txt", "edited\n")
        for number in range(400):
            project.write(f"loose/{number}.txt", "x\n")

        git, _ = read_git(project.root)

        assert (git.modified, len(git.untracked)) == (("source/0/0.txt",), 400)
        assert len(commands) < 20


class TestRemote:
    def test_the_remote_is_recorded_without_its_token(self, project):
        project.git("remote", "add", "origin", "https://user:token@example.org/team/project.git?key=secret")

        git, _ = read_git(project.root)

        assert git.remote == "https://example.org/team/project.git"

    def test_a_rewriting_rule_puts_no_token_into_the_record(self, project):
        project.git("remote", "add", "origin", "https://example.org/team/project.git")
        project.git("config", "url.https://token@example.org/.insteadOf", "https://example.org/")

        assert read_git(project.root)[0].remote == "https://example.org/team/project.git"

    def test_pushed_follows_the_remote_tracking_branches(self, project, clone):
        """None without a remote, True where a remote-tracking branch holds the commit, False after a new one."""
        assert read_git(project.root)[0].pushed is None
        copy = clone(project, "copy")
        assert read_git(copy.root)[0].pushed is True

        copy.commit("not pushed")

        assert read_git(copy.root)[0].pushed is False

    def test_a_remote_that_nothing_was_pushed_to_holds_nothing(self, project):
        project.git("remote", "add", "origin", "https://example.org/x.git")

        assert read_git(project.root)[0].pushed is False
