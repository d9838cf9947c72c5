from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expkit.errors import InvalidUsage
from expkit.images.names import branch_tag, committed, project_reference, registry_of, repository_name, tags

if TYPE_CHECKING:
    from tests.conftest import Desk

# as engines accept them: distribution/reference
REPOSITORY = re.compile(r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*")
TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")


class TestAProjectsName:
    @given(st.text())
    def test_becomes_one_that_engines_accept(self, name: str) -> None:
        """Whatever a project is called."""
        assert REPOSITORY.fullmatch(repository_name(name))
        assert len(repository_name(name)) < 128

    @pytest.mark.parametrize(
        ("name", "fit"), [("expkit", "expkit"), ("My Project_2", "my-project-2"), ("-team/project-", "team-project")]
    )
    def test_stays_recognisable(self, name: str, fit: str) -> None:
        """Lower case, and a dash for what is not allowed."""
        assert repository_name(name) == fit

    def test_in_another_script_is_not_mixed_up_with_others(self) -> None:
        """Nothing of these names can be kept."""
        names = {repository_name(name) for name in ("実験", "試験", "")}
        assert len(names) == 3


class TestABranchsName:
    @given(st.text(min_size=1))
    def test_becomes_a_tag_that_engines_accept(self, branch: str) -> None:
        """Branches may hold slashes and more."""
        assert TAG.fullmatch(branch_tag(branch))

    @pytest.mark.parametrize(
        ("branch", "tag"),
        [
            ("main", "main"),
            ("feature-slip", "feature-slip"),
            ("feature/slip", "feature-slip-112572"),
            ("#12.-x", "12.-x-b8e8ad"),
            ("///", "branch-732c4e"),
        ],
    )
    def test_stays_recognisable(self, branch: str, tag: str) -> None:
        """So that `project:feature-slip-…` is found by who wrote `feature/slip`."""
        assert branch_tag(branch) == tag

    @given(st.text(alphabet="aB/-.#", min_size=1, max_size=5), st.text(alphabet="aB/-.#", min_size=1, max_size=5))
    def test_is_no_other_branchs(self, one: str, other: str) -> None:
        """In CI the second would move the first one's tag."""
        assert (branch_tag(one) == branch_tag(other)) == (one == other)

    def test_that_is_too_long_is_cut_and_still_its_own(self) -> None:
        """Two that differ behind the cut."""
        one, other = (branch_tag("a" * 200 + end) for end in "xy")
        assert one != other
        assert len(one) == len(other) == 128

    @pytest.mark.parametrize("branch", ["0123456789ab", "0123456789ab-dirty-01234567"])
    def test_is_never_taken_for_a_commit(self, branch: str) -> None:
        """A commit's tag means one state of the files for ever."""
        assert branch_tag(branch).startswith(f"branch-{branch}-")
        assert branch_tag(f"branch-{branch}") != branch_tag(branch)


class TestTheProjectsReference:
    def test_names_the_commit(self, desk: Desk) -> None:
        """Twelve digits of it."""
        assert project_reference(desk.root) == f"trial:{desk.git('rev-parse', 'HEAD')[:12]}"

    def test_changes_with_the_files_not_with_what_expkit_wrote(self, desk: Desk) -> None:
        """A dirty tree has a name for every patch; an outcome makes none dirty."""
        clean = project_reference(desk.root)
        desk.outcome.write_text("generated")
        assert project_reference(desk.root) == clean
        desk.edit(desk.experiment, "count: 6", "count: 7")
        first = project_reference(desk.root)
        desk.edit(desk.experiment, "count: 7", "count: 8")
        second = project_reference(desk.root)
        assert len({clean, first, second}) == 3
        for dirty in (first, second):
            assert re.fullmatch(re.escape(clean) + "-dirty-[0-9a-f]{8}", dirty)

    def test_of_a_folder_that_was_not_named_is_the_folders(self, desk: Desk) -> None:
        """As everywhere."""
        (desk.root / "pyproject.toml").unlink()
        desk.commit()
        assert project_reference(desk.root).startswith("project:")

    @pytest.mark.parametrize(("files", "what"), [((".git",), "no git repository"), ((".git/refs", ".git/HEAD"), "git")])
    def test_needs_a_commit(self, desk: Desk, files: tuple[str, ...], what: str) -> None:
        """An image is named by it: exit 2, and what to do first."""
        for name in files:
            place = desk.root / name
            shutil.rmtree(place) if place.is_dir() else place.unlink()
        with pytest.raises(InvalidUsage, match=what) as invalid:
            project_reference(desk.root)
        assert "do this first" in (invalid.value.mend or "")

    def test_needs_a_first_commit(self, desk: Desk) -> None:
        """In a repository that has just been made."""
        desk.git("checkout", "--quiet", "--orphan", "new")
        with pytest.raises(InvalidUsage, match="no commit yet"):
            project_reference(desk.root)


class TestTags:
    def test_are_the_commit_and_the_branch(self, desk: Desk) -> None:
        """The commit first: that is the one to rely on."""
        desk.git("checkout", "--quiet", "-b", "feature/slip")
        assert tags("trial", committed(desk.root)) == (project_reference(desk.root), "trial:feature-slip-112572")

    def test_of_a_detached_head_are_the_commit_alone(self, desk: Desk) -> None:
        """As in CI."""
        desk.git("checkout", "--quiet", "--detach")
        assert tags("trial", committed(desk.root)) == (project_reference(desk.root),)

    def test_of_a_dirty_tree_leave_the_branch_alone(self, desk: Desk) -> None:
        """Others take `project:main` for what is on main."""
        desk.edit(desk.experiment, "count: 6", "count: 7")
        assert tags("trial", committed(desk.root)) == (project_reference(desk.root),)


class TestTheRegistry:
    def test_is_named_by_option_then_environment_then_settings(self, tmp_path: Path) -> None:
        """The nearest wins; without any there is none."""
        assert registry_of(tmp_path, None, {}) is None
        (tmp_path / "pyproject.toml").write_text('[tool.expkit.image]\nregistry = "settings.example.org/team"\n')
        assert registry_of(tmp_path, None, {}) == "settings.example.org/team"
        environment = {"EXPKIT_REGISTRY": "localhost:5000"}
        assert registry_of(tmp_path, None, environment) == "localhost:5000"
        assert registry_of(tmp_path, "option.example.org/", environment) == "option.example.org"

    @pytest.mark.parametrize(
        "name", ["https://registry.example.org", "host:port", "host/Team", "host//team", "a b", "/"]
    )
    def test_that_cannot_be_one_is_refused(self, tmp_path: Path, name: str) -> None:
        """Before anything is built or tagged."""
        with pytest.raises(InvalidUsage, match="no registry can be called"):
            registry_of(tmp_path, name, {})
