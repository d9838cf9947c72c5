from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from expkit.errors import InvalidUsage, ServiceAbsent
from expkit.provenance.git import read_git
from expkit.provenance.worktree import patched, worktree

ABSENT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture(autouse=True)
def scratch(tmp_path, monkeypatch):
    """Where temporary folders are made, so that what is left there is seen."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


def listing(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


class TestFiles:
    def test_every_file_holds_the_bytes_of_the_commit(self, project):
        first = project.git("rev-parse", "HEAD")
        project.write("a.txt", "edited\n")
        project.write("new.txt", "new\n")
        project.commit("second")
        project.write("b.txt", "not committed\n")

        with worktree(project.root, first) as tree:
            assert tree.commit == first
            assert (tree.root / "a.txt").read_text() == "one\ntwo\n"
            assert (tree.root / "b.txt").read_text() == "three\n"
            assert not (tree.root / "new.txt").exists()

    def test_modes_and_symbolic_links_are_those_of_the_commit(self, project):
        project.write("run", "#!/bin/sh\n").chmod(0o755)
        (project.root / "link").symlink_to("a.txt")

        with worktree(project.root, project.commit()) as tree:
            assert os.access(tree.root / "run", os.X_OK)
            assert not os.access(tree.root / "a.txt", os.X_OK)
            assert (tree.root / "link").readlink() == Path("a.txt")

    def test_line_ends_filters_and_encodings_change_no_byte(self, project):
        """What the attributes of a commit and the user's settings ask for is not done."""
        project.git("config", "--global", "core.autocrlf", "true")
        project.git("config", "--global", "filter.upper.smudge", "tr a-z A-Z")
        project.git("config", "core.autocrlf", "false")
        project.write("c.txt", "lines\n$Id$\n")
        project.commit()
        project.write(".gitattributes", "*.txt text eol=crlf ident filter=upper working-tree-encoding=UTF-16\n")
        project.git("add", ".gitattributes")
        project.git("commit", "--quiet", "--message", "attributes", "--", ".gitattributes")

        with worktree(project.root, project.git("rev-parse", "HEAD")) as tree:
            assert (tree.root / "c.txt").read_bytes() == b"lines\n$Id$\n"

    def test_a_project_in_a_subfolder_is_found_there(self, project):
        project.write("team/research_questions/rq02/question.yaml", "id: rq02\n")
        commit = project.commit()

        with worktree(project.root / "team", commit) as tree:
            assert tree.root.name == "team"
            assert (tree.root / "research_questions/rq02/question.yaml").is_file()

    def test_the_folder_is_called_as_the_repository_is(self, project):
        """A project without a name of its own is called as its folder, and so is its image."""
        with worktree(project.root, project.git("rev-parse", "HEAD")) as tree:
            assert tree.root.name == project.root.name

    def test_it_is_a_clean_repository_at_the_commit(self, project):
        """An image can be built from it as from the project itself."""
        commit = project.git("rev-parse", "HEAD")
        project.git("remote", "add", "origin", "https://example.org/team/project.git")

        with worktree(project.root, commit) as tree:
            git, _ = read_git(tree.root)
            assert (git.state, git.commit, git.branch) == ("clean", commit, None)
            assert git.remote == "https://example.org/team/project.git"

    @pytest.mark.parametrize("name", ["with space", 'quo"te', "new\nline", "#hash", "back\\slash", "ümlaut"])
    def test_the_repository_may_be_called_anything(self, new_repository, name):
        repository = new_repository(name)
        repository.write("a.txt", "one\n")

        with worktree(repository.root, repository.commit()) as tree:
            assert (tree.root / "a.txt").read_text() == "one\n"

    def test_submodules_and_files_of_git_lfs_are_named_as_lacking(self, project, new_repository):
        """They are not fetched, and nobody is left to believe that they are there."""
        inner = new_repository("inner")
        inner.write("inner.txt", "x\n")
        inner.commit()
        project.git("submodule", "--quiet", "add", inner.root.as_uri(), "inner")
        project.write("q.npz", "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 3\n")

        with worktree(project.root, project.commit()) as tree:
            assert tree.lacking == ("inner", "q.npz")
            assert list((tree.root / "inner").iterdir()) == []


class TestPatches:
    def test_a_recorded_patch_restores_the_dirty_tree(self, project):
        project.write("a.txt", "one\nthree\n")
        project.write("new.txt", "new\n")
        git, patch = read_git(project.root)

        with worktree(project.root, git.commit) as tree:
            assert patched(tree, patch) is None
            assert (tree.root / "a.txt").read_text() == "one\nthree\n"
            assert (tree.root / "new.txt").read_text() == "new\n"
            assert read_git(tree.root)[0].patch == git.patch

    def test_a_patch_that_does_not_fit_changes_nothing(self, project):
        project.write("a.txt", "one\nthree\n")
        _, patch = read_git(project.root)
        project.write("a.txt", "another\n")
        project.write("b.txt", "another\n")

        with worktree(project.root, project.commit()) as tree:
            reason = patched(tree, patch)
            assert reason is not None
            assert "a.txt" in reason
            assert (tree.root / "a.txt").read_text() == "another\n"

    def test_a_patch_cannot_leave_the_folder(self, project):
        """Nor reach into the repository itself."""
        head = "--- /dev/null\n+++ b/{0}\n@@ -0,0 +1 @@\n+x\n"
        with worktree(project.root, project.git("rev-parse", "HEAD")) as tree:
            for name in ("../outside", ".git/config", "/tmp/outside"):
                assert patched(tree, head.format(name).encode()) is not None
            assert not (tree.root.parent / "outside").exists()


class TestNothingIsLeft:
    def test_the_folder_is_gone_and_the_repository_as_it_was(self, project, scratch):
        before = listing(project.root)

        with worktree(project.root, project.git("rev-parse", "HEAD")) as tree:
            assert project.git("worktree", "list").count("\n") == 0
            assert tree.root.is_dir()

        assert list(scratch.iterdir()) == []
        assert listing(project.root) == before

    @pytest.mark.parametrize("ending", [KeyboardInterrupt, RuntimeError])
    def test_nothing_is_left_however_the_block_ends(self, project, scratch, ending):
        with pytest.raises(ending), worktree(project.root, project.git("rev-parse", "HEAD")):
            raise ending

        assert list(scratch.iterdir()) == []

    def test_a_symbolic_link_into_the_project_is_removed_and_not_followed(self, project):
        with worktree(project.root, project.git("rev-parse", "HEAD")) as tree:
            (tree.root / "borrowed").symlink_to(project.root)

        assert (project.root / "a.txt").is_file()


class TestWhatCannotBeHad:
    def test_outside_git_there_is_no_commit_to_look_up(self, tmp_path):
        with pytest.raises(InvalidUsage, match="in no git repository"), worktree(tmp_path, ABSENT):
            pass

    def test_an_unknown_commit_was_never_pushed_or_squashed(self, project):
        with pytest.raises(ServiceAbsent) as absent, worktree(project.root, ABSENT):
            pass
        assert "squashed" in str(absent.value)
        assert f"git fetch origin {ABSENT}" in str(absent.value)

    def test_a_shallow_clone_is_told_to_fetch_the_rest(self, project, clone):
        first = project.git("rev-parse", "HEAD")
        project.write("a.txt", "edited\n")
        head = project.commit()
        shallow = clone(project, "shallow", "--depth=1")

        with pytest.raises(ServiceAbsent) as absent, worktree(shallow.root, first):
            pass
        assert "shallow" in str(absent.value)
        assert "git fetch --unshallow" in str(absent.value)
        with worktree(shallow.root, head) as tree:
            assert (tree.root / "a.txt").read_text() == "edited\n"

    def test_a_partial_clone_is_told_that_files_are_missing(self, project, clone, scratch):
        """None of them is fetched through a transport of the repository's choice."""
        project.git("config", "uploadpack.allowFilter", "true")
        partial = clone(project, "partial", "--filter=blob:none", "--no-checkout")

        with pytest.raises(ServiceAbsent) as absent, worktree(partial.root, partial.git("rev-parse", "HEAD")):
            pass
        assert "a partial clone lacks files" in str(absent.value)
        assert list(scratch.iterdir()) == []

    @pytest.mark.parametrize("name", ["HEAD", "--help", "main", ""])
    def test_only_a_full_name_is_a_commit(self, project, name):
        """Nothing that git could read as an option or an expression reaches it."""
        with pytest.raises(ServiceAbsent), worktree(project.root, name):
            pass


class TestHostileRepositories:
    @pytest.fixture
    def trap(self, tmp_path):
        """A program that leaves a mark, and the mark."""
        mark = tmp_path / "executed"
        program = tmp_path / "trap"
        program.write_text(f"#!/bin/sh\necho \"$@\" >> '{mark}'\n")
        program.chmod(0o755)
        return program, mark

    def test_the_trap_works(self, project, trap):
        """Plain `git worktree add` starts hooks and filters; otherwise the tests below would show nothing."""
        program, mark = trap
        (project.root / ".git" / "hooks").mkdir(exist_ok=True)
        (project.root / ".git" / "hooks" / "post-checkout").symlink_to(program)
        project.git("worktree", "add", "--quiet", "--detach", "../plain")

        assert mark.exists()

    def test_no_program_that_the_repository_names_is_started(self, project, trap):
        program, mark = trap
        project.write(".gitattributes", "*.txt filter=evil\n")
        commit = project.commit()
        for key in ("clean", "smudge", "process"):
            project.git("config", f"filter.evil.{key}", str(program))
        project.git("config", "core.fsmonitor", str(program))
        hooks = project.root / ".git" / "hooks"
        hooks.mkdir(exist_ok=True)
        for hook in ("post-checkout", "post-index-change", "reference-transaction"):
            (hooks / hook).symlink_to(program)
        mark.unlink(missing_ok=True)

        with worktree(project.root, commit) as tree:
            read_git(tree.root)
            assert (tree.root / "a.txt").read_text() == "one\ntwo\n"

        assert not mark.exists()

    def test_nor_one_that_the_users_templates_or_hooks_name(self, project, trap, tmp_path):
        """They are meant for the user's own checkouts."""
        program, mark = trap
        template = tmp_path / "template" / "hooks"
        template.mkdir(parents=True)
        for hook in ("post-index-change", "reference-transaction"):
            (template / hook).symlink_to(program)
        project.git("config", "--global", "init.templateDir", str(template.parent))
        project.git("config", "--global", "core.hooksPath", str(template))
        commit = project.git("rev-parse", "HEAD")
        mark.unlink(missing_ok=True)

        with worktree(project.root, commit):
            pass

        assert not mark.exists()

    def test_variables_that_point_git_elsewhere_are_not_followed(self, project, new_repository, monkeypatch):
        other = new_repository("other")
        commit = project.git("rev-parse", "HEAD")
        monkeypatch.setenv("GIT_DIR", str(other.root / ".git"))
        monkeypatch.setenv("GIT_INDEX_FILE", str(other.root / "index"))

        with worktree(project.root, commit) as tree:
            assert (tree.root / "a.txt").is_file()

        assert not (other.root / "index").exists()

    def test_a_commit_whose_paths_leave_the_folder_is_refused(self, project, scratch):
        blob = project.git("hash-object", "-w", "--stdin", stdin="x")
        inner = subprocess.run(
            ["git", "mktree"], cwd=project.root, input=f"100644 blob {blob}\tescaped\n", capture_output=True, text=True
        ).stdout.strip()
        raw = b"40000 ..\0" + bytes.fromhex(inner)
        done = subprocess.run(
            ["git", "hash-object", "-t", "tree", "-w", "--literally", "--stdin"],
            cwd=project.root,
            input=raw,
            capture_output=True,
            check=True,
        )
        commit = project.git("commit-tree", done.stdout.decode().strip(), "-m", "hostile")

        with pytest.raises(ServiceAbsent), worktree(project.root, commit):
            pass
        assert not (scratch / "escaped").exists()
        assert list(scratch.iterdir()) == []
