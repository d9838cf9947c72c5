from __future__ import annotations

from pathlib import Path

import pytest

from expkit.outcomes.serialise import parse_evidence
from expkit.records.attempt import Result
from expkit.records.elsewhere import Elsewhere
from expkit.reproduction.compare import Difference, against_evidence
from expkit.reproduction.execute import Executed

SHIPPED = Path(__file__).parents[2] / "research_questions" / "rq01" / "evidence.json"


@pytest.mark.parametrize(
    ("recorded", "here", "said"),
    [
        (120.09, 120.11, "120.09 recorded, 120.11 here (+0.02)"),
        (120.11, 120.09, "120.11 recorded, 120.09 here (−0.02)"),  # noqa: RUF001
        (27291.0, 27292.0, "27,291 recorded, 27,292 here (+1)"),
        (0.1 + 0.2, 0.3, "0.30000000000000004 recorded, 0.3 here (−5.6e-17)"),  # noqa: RUF001
        (0.0, -0.0, "0.0 recorded, -0.0 here"),
        (None, 3.0, "no value recorded, 3 here"),
        (float("nan"), 1.0, "nan recorded, 1 here"),
        (1e308, -1e308, "1e+308 recorded, -1e+308 here"),
        (1e-9, 2e-9, "1e-09 recorded, 2e-09 here (+1e-09)"),
    ],
)
def test_two_numbers_have_the_digits_that_tell_them_apart(
    recorded: float | None, here: float | None, said: str
) -> None:
    """However close they are, the difference is seen; what is no finite number is not computed."""
    text = str(Difference(seed=17, what="total_reward", recorded=recorded, here=here, measured=True))
    assert text == f"seed 17, total_reward: {said}"


def test_an_entry_of_a_q_table_is_named_by_state_and_action() -> None:
    """As the dungeon calls it, so that it can be looked up."""
    difference = Difference(
        seed=17,
        what="Q-table",
        place="state 3, FORWARD",
        state=3,
        action="FORWARD",
        recorded=120.09,
        here=120.11,
        measured=True,
    )
    assert str(difference) == "seed 17, state 3, FORWARD: 120.09 recorded, 120.11 here (+0.02)"


def test_what_a_table_is_worth_elsewhere_is_no_part_of_a_trial(tmp_path: Path) -> None:
    """Evidence tells it of every seed; a trial that is executed again does not, and differs in nothing."""
    place = Elsewhere(environment_digest="0" * 64, unseen=None, parameters={}, optimal_gain=2.0, random_gain=1.0)
    arm = parse_evidence(SHIPPED.read_bytes()).arms[0]
    seeds = arm.seeds | {"normalized_score/windy": (0.5,) * arm.count}
    arm = arm.model_copy(update={"evaluated_on": {"windy": place}, "seeds": seeds})
    total = arm.seeds["total_reward"][0]
    result = Result(metrics={"total_reward": (total,)}, trial_digests=("0" * 64,), failed=(), steps=1)
    executed = Executed(digest="0" * 64, result=result, folder=tmp_path, row=0, inside=None)
    assert against_evidence(arm, {0: executed}, [0]).differing == ()
