"""Runs that exist already in an MLflow store, as a table of trials. Reads, and changes nothing there."""

from __future__ import annotations

import csv
import io
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from expkit.errors import InvalidUsage, ServiceAbsent
from expkit.project.guesses import ARM, METRIC, SEED, guess
from expkit.project.names import listed, suggestion
from expkit.tracking.manners import patience, set_manners, uncollected
from expkit.tracking.place import shown, store_file

_PAGE = 1000
_NAMED = 5
"""Runs that are named before the rest is only counted."""
_UNSUCCESSFUL = frozenset({"FAILED", "KILLED"})
_ENDED = _UNSUCCESSFUL | {"FINISHED"}
_INFINITE = 1.7e308
"""What MLflow keeps of an infinity is beyond this."""


@dataclass(frozen=True, kw_only=True)
class Meant:
    """Where in a run the arm, the seed and the metrics stand: `params.agent`, `tags.team`; None to guess."""

    arm: str | None
    seed: str | None
    metrics: tuple[str, ...]
    pick: Literal["last"] | None = None
    """Which of several runs of one arm and seed counts; None refuses them."""


@dataclass(frozen=True, kw_only=True)
class Exported:
    """The runs of an MLflow experiment that have ended as a CSV file."""

    content: bytes
    metrics: tuple[str, ...]
    runs: int
    remarks: tuple[str, ...]
    """What was guessed, and which runs are left out or lack something."""
    chosen: str
    """How rows were made of runs, for the reader of an outcome: which failed, and which are no row."""


@dataclass(frozen=True, kw_only=True)
class _Row:
    arm: str
    seed: str
    run_id: str
    status: str
    started: int
    values: tuple[str, ...]


@uncollected()
def export(uri: str, name: str, meant: Meant) -> Exported:
    """The ended runs of an MLflow experiment: `run_id`, `arm`, `seed`, and the last value of every metric.

    A run that failed or was killed has no values, whatever it had logged: left out, its arm would look better than it
    is. The same runs give the same bytes, whatever order the store tells them in.

    Raises:
        InvalidUsage: no such experiment, a key that no run has, or several runs of one arm and seed.
        ServiceAbsent: the store cannot be read.
    """
    runs = _runs(uri, name)
    finished = [run for run in runs if run.info.status == "FINISHED"]
    if not finished:
        raise InvalidUsage(
            f"no run of {name!r} is finished",
            where=shown(uri),
            why=f"it has {len(runs)} runs",
            mend="wait until its runs have ended, or name another MLflow experiment: expkit ingest mlflow:NAME",
        )
    keys = dict.fromkeys(key for run in finished for key in _keys(run))
    remarks: list[str] = []
    arm = _key(keys, meant.arm, ARM, "--arm", "the arm", remarks)
    seed = _key(keys, meant.seed, SEED, "--seed", "the seed", remarks)
    known = dict.fromkeys(metric for run in finished for metric in run.data.metrics)
    metrics = meant.metrics or (_guessed_metric(known, remarks),)
    for metric in metrics:
        if metric not in known:
            raise InvalidUsage(f"no finished run has a metric {metric!r}", mend=suggestion(metric, known))
    ended = [run for run in runs if run.info.status in _ENDED]
    whole = [run for run in ended if _has(run, arm, seed)]
    rows = _picked([_row(run, arm, seed, metrics) for run in whole], meant.pick)
    taken = {row.run_id for row in rows}
    failed = [run for run in whole if run.info.run_id in taken and run.info.status in _UNSUCCESSFUL]
    without = [run for run in whole if run.info.run_id in taken and run.info.status == "FINISHED"]
    without = [run for run in without if any(metric not in run.data.metrics for metric in metrics)]
    groups = {
        "that failed or were killed count as failed trials": failed,
        f"without {listed(metrics)} count as failed trials": without,
        "that have not ended are left out": [run for run in runs if run.info.status not in _ENDED],
        f"without {arm} or {seed} are left out": [run for run in ended if not _has(run, arm, seed)],
        "with a newer one of the same arm and seed are left out (--pick last)": [
            run for run in whole if run.info.run_id not in taken
        ],
    }
    told = {what: some for what, some in groups.items() if some}
    remarks += [f"runs {what}: {_named(some)}" for what, some in told.items()]
    chosen = "; ".join(f"runs {what}: {len(some)}" for what, some in told.items())
    return Exported(content=_csv(metrics, rows), metrics=metrics, runs=len(rows), remarks=tuple(remarks), chosen=chosen)


def _runs(uri: str, name: str) -> list[Any]:
    """Every run of an experiment that is not deleted."""
    file = store_file(uri)
    if file and not file.is_file():  # mlflow would make one
        raise InvalidUsage("there is no such store", where=shown(uri), mend="name the store with --uri")
    set_manners()
    from alembic.util import CommandError
    from mlflow import MlflowClient  # 1.4 s
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        with patience(timeout_s=10, retries=1):
            client = MlflowClient(tracking_uri=uri, registry_uri=uri)
            experiment = client.get_experiment_by_name(name)
            if experiment is None:
                names = [one.name for one in client.search_experiments()]
                raise InvalidUsage(
                    f"there is no MLflow experiment {name!r}", where=shown(uri), mend=suggestion(name, names)
                )
            return [*_pages(client, experiment.experiment_id)]
    except (MlflowException, SQLAlchemyError, CommandError, sqlite3.Error, OSError) as error:
        raise ServiceAbsent(
            "MLflow could not be read",
            where=shown(uri),
            why=str(error).partition("\n")[0].replace(uri, shown(uri)),
            mend="name a store that answers with --uri, or in MLFLOW_TRACKING_URI",
        ) from error


def _pages(client: Any, experiment_id: str) -> Iterator[Any]:
    token = None
    while True:
        page = client.search_runs([experiment_id], max_results=_PAGE, page_token=token)
        yield from page
        token = page.token
        if not token:
            return


def _keys(run: Any) -> dict[str, str]:
    """What could tell arms and seeds apart, by `params.x` and `tags.x`."""
    params = {f"params.{key}": value for key, value in run.data.params.items()}
    return params | {f"tags.{key}": value for key, value in run.data.tags.items() if not key.startswith("mlflow.")}


def _has(run: Any, arm: str, seed: str) -> bool:
    keys = _keys(run)
    return bool(keys.get(arm) and keys.get(seed))


def _key(
    keys: Collection[str], given: str | None, likely: Sequence[str], option: str, what: str, remarks: list[str]
) -> str:
    if given is not None:
        found = next((key for key in (given, f"params.{given}", f"tags.{given}") if key in keys), None)
        if found is None:
            raise InvalidUsage(f"no finished run has {given!r}", mend=suggestion(given, keys))
        return found
    guessed = guess(keys, likely)
    if guessed is None:
        raise InvalidUsage(f"nothing looks like {what}", mend=f"name it with {option}: {listed(keys)}")
    remarks.append(f"{guessed} was taken for {what}; another one: {option} KEY")
    return guessed


def _guessed_metric(known: Collection[str], remarks: list[str]) -> str:
    found = guess(known, METRIC) or (next(iter(known)) if len(known) == 1 else None)
    if found is None:
        raise InvalidUsage("no metric looks like the result", mend=f"name it with --metric: {listed(known)}")
    remarks.append(f"metric {found!r} was taken for the result; another one: --metric METRIC")
    return found


def _row(run: Any, arm: str, seed: str, metrics: Sequence[str]) -> _Row:
    keys, values = _keys(run), {} if run.info.status in _UNSUCCESSFUL else run.data.metrics
    return _Row(
        arm=keys[arm],
        seed=keys[seed],
        run_id=run.info.run_id,
        status=run.info.status,
        started=run.info.start_time or 0,
        values=tuple(_written(values[metric]) if metric in values else "" for metric in metrics),
    )


def _written(value: float) -> str:
    if abs(value) > _INFINITE:
        return "inf" if value > 0 else "-inf"
    return repr(float(value))


def _picked(rows: Sequence[_Row], pick: Literal["last"] | None) -> list[_Row]:
    """One run for each arm and seed, by arm, seed and run id."""
    trials: dict[tuple[str, str], list[_Row]] = {}
    for row in sorted(rows, key=lambda row: (row.started, row.run_id)):
        trials.setdefault((row.arm, row.seed), []).append(row)
    several = {place: same for place, same in trials.items() if len(same) > 1}
    if several and pick is None:
        said = [f"{arm}, seed {seed}: {', '.join(map(_told, same))}" for (arm, seed), same in several.items()]
        have = "1 pair of arm and seed has" if len(several) == 1 else f"{len(several):,} pairs of arm and seed have"
        raise InvalidUsage(
            f"{have} several runs",
            why="\n  ".join([*said[:10], *([f"and {len(said) - 10} more"] if len(said) > 10 else [])]),
            mend="delete those that do not count, or take the newest of each with --pick last",
        )
    return sorted((same[-1] for same in trials.values()), key=lambda row: (row.arm, row.seed, row.run_id))


def _told(row: _Row) -> str:
    return f"{row.run_id} ({row.status.lower()})" if row.status in _UNSUCCESSFUL else row.run_id


def _named(runs: Sequence[Any]) -> str:
    """Runs by name and id, the first of them; of those that did not finish, how they ended."""
    said = sorted(
        f"{run.info.run_name or 'unnamed'} ({run.info.run_id}"
        f"{'' if run.info.status == 'FINISHED' else ', ' + run.info.status.lower()})"
        for run in runs
    )
    more = f" and {len(said) - _NAMED:,} more" if len(said) > _NAMED else ""
    return ", ".join(said[:_NAMED]) + more


def _csv(metrics: Sequence[str], rows: Sequence[_Row]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["run_id", "arm", "seed", *metrics])
    writer.writerows([row.run_id, row.arm, row.seed, *row.values] for row in rows)
    return text.getvalue().encode()
