from __future__ import annotations

import os

import pytest

from expkit.errors import InvalidUsage
from expkit.provenance.history import History

ABSENT = "0123456789abcdef0123456789abcdef01234567"


class TestWithoutGit:
    def test_outside_git_every_look_up_knows_nothing(self, tmp_path):
        history = History(tmp_path)

        assert not history.available
        assert (history.head, history.shallow, history.has(ABSENT), history.pushed(ABSENT)) == (
            None,
            False,
            False,
            None,
        )
        assert history.read(ABSENT, "a.txt") is None
        assert history.tree(ABSENT, [""]) == {}
        assert history.versions("a.txt") == []
        assert history.paths("research_questions") == frozenset()
        assert history.tags() == {}

    def test_outside_git_a_tag_is_refused(self, tmp_path):
        with pytest.raises(InvalidUsage, match="no commit to tag"):
            History(tmp_path).tag("expkit/rq01", "x")

    def test_an_empty_repository_is_available_and_knows_nothing(self, new_repository):
        history = History(new_repository("empty").root)

        assert history.available
        assert history.head is None
        assert history.versions("a.txt") == []
        assert history.tags() == {}
        with pytest.raises(InvalidUsage, match="no commit to tag"):
            history.tag("expkit/rq01", "x")


class TestPaths:
    def test_what_was_deleted_renamed_or_merged_is_still_named(self, project):
        """Every path below a folder that a commit ever added, with names that git would quote as they are."""
        project.git("checkout", "--quiet", "-b", "side")
        project.write("research_questions/gefährlich/evidence.json", "{}")
        project.commit()
        project.git("rm", "-r", "--quiet", "research_questions/gefährlich")
        project.commit()
        project.git("checkout", "--quiet", "main")
        project.git("mv", "research_questions/rq01", "research_questions/rq02")
        project.commit()
        project.git("merge", "--quiet", "--no-edit", "side")

        assert History(project.root).paths("research_questions") == {
            "research_questions/rq01/question.yaml",
            "research_questions/rq02/question.yaml",
            "research_questions/gefährlich/evidence.json",
        }

    def test_paths_are_relative_to_a_project_inside_a_repository(self, new_repository):
        repository = new_repository("mono")
        repository.write("lab/research_questions/rq01/evidence.json", "{}")
        repository.write("research_questions/other/evidence.json", "{}")
        repository.commit()

        assert History(repository.root / "lab").paths("research_questions") == {"research_questions/rq01/evidence.json"}


class TestCommits:
    def test_a_commit_is_known_by_its_full_name_only(self, project):
        """Names, expressions and options are no commits."""
        history = History(project.root)
        head = project.git("rev-parse", "HEAD")

        assert history.head == head
        assert history.has(head)
        for name in (
            ABSENT,
            head[:10],
            "HEAD",
            "main",
            "--all",
            f"{head}\n",
            head.upper(),
            project.git("rev-parse", "HEAD:a.txt"),
        ):
            assert not history.has(name)

    def test_a_commit_beyond_a_shallow_clones_end_is_not_known(self, project, clone):
        first = project.git("rev-parse", "HEAD")
        second = project.commit("second")
        history = History(clone(project, "shallow", "--depth=1").root)

        assert history.shallow
        assert (history.has(first), history.has(second)) == (False, True)
        assert history.pushed(first) is None
        assert history.pushed(second) is True

    def test_pushed_is_asked_of_any_commit(self, project, clone):
        first = project.git("rev-parse", "HEAD")
        copy = clone(project, "copy")
        second = copy.commit("second")
        history = History(copy.root)

        assert (history.pushed(first), history.pushed(second), history.pushed("--all")) == (True, False, None)
        assert History(project.root).pushed(first) is None

    def test_a_replaced_commit_is_read_as_it_was_made(self, project):
        """`git replace` can show another content under an old name; the record is what was committed."""
        first = project.git("rev-parse", "HEAD")
        project.write("a.txt", "forged\n")
        second = project.commit("second")
        project.git("replace", first, second)

        assert History(project.root).read(first, "a.txt") == b"one\ntwo\n"


class TestFiles:
    def test_a_file_is_read_as_it_was_at_a_commit(self, project):
        first = project.git("rev-parse", "HEAD")
        project.write("a.txt", "later\n")
        second = project.commit()
        history = History(project.root)

        assert history.read(first, "a.txt") == b"one\ntwo\n"
        assert history.read(second, "a.txt") == b"later\n"
        assert history.read(second, "absent.txt") is None
        assert history.read(second, "research_questions") is None
        assert history.read("HEAD", "a.txt") is None
        assert history.read(second, "--output=x") is None

    def test_a_tree_holds_the_regular_files_below_some_folders(self, project):
        """Symbolic links and submodules are left out; names are taken literally."""
        project.write("research_questions/rq02/question.yaml", "id: rq02\n")
        project.write("experiments/größe *.yaml", b"\x00\xff\n")
        project.write("experiments/empty.yaml", "")
        project.write("experiments_old/x.yaml", "no\n")
        (project.root / "experiments" / "link.yaml").symlink_to("/etc/hostname")
        head = project.commit()

        tree = History(project.root).tree(head, ["experiments", "research_questions/"])

        assert tree == {
            "experiments/größe *.yaml": b"\x00\xff\n",
            "experiments/empty.yaml": b"",
            "research_questions/rq01/question.yaml": b"id: rq01\n",
            "research_questions/rq02/question.yaml": b"id: rq02\n",
        }

    def test_paths_are_relative_to_a_project_in_a_subfolder(self, project):
        project.write("team/project/experiments/x.yaml", "id: x\n")
        head = project.commit()
        history = History(project.root / "team" / "project")

        assert history.tree(head, ["experiments"]) == {"experiments/x.yaml": b"id: x\n"}
        assert history.tree(head, [""]) == {"experiments/x.yaml": b"id: x\n"}
        assert history.read(head, "experiments/x.yaml") == b"id: x\n"
        assert [content for _, content in history.versions("experiments/x.yaml")] == [b"id: x\n"]
        assert history.read(head, "a.txt") is None

    def test_no_prefix_is_nothing(self, project):
        assert History(project.root).tree(project.git("rev-parse", "HEAD"), []) == {}

    def test_versions_are_newest_first_and_deletions_are_left_out(self, project):
        commits = [project.git("rev-parse", "HEAD")]
        project.write("a.txt", "second\n")
        commits.append(project.commit())
        project.write("b.txt", "not about a\n")
        project.commit()
        (project.root / "a.txt").unlink()
        project.commit("deleted")
        project.write("a.txt", "back\n")
        commits.append(project.commit())

        assert History(project.root).versions("a.txt") == [
            (commits[2], b"back\n"),
            (commits[1], b"second\n"),
            (commits[0], b"one\ntwo\n"),
        ]

    def test_versions_of_a_side_branch_count(self, project):
        """What a merged branch once said stays found, though main's content won."""
        project.git("checkout", "--quiet", "-b", "side")
        project.write("a.txt", "side\n")
        side = project.commit("side")
        project.git("checkout", "--quiet", "main")
        project.git("merge", "--quiet", "--no-ff", "-s", "ours", "-m", "merged", "side")

        assert (side, b"side\n") in History(project.root).versions("a.txt")

    @pytest.mark.parametrize("kept_by", ["branch", "tag", "nothing but the memory of this clone"])
    def test_versions_anywhere_are_those_that_head_does_not_lead_to_as_well(self, project, kept_by):
        """On branches and tags, and where a branch stood before it was set back."""
        project.write("a.txt", "tried\n")
        project.write("notes/tried.txt", "tried\n")
        tried = project.commit("tried")
        if kept_by in ("branch", "tag"):
            project.git(kept_by, "kept")
        project.git("reset", "--quiet", "--hard", "HEAD^")

        history = History(project.root)
        assert (tried, b"tried\n") not in history.versions("a.txt")
        assert history.versions("a.txt", anywhere=True)[0] == (tried, b"tried\n")
        assert history.paths("notes") == frozenset()
        assert history.paths("notes", anywhere=True) == {"notes/tried.txt"}

    @pytest.mark.parametrize(
        "path", ["", "absent.txt", "--output=written", "a.txt\nb.txt", "../outside", "research_questions"]
    )
    def test_a_path_that_is_no_file_has_no_versions(self, project, path):
        """And no path is taken for an option."""
        assert History(project.root).versions(path) == []
        assert not (project.root / "written").exists()


class TestTags:
    def test_an_annotated_tag_keeps_its_message(self, project):
        """Lines that look like comments stay, and lightweight tags are not listed."""
        project.git("tag", "light")
        history = History(project.root)
        message = '# family\n\n{"decision": 1}\n'

        history.tag("expkit/rq01", message)

        assert history.tags() == {"expkit/rq01": message}
        assert project.git("cat-file", "-t", "expkit/rq01") == "tag"
        assert project.git("rev-parse", "expkit/rq01^{commit}") == history.head

    def test_several_tags_are_all_listed(self, project):
        history = History(project.root)
        for name in ("b", "a"):
            history.tag(name, f"of {name}\n")

        assert history.tags() == {"a": "of a\n", "b": "of b\n"}

    @pytest.mark.parametrize("name", ["", "-d", "--force", "a b", "a..b", "x.lock", "a\nb", "a~1"])
    def test_a_name_that_no_tag_can_have_is_refused(self, project, name):
        with pytest.raises(InvalidUsage, match="cannot be the name of a tag"):
            History(project.root).tag(name, "x\n")

    def test_a_taken_name_is_refused_and_the_tag_stays(self, project):
        history = History(project.root)
        history.tag("expkit/rq01", "first\n")

        with pytest.raises(InvalidUsage, match="already exists"):
            history.tag("expkit/rq01", "second\n")

        assert history.tags() == {"expkit/rq01": "first\n"}

    def test_without_an_identity_git_says_what_to_configure(self, project, monkeypatch):
        monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
        project.git("config", "user.useConfigOnly", "true")

        with pytest.raises(InvalidUsage, match="was not made"):
            History(project.root).tag("expkit/rq01", "x\n")


class TestFewQuestions:
    def test_the_versions_of_all_files_of_a_name_are_asked_for_together(self, project, tmp_path, monkeypatch):
        """Each process of git costs as much as reading a question: a log of HEAD, one of all else, and a batch do."""
        for name in ("rq01", "rq02", "rq03"):
            for content in ("{}", "[]"):
                project.write(f"research_questions/{name}/evidence.json", content)
                project.commit()
        monkeypatch.setenv("GIT_TRACE", str(tmp_path / "trace"))
        history = History(project.root)

        for name in ("rq01", "rq02", "rq03"):
            for anywhere in (False, True):
                versions = history.versions(f"research_questions/{name}/evidence.json", anywhere=anywhere)
                assert [content for _, content in versions] == [b"[]", b"{}"]
        assert "research_questions/rq02/evidence.json" in history.paths("research_questions", anywhere=True)
        asked = [
            line.split("built-in: git ")[1].split()[0]
            for line in (tmp_path / "trace").read_text().splitlines()
            if "built-in: git" in line
        ]
        assert (asked.count("log"), asked.count("cat-file")) == (2, 1)
