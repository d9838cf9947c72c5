from __future__ import annotations

import json

from tests.conftest import Desk

NO_ENGINE = {"DOCKER_HOST": "unix:///nowhere/docker.sock"}


def declare(desk: Desk, image: str) -> None:
    """The experiment names an image, and the person has committed that."""
    desk.edit(desk.experiment, "arms:", f"image: {image}\narms:")
    desk.commit()


def test_a_run_says_on_its_first_line_where_it_runs(desk: Desk) -> None:
    """Without an image that is this machine, and how many of its cores."""
    said = desk.expkit("run", "rq01", "-j", "1")
    assert said.out.splitlines()[0] == "rq01 · Strategies in the dungeon · here, on 1 core"


def test_a_declared_image_is_never_silently_left_out(desk: Desk) -> None:
    """Without an engine the run ends before anything is trained, with the exit code of an absent service."""
    declare(desk, "dungeon:1")
    said = desk.expkit("run", "rq01", **NO_ENGINE)
    assert said.code == 5
    assert "no container engine answers" in said.err
    assert "--executor local" in said.err
    assert not desk.records()


def test_a_declared_image_is_overridden_in_so_many_words(desk: Desk) -> None:
    """`--executor local` runs here whatever is declared, and the records say so."""
    declare(desk, "dungeon:1")
    said = desk.expkit("run", "rq01", "--executor", "local", **NO_ENGINE)
    assert said.code == 0, said
    provenance = [json.loads(record.read_text())["provenance"] for record in desk.records()]
    assert {one["executor"] for one in provenance} == {"local"}
    assert {one["image"]["id"] for one in provenance} == {None}
    assert all("--executor" in one["command"] for one in provenance)


def test_a_run_with_nothing_to_do_needs_no_engine(answered: Desk) -> None:
    """Where nothing is trained, it does not matter where; an option that came to nothing is told."""
    said = answered.expkit("run", "rq01", "--executor", "docker", **NO_ENGINE)
    assert said.code == 0, said
    assert said.out.splitlines()[0] == (
        "rq01 · Strategies in the dungeon · nothing to run, so this was not used: --executor docker"
    )


def test_an_image_changes_no_arm(answered: Desk) -> None:
    """Where trials run is no science: with an image declared, what is recorded still counts."""
    declare(answered, "dungeon:1")
    said = answered.expkit("run", "rq01", **NO_ENGINE)
    assert said.code == 0, said
    assert "nothing to run" in said.out


def test_an_image_and_this_machine_contradict_each_other(desk: Desk) -> None:
    """One of them would have to be ignored."""
    said = desk.expkit("run", "rq01", "--executor", "local", "--image", "dungeon:1")
    assert said.code == 2
    assert "leave one of them out" in said.err


def test_an_image_that_is_no_name_is_refused_with_its_line(desk: Desk) -> None:
    """A mistyped reference is a mistake in the declaration, found without an engine."""
    declare(desk, "'two words'")
    said = desk.expkit("check")
    assert said.code == 2
    assert "strategies.yaml:" in said.err
    assert "image" in said.err


def test_an_image_of_another_commit_is_told(desk: Desk, worker_image: str) -> None:
    """The numbers are those of its code, not of the code in the work tree."""
    said = desk.expkit("run", "rq01", "--image", worker_image)
    assert said.code == 0, said
    assert "whose code is of" in said.out.splitlines()[0]
    assert "not of this commit" in said.out.splitlines()[0]
