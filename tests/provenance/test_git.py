from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

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
