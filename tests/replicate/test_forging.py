from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.conftest import Desk
from tests.replicate.acts import (
    again,
    edit_evidence,
    failures,
)


def other_root(replication: dict[str, Any]) -> None:
    """A root that another commit gives, or that somebody liked."""
    for arm in replication["arms"]:
        arm["root"] = 11


def other_commit(replication: dict[str, Any]) -> None:
    """A commit that does not give the root."""
    replication["draw"]["commit"] = "0" * 40


def registered_root(replication: dict[str, Any]) -> None:
    """Given by hand, and none other than the registered one."""
    replication["draw"] = {"commit": None, "pushed": None}
    for arm in replication["arms"]:
        arm["root"] = arm["registered_root"]


def verdict(replication: dict[str, Any]) -> None:
    """A verdict that its interval does not give."""
    replication["hypotheses"][0].update(verdict="refuted", agree=False)


def agree(replication: dict[str, Any]) -> None:
    """Agreement of what differs."""
    replication["hypotheses"][1]["registered"] = "supported"


def region(replication: dict[str, Any]) -> None:
    """A bound that the interval would meet whatever it is."""
    replication["hypotheses"][0]["region"]["low"] = 0.0


def count(replication: dict[str, Any]) -> None:
    """Fewer seeds than were registered."""
    for arm in replication["arms"]:
        arm["count"] = 5


def untested(replication: dict[str, Any]) -> None:
    """A verdict without numbers."""
    replication["hypotheses"][0].update(estimate=None, interval=None, level=None)


@pytest.mark.parametrize(
    ("forge", "said"),
    [
        (other_root, "its commit gives"),
        (other_commit, "its commit gives"),
        (registered_root, "has the registered root"),
        (verdict, "its deciding interval says supported"),
        (agree, "h2 is refuted and was supported, and is said to agree"),
        (region, "h1 is judged by another region"),
        (count, "h1 was registered on arms, roots or seeds that it does not replicate"),
        (untested, "h1 is supported without a test"),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_a_forged_replication_is_found(clear: Desk, forge: Callable[[dict[str, Any]], None], said: str) -> None:
    """Root and commit, interval and verdict, replication and registration: each is held against the other."""
    again(clear, record=True)
    edit_evidence(clear, lambda content: forge(content["replications"][0]))
    assert any("contradicts itself" in failure and said in failure for failure in failures(clear)), failures(clear)


def test_a_committed_replication_cannot_be_taken_back(clear: Desk) -> None:
    """It is only ever added to; git remembers."""
    again(clear, record=True)
    clear.commit()
    edit_evidence(clear, lambda content: content.pop("replications"))
    assert any("1 of the replications that commits hold changed or gone" in failure for failure in failures(clear))
