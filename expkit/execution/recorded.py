"""The executor of results that exist already: nothing runs, the rows of a file become the trials of their arms."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from expkit.digests import digest
from expkit.execution.events import Ended, Event, Progress, Stage
from expkit.project.results import NoResults, RecordedTrials, read_results
from expkit.records.attempt import FailedTrial, Result
from expkit.records.provenance import Image
from expkit.records.work import Work
from expkit.specs.experiment import RecordedArm


class RecordedExecutor:
    """Takes the rows of recorded arms from the files of the project at a root."""

    name = "recorded"
    image: Image | None = None
    where = "nothing runs: results that exist already are taken in"

    def __init__(self, root: Path) -> None:
        self._root = root

    def execute(self, batches: Sequence[Work], stage: Stage, stopping: Callable[[], bool]) -> Iterator[Event]:
        """Yield every batch, ended; after `stopping` says so, return."""
        for work in batches:
            if stopping():
                return
            started, result, error = _now(), None, None
            try:
                result = _result(work, self._trials(work.arm))
            except (OSError, NoResults, _Changed) as failure:
                error = str(failure)
            if result:
                yield Progress(arm=work.arm.name, steps=0, trials=len(work.seeds))
            yield Ended(work=work, folder=stage(work), started=started, ended=_now(), result=result, error=error)

    def _trials(self, arm: object) -> RecordedTrials:
        assert isinstance(arm, RecordedArm)
        file = arm.trainer.file
        trials = read_results(file, (self._root / file).read_bytes(), arm.trainer).get(arm.recorded_as)
        if trials is None or trials.rows.digest != arm.digest:
            raise _Changed(f"{file} has other rows of {arm.recorded_as!r} than a moment ago")
        return trials


class _Changed(Exception):
    """A file that somebody wrote to since the project was read."""


def _result(work: Work, trials: RecordedTrials) -> Result:
    rows = [trials.trials[seed] for seed in work.seeds]
    return Result(
        metrics={name: tuple(row.values[k] for row in rows) for k, name in enumerate(trials.metrics)},
        trial_digests=tuple(
            digest({"seed": row.seed, "metrics": dict(zip(trials.metrics, row.values, strict=True))}) for row in rows
        ),
        failed=tuple(
            FailedTrial(seed=seed, why=row.failed) for seed, row in zip(work.seeds, rows, strict=True) if row.failed
        ),
        steps=0,
    )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
