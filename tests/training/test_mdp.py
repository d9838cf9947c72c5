from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from expkit.training.mdp import Mdp


def two_states(**changes: Any) -> Mdp:
    """Two states, one action, two outcomes: stay or cross."""
    arrays: dict[str, Any] = {
        "next_state": [[[0, 1]], [[1, 0]]],
        "reward": [[[0.0, 1.0]], [[2.0, 3.0]]],
        "probability": [[[0.25, 0.75]], [[0.5, 0.5]]],
        "terminal": [[[False, False]], [[False, True]]],
        "start": [1.0, 0.0],
    }
    return Mdp(**(arrays | changes))


def test_a_table_knows_its_sizes_and_is_read_only() -> None:
    """Nothing can change a table after its digest was taken."""
    mdp = two_states()
    assert (mdp.states, mdp.actions) == (2, 1)
    with pytest.raises(ValueError, match="read-only"):
        mdp.reward[0, 0, 0] = 5.0


def test_a_table_does_not_see_later_changes_of_the_arrays_it_was_made_from() -> None:
    """It holds copies."""
    reward = np.zeros((2, 1, 2))
    mdp = two_states(reward=reward)
    reward[0, 0, 0] = 5.0
    assert mdp.reward[0, 0, 0] == 0.0


def test_equal_content_has_one_digest_and_every_array_enters_it() -> None:
    """-0.0 is 0.0; any other change of any array is another table."""
    same = two_states()
    assert two_states() == same
    assert hash(two_states()) == hash(same)
    assert two_states(reward=[[[-0.0, 1.0]], [[2.0, 3.0]]]).digest == same.digest
    others = {
        "next_state": [[[0, 1]], [[1, 1]]],
        "reward": [[[0.0, 1.0]], [[2.0, 3.5]]],
        "probability": [[[0.5, 0.5]], [[0.5, 0.5]]],
        "terminal": [[[False, False]], [[False, False]]],
        "start": [0.0, 1.0],
    }
    digests = {two_states(**{name: value}).digest for name, value in others.items()}
    assert len(digests | {same.digest}) == 6


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"probability": [[[0.25, 0.75]], [[0.5, 0.6]]]}, r"state 1, action 0: .* sum to 1\.1, not to 1"),
        ({"probability": [[[0.25, 0.75]], [[1.5, -0.5]]]}, r"state 1, action 0, outcome 1 has the probability -0\.5"),
        ({"probability": [[[np.nan, 0.75]], [[0.5, 0.5]]]}, r"state 0, action 0, outcome 0 has the probability nan"),
        ({"next_state": [[[0, 1]], [[1, 2]]]}, r"state 1, action 0, outcome 1 leads to state 2; the states are 0 to 1"),
        ({"next_state": [[[0, -1]], [[1, 0]]]}, r"state 0, action 0, outcome 1 leads to state -1"),
        ({"reward": [[[0.0, np.inf]], [[2.0, 3.0]]]}, r"state 0, action 0, outcome 1 has the reward inf"),
        ({"start": [0.5, 0.4]}, r"start states sum to 0\.9"),
        ({"start": [1.5, -0.5]}, r"start of state 1 has the probability -0\.5"),
        ({"start": [1.0]}, r"start has shape \[1\]"),
        ({"terminal": [[[False]], [[False]]]}, r"terminal has shape \[2, 1, 1\], but next_state has \[2, 1, 2\]"),
        ({"next_state": np.zeros((0, 1, 2), dtype=int)}, "none of them 0"),
    ],
)
def test_a_table_that_is_none_is_refused_with_the_place(changes: dict[str, Any], message: str) -> None:
    """The message names state, action and outcome."""
    with pytest.raises(ValueError, match=message):
        two_states(**changes)


def test_fractional_states_are_refused_instead_of_rounded() -> None:
    """A float is no state."""
    with pytest.raises(TypeError):
        two_states(next_state=[[[0.0, 1.5]], [[1.0, 0.0]]])


def test_probabilities_may_miss_one_by_rounding_only() -> None:
    """1e-13 off is rounding, 1e-11 is not."""
    two_states(probability=[[[0.25, 0.75 + 1e-13]], [[0.5, 0.5]]])
    with pytest.raises(ValueError, match="state 0, action 0"):
        two_states(probability=[[[0.25, 0.75 + 1e-11]], [[0.5, 0.5]]])
