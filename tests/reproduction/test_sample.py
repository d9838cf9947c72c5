from __future__ import annotations

import pytest

from expkit.reproduction.sample import spread


@pytest.mark.parametrize(
    ("seeds", "count", "expected"),
    [
        (range(6), 1, (0,)),
        (range(6), 2, (0, 5)),
        (range(6), 3, (0, 2, 5)),
        (range(6), 6, (0, 1, 2, 3, 4, 5)),
        (range(6), 7, (0, 1, 2, 3, 4, 5)),
        (range(200), 5, (0, 49, 99, 149, 199)),
        ((3, 4, 9), 2, (3, 9)),
    ],
)
def test_a_sample_goes_from_the_first_seed_to_the_last(
    seeds: range | tuple[int, ...], count: int, expected: tuple[int, ...]
) -> None:
    """Evenly spread, the same every time; all seeds where fewer are recorded than asked for."""
    assert spread(list(seeds), count) == expected


@pytest.mark.parametrize("total", [1, 2, 7, 200])
def test_a_sample_has_as_many_different_seeds_as_were_asked_for(total: int) -> None:
    """No seed is taken twice."""
    for count in range(1, total + 1):
        taken = spread(range(total), count)
        assert len(set(taken)) == count
        assert list(taken) == sorted(taken)
