"""The fields every run has, whatever it holds: parameters, points, origin and times, as MLflow takes them."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from expkit.records.provenance import Image
from expkit.specs.base import Setting
from expkit.tracking.notes import PARAM_LIMIT, fitted
from expkit.tracking.publication import Point

if TYPE_CHECKING:
    from expkit.ledger.results import ArmResults


def settings(parameters: Mapping[str, Setting], *, root: int, count: int, streams: str) -> dict[str, Setting]:
    """Everything an arm's run names: how the arm is configured, then its seeds."""
    return {**parameters, "seeds.root": root, "seeds.count": count, "seeds.streams": streams}


def params(settings: Mapping[str, Setting]) -> dict[str, str]:
    """Settings as parameters."""
    return {
        name: fitted(written(value), limit=PARAM_LIMIT, whole="experiment.yaml") for name, value in settings.items()
    }


def written(value: Setting) -> str:
    """A setting as text: booleans in lower case, numbers as YAML and JSON write them."""
    return value if isinstance(value, str) else json.dumps(value)


def finite(points: Iterable[tuple[str, float | None, int]]) -> Iterator[Point]:
    """The points that exist: MLflow would store an infinity as 1.8e308 and a missing value as a NaN."""
    return (Point(key, value, step) for key, value, step in points if value is not None and math.isfinite(value))


def origin_tags(
    *,
    commit: str | None,
    branch: str | None,
    dirty: bool | None,
    image: Image,
    mixed: bool,
    executor: str,
    command: Sequence[str],
) -> dict[str, str]:
    """Where results came from; what is not known has no tag. The commit is there twice: MLflow hides its own tags.

    `image` is that of the newest attempt, as all of this is; `mixed` says that others ran in another one, or on a host.
    """
    tags = {
        "expkit.git.commit": commit,
        "expkit.git.branch": branch,
        "expkit.git.dirty": None if dirty is None else written(dirty),
        "expkit.image.id": image.id or "host",
        "expkit.image.digest": image.digest,
        "expkit.image.reference": image.reference,
        "expkit.image.revision": image.revision,
        "expkit.image.platform": image.platform,
        "expkit.image.mixed": written(mixed),
        "expkit.executor": executor,
        "mlflow.source.git.commit": commit,
        "mlflow.source.name": fitted(" ".join(command), limit=PARAM_LIMIT, whole="provenance.json"),
        "mlflow.source.type": "LOCAL",
    }
    return {key: value for key, value in tags.items() if value}


def mixed_images(results: Iterable[ArmResults], image: Image) -> bool:
    """Whether some results come from another place than `image` as well: another image, or a host instead of one."""
    return any(attempt.provenance.image.id != image.id for arm in results for attempt in arm.attempts)


def milliseconds(moment: str) -> int:
    """A moment of a record as milliseconds since 1970, UTC."""
    return round(datetime.fromisoformat(moment).timestamp() * 1000)
