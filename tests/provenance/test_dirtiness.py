from __future__ import annotations

import os
import subprocess
import time

import pytest

from expkit.provenance.git import read_git


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

    def test_what_was_read_is_held_against_the_commit_by_content(self, project):
        """Ignored or not, whatever the stat data of a file say; line ends are no content."""
        project.write(".gitignore", "ignored.txt\n")
        project.commit()
        held = (project.root / "a.txt").read_bytes()

        assert read_git(project.root, {"a.txt": held.replace(b"\n", b"\r\n"), "folder/": b""})[0].state == "clean"
        git, _ = read_git(project.root, {"a.txt": b"otherwise\n", "ignored.txt": b"x\n"})
        assert (git.state, git.modified, git.untracked) == ("dirty", ("a.txt",), ("ignored.txt",))

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
