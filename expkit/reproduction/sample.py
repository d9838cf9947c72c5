"""A sample of seeds: some of each arm's, evenly spread from the first to the last, the same ones every time."""

from __future__ import annotations

from collections.abc import Sequence

from expkit.reproduction.recorded import Recording

RULE = "evenly spread from the first seed to the last"


def spread(seeds: Sequence[int], count: int) -> tuple[int, ...]:
    """`count` of some ascending seeds: the first, the last, and what lies evenly between; all where they are fewer."""
    if count >= len(seeds):
        return tuple(seeds)
    if count == 1:
        return (seeds[0],)
    return tuple(seeds[index * (len(seeds) - 1) // (count - 1)] for index in range(count))


def sampled(recordings: Sequence[Recording], count: int | None) -> list[tuple[int, ...]]:
    """The seeds to execute of each recording, in their order: `count` of each arm, however many recordings it has."""
    if count is None:
        return [recording.seeds for recording in recordings]
    recorded: dict[tuple[object, ...], set[int]] = {}
    for recording in recordings:
        recorded.setdefault(_arm(recording), set()).update(recording.seeds)
    chosen = {arm: set(spread(sorted(seeds), count)) for arm, seeds in recorded.items()}
    return [tuple(sorted(chosen[_arm(recording)] & set(recording.seeds))) for recording in recordings]


def _arm(recording: Recording) -> tuple[object, ...]:
    return recording.experiment, recording.arm, recording.key, recording.root, recording.streams
