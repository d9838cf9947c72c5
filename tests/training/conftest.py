"""What the tests of training share: work as `plan` hands it out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from expkit.records.work import Work
from expkit.specs.experiment import Streams, TabularArm
from expkit.training.compile import compile_environment
from expkit.training.engine import ENGINE_VERSION

MakeWork = Callable[..., Work]


@pytest.fixture
def make_work() -> MakeWork:
    """Work for one arm of the dungeon; `agent` and `environment` name what differs from the defaults."""

    def make(
        agent: dict[str, Any],
        seeds: Sequence[int] = range(10),
        *,
        steps: int = 10_000,
        streams: Streams = "independent",
        key: str = "0123456789abcdef" * 4,
        **environment: Any,
    ) -> Work:
        arm = TabularArm.model_validate(
            {
                "name": agent["kind"],
                "environment": {"kind": "dungeon"} | environment,
                "agent": agent,
                "trainer": {"kind": "tabular", "steps": steps},
            }
        )
        return Work(
            arm=arm,
            arm_key=key,
            environment_digest=compile_environment(arm.environment).digest,
            engine_version=ENGINE_VERSION,
            root=20261120,
            streams=streams,
            seeds=tuple(seeds),
        )

    return make
