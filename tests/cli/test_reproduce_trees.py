"""What `expkit reproduce` makes of trees that were dirty, and of declarations that changed since."""

from __future__ import annotations

from tests.conftest import Desk, Said
from tests.reproduction.doctored import attempt_of


def row(said: Said, arm: str) -> str:
    """The line of an arm in the table."""
    (line,) = [line for line in said.out.splitlines() if line.startswith(f"{arm} ")]
    return line


class TestStatesOfTheTree:
    def test_a_declaration_changed_since_is_not_held_against_the_record(self, answered: Desk) -> None:
        """What the evidence speaks of is executed as its commit declares it."""
        answered.edit(answered.experiment, "steps: 400", "steps: 800")
        said = answered.expkit("reproduce", "rq01")
        assert said.code == 0, said
        assert row(said, "gambler").split()[2] == attempt_of(answered, "gambler")

    def test_a_dirty_run_is_reproduced_with_its_patch(self, desk: Desk) -> None:
        """What differed from the commit was kept, and is said."""
        desk.edit(desk.experiment, "steps: 400", "steps: 800")
        assert desk.expkit("run", "rq01").code == 0
        desk.git("checkout", "--quiet", "experiments")
        said = desk.expkit("reproduce", "rq01")
        assert said.code == 0, said
        commit = desk.git("rev-parse", "HEAD")
        assert f"the tree was dirty when this was recorded: its patch is applied to {commit[:12]}" in said.out
        assert f"{commit[:12]} dirty" in row(said, "gambler")

    def test_a_dirty_run_whose_patch_is_gone_is_held_against_the_commit(self, desk: Desk) -> None:
        """Arm keys decide: another file of the tree changes no number, another declaration is a finding."""
        for name in "abc":  # together more than is kept of a patch
            (desk.root / f"{name}.txt").write_text("words\n" * 100_000)
        assert desk.expkit("run", "rq01").code == 0
        said = desk.expkit("reproduce", "rq01")
        assert said.code == 0, said
        assert "the tree was dirty when this was recorded, and what it differed by is not kept whole" in said.out
        desk.edit(desk.experiment, "steps: 400", "steps: 800")
        assert desk.expkit("run", "rq01").code == 0
        other = desk.expkit("reproduce", "rq01")
        assert other.code == 1, other
        assert "arm gambler: trainer.steps is 400 there, 800 recorded" in other.out

    def test_a_patch_that_cannot_be_applied_is_told_with_its_reason(self, desk: Desk) -> None:
        """A binary file is named in a patch, and its bytes are not in it."""
        (desk.root / "words.bin").write_bytes(b"\0\1\2")
        assert desk.expkit("run", "rq01").code == 0
        said = desk.expkit("reproduce", "rq01")
        assert said.code == 0, said
        assert "the tree was dirty when this was recorded, and its patch cannot be applied (" in said.out
        assert "words.bin" in said.out

    def test_seeds_of_two_commits_are_two_rows_of_one_arm(self, answered: Desk) -> None:
        """Each from its own commit; a sample is still of the arm."""
        answered.edit(answered.experiment, "count: 6", "count: 8")
        answered.commit()
        assert answered.expkit("run", "rq01").code == 0
        found = answered.json("reproduce", "rq01")
        assert [(arm["arm"], len(arm["seeds"])) for arm in found["arms"]] == [
            (name, count) for name in ("drunkard", "accountant", "gambler") for count in (2, 6)
        ]
        assert len({arm["commit"] for arm in found["arms"]}) == 2
        sample = answered.json("reproduce", "rq01", "--sample", "2")
        assert sorted(seed for arm in sample["arms"] if arm["arm"] == "gambler" for seed in arm["seeds"]) == [0, 7]

    def test_an_arm_that_was_never_run_is_named(self, answered: Desk) -> None:
        """What was compared is reported as what it is, and no more."""
        answered.edit(answered.experiment, "arms:", "arms:\n  careful: {agent: {kind: gambler, learning_rate: 0.01}}")
        said = answered.expkit("reproduce", "rq01")
        assert said.code == 0, said
        assert "not compared: of strategies/careful nothing whole is recorded" in said.out
        assert "reproduced: 18 trials" in said.out
