from __future__ import annotations

import json
from pathlib import Path

import pytest

from expkit.cli.sparkline import BARS
from tests.conftest import Desk
from tests.outcomes.test_figures import texts

SWEEP = """\
id: strategies
title: Gamblers
environment: {kind: dungeon}
trainer: {kind: tabular, steps: 400}
arms:
  drunkard: {agent: {kind: drunkard}}
  accountant: {agent: {kind: accountant}}
  gambler: {agent: {kind: gambler}}
sweep:
  arm: gambler
  vary: {agent.learning_rate: [0.1, 0.5], agent.discount: [0.5, 0.9]}
seeds: {root: 7, count: 6}
"""


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ((), {"strategies/gambler: the policy of 6 seeds", "→ FORWARD", "tile 1", "start", "exactly best"}),
        (("curve",), {"gambler", "reward per step", "random walk 1.3125, exact"}),
        (("seeds",), {"gambler", "n = 6", "one seed"}),
    ],
)
def test_one_figure_of_an_arm_is_drawn_to_a_file(answered: Desk, kind: tuple[str, ...], words: set[str]) -> None:
    """Named after the arm, with its path printed; drawn again, it is the same bytes over the old ones."""
    said = answered.expkit("show", "gambler", "--figure", *kind)
    file = f"strategies-gambler-{kind[0] if kind else 'policy'}.svg"
    assert (said.code, said.out.strip()) == (0, f"wrote {file}")
    assert f"note: git does not hold {file} as it is, and what runs from a changed tree is exploratory" in said.err
    drawn = (answered.root / file).read_bytes()
    assert words <= set(texts(drawn))
    if kind:
        return
    (answered.root / file).write_text("an older one")
    told = json.loads(answered.expkit("show", "gambler", "--figure", "policy", "--json").out)
    assert told["file"] == file
    assert (answered.root / file).read_bytes() == drawn


def test_the_file_may_be_named(answered: Desk, tmp_path: Path) -> None:
    """By --output, or in the place of the kind, which is then the usual one."""
    assert answered.expkit("show", "gambler", "--figure", "seeds", "--output", str(tmp_path / "a.svg")).code == 0
    assert answered.expkit("show", "gambler", "--figure", str(tmp_path / "b.svg")).code == 0
    assert "one seed" in texts((tmp_path / "a.svg").read_bytes())
    assert "every seed" in texts((tmp_path / "b.svg").read_bytes())


def test_what_cannot_be_drawn_says_what_to_type(answered: Desk) -> None:
    """In a fresh clone there is no Q-table, but evidence; a question is no arm; a PNG is no SVG."""
    clone = answered.clone()
    for arguments, expected in (
        (("gambler", "--figure"), "expkit show strategies/gambler --figure curve"),
        (("rq01", "--figure"), "rq01 is not an arm"),
        (("gambler", "--figure", "policies"), "the figures are policy, curve, seeds"),
        (("gambler", "--figure", "--output", "a.png"), "--output a.svg"),
        (("gambler", "--figure", "curve", "--output", "none/a.svg"), "the figure cannot be written"),
        (("gambler", "--output", "a.svg"), "expkit show gambler --figure --output a.svg"),
    ):
        said = clone.expkit("show", *arguments)
        assert said.code == 2, said
        assert expected in said.err
    assert clone.expkit("show", "gambler", "--figure", "curve").code == 0
    clone.edit(clone.experiment, "steps: 400", "steps: 500")
    said = clone.expkit("show", "gambler", "--figure", "curve")
    assert "no evidence tells of strategies/gambler as it is declared" in said.err
    assert "expkit run rq01" in said.err


def test_a_sweep_over_two_parameters_is_drawn_into_its_outcome(desk: Desk) -> None:
    """The whole way: declared, run, shown with words beside it, checked, and reproduced."""
    desk.experiment.write_text(SWEEP)
    text = desk.question.read_text().replace(
        "treatment: gambler,", 'treatment: "gambler[learning_rate=0.1,discount=0.9]",'
    )
    desk.question.write_text(text)
    desk.commit()
    assert desk.expkit("run", "rq01").code == 0
    assert "sweep.svg" in json.loads(desk.evidence.read_text())["figures"]
    assert "![Total reward by learning rate and discount, interquartile mean; best at" in desk.outcome.read_text()
    words = texts((desk.root / "research_questions/rq01/figures/sweep.svg").read_bytes())
    assert {"learning rate ↓", "discount →", "h2", "best cell"} <= set(words)
    assert desk.expkit("check").code == 0
    (desk.root / ".expkit").rename(desk.root / "away")  # as in a fresh clone
    assert "reproduced" in desk.expkit("run", "rq01").out


def test_a_terminal_shows_bars_in_its_own_encoding(answered: Desk) -> None:
    """Hypotheses against their regions, curves and seeds on one scale; nothing breaks where signs are missing."""
    status, compare = answered.expkit("status"), answered.expkit("compare", "rq01")
    assert "claimed [░░], found ├─●─┤" in status.out
    assert status.out.count("●") == 3  # one of them in the heading
    assert sum(not set(BARS).isdisjoint(line) for line in compare.out.splitlines()) == 3
    for settings in ({"PYTHONIOENCODING": "ascii"}, {"LANG": "C"}):
        plain = answered.expkit("status", **settings)
        assert plain.code == 0, plain
        assert "claimed [==], found |-o-|" in plain.out
        assert "●" not in plain.out
    assert answered.expkit("compare", "rq01", PYTHONIOENCODING="ascii").out.isascii()
    assert json.loads(answered.expkit("show", "rq01", "--json", PYTHONIOENCODING="ascii").out) == answered.json(
        "show", "rq01"
    )
