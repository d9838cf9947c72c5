from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from expkit.checkpoint.names import fitted, image_reference, model_name
from expkit.records.provenance import Patch
from tests.checkpoint.conftest import COMMIT, Packed

_REPOSITORY = re.compile(r"[a-z0-9]+(?:[._-]+[a-z0-9]+)*")


def test_a_plain_arm_keeps_its_name(packed: Packed) -> None:
    """What is fit already is not touched; the image's tag says which commit and which seed."""
    assert model_name(packed.checkpoint) == "caves.rq01.gambler"
    assert image_reference(packed.checkpoint, None) == f"caves.rq01.gambler:{COMMIT[:12]}-seed3"


def test_a_dirty_tree_and_no_commit_are_said(packed: Packed) -> None:
    """A name never claims a commit that does not explain the numbers."""
    dirty = packed.with_(dirty=True).checkpoint
    for digit in "ab":  # two trees are two names
        patch = Patch(sha256=digit * 64, bytes=1, truncated=False)
        assert image_reference(dirty, patch).endswith(f":{COMMIT[:12]}-dirty-{digit * 8}-seed3")
    assert image_reference(dirty, None).endswith(f":{COMMIT[:12]}-dirty-seed3")
    assert image_reference(packed.with_(commit=None, dirty=None).checkpoint, None).endswith(":no-commit-seed3")


def test_arms_of_one_name_in_two_experiments_have_two_names(packed: Packed) -> None:
    """A question with several experiments calls its arms by both names."""
    assert model_name(packed.with_(label="strategies/gambler").checkpoint) == "caves.rq01.strategies.gambler"


@given(st.text(max_size=80))
def test_every_name_is_made_fit(name: str) -> None:
    """Project names are free text and arms of a sweep have brackets: engines and MLflow take what comes of it."""
    assert _REPOSITORY.fullmatch(fitted(name))
    assert len(fitted(name)) <= 67


@given(st.text(max_size=12), st.text(max_size=12))
def test_two_names_never_become_one(one: str, other: str) -> None:
    """`Gambler` and `gambler` are two arms."""
    assert (fitted(one) == fitted(other)) == (one == other)


def test_a_sweeps_arm_is_still_readable() -> None:
    """Its settings are in the name."""
    assert re.fullmatch(r"gambler-learning-rate-0-1-[0-9a-f]{6}", fitted("gambler[learning_rate=0.1]"))
