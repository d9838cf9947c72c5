"""What a person may call a commit, and what must not reach git as more than a name."""

from __future__ import annotations

import pytest

from expkit.provenance.history import History


def test_branches_tags_abbreviations_and_expressions_name_commits(project):
    """Whatever git itself resolves to a commit, annotated tags peeled."""
    first = project.git("rev-parse", "HEAD")
    project.git("tag", "light")
    project.git("tag", "--annotate", "--message=x", "heavy")
    project.git("branch", "side/line")
    second = project.commit("second")
    history = History(project.root)

    assert {history.commit(name) for name in ("light", "heavy", "side/line", first, first[:10], "HEAD~1")} == {first}
    assert history.commit("HEAD") == history.commit("main") == second


@pytest.mark.parametrize(
    "name",
    [
        "",
        "nowhere",
        "0123456",
        "HEAD:a.txt",
        "-",
        "--all",
        "--output=made",
        "HEAD\nHEAD",
        "HEAD HEAD",
        f"{40 * '0'} x",
        "\udcff",
    ],
)
def test_anything_else_names_none_and_does_nothing(project, name):
    """No option is taken, no file is made, and two lines are not two questions."""
    before = sorted(project.root.iterdir())

    assert History(project.root).commit(name) is None
    assert sorted(project.root.iterdir()) == before


def test_outside_git_and_before_the_first_commit_nothing_is_named(tmp_path, new_repository):
    """There is nothing to draw a root from."""
    assert History(tmp_path).commit("HEAD") is None
    assert History(new_repository("empty").root).commit("HEAD") is None
