"""The tracking store: it publishes, and never twice. Only it and `model` import mlflow, and that late."""

from __future__ import annotations

import hashlib
import socket
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock

from expkit.tracking.faults import translated
from expkit.tracking.manners import patience, set_manners, uncollected
from expkit.tracking.place import is_server, store_file
from expkit.tracking.publication import Dataset, Family, Publication, RunContent
from expkit.tracking.view import ORDER_TAG

_LOCK_TIMEOUT_S = 60
_SQLITE_TIMEOUT_S = 5


@dataclass(frozen=True, kw_only=True)
class Published:
    """Where a run is, once it is complete."""

    run_id: str
    experiment_id: str
    created: bool
    """Whether this publishing made the run; otherwise it was there."""


@uncollected()
def connect(uri: str, *, root: Path) -> Store:
    """An open store, created where there is none yet: takes seconds, in any one thread, while trials run in others.

    `uri` comes from `expkit.tracking.place.tracking_uri`; `root` is the project's folder.

    Raises:
        PublishingPending: the store cannot be reached, written or understood.
    """
    set_manners()
    from mlflow import MlflowClient  # 1.4 s: nobody who only checks or plans should wait for it

    file = store_file(uri)
    with translated(uri), patience(timeout_s=5, retries=1):
        # mlflow tries a file it cannot open for a hundred seconds
        if file:
            _probe(file)
        lock = _lock(uri, root)
        with lock:  # two processes that create one store at once break each other's migrations
            client = MlflowClient(tracking_uri=uri, registry_uri=uri)
            if is_server(uri):
                client.search_experiments(max_results=1)  # opening a server's client asks the server nothing
    artifacts = None if is_server(uri) else (file.parent if file else root) / "mlruns"
    return Store(uri=uri, client=client, lock=lock, artifacts=artifacts, place=_place(root))


class Store:
    """A tracking store that is open; used by one thread at a time."""

    def __init__(self, *, uri: str, client: Any, lock: FileLock, artifacts: Path | None, place: str) -> None:
        self.uri = uri
        self._client = client
        self._lock = lock
        self._artifacts = artifacts
        """Where runs keep their files; None where a server decides. mlflow's own default is the working folder."""
        self.live_tags = {"expkit.live": "true", "expkit.live.place": place}
        """What marks the runs of trials that are under way in this very project: they hold no results yet."""

    @uncollected()
    def publish(self, publication: Publication) -> dict[str, Published]:
        """Make the store hold these runs, and say by key where each is. What is there and complete is left alone.

        Searches by key, creates with that key, fills, and marks complete; a run that an interrupted publishing left is
        completed in place. The run that an arm's trials were followed in becomes the one that holds their results. Of
        each family the run published last is current, older ones are tagged `expkit.superseded`.

        Raises:
            PublishingPending: the store failed on the way; publishing again continues where it stopped.
        """
        with translated(self.uri), self._lock:
            with patience(timeout_s=5, retries=1):
                experiment_id, current = self._experiment(publication)
            with patience(timeout_s=30, retries=1):
                done = {content.key: self._publish_run(experiment_id, content, current) for content in publication.runs}
                held = {one.run_id for one in done.values()}  # an adopted one was listed without its key
                self._supersede(publication, [run for run in current or [] if run.info.run_id not in held])
                return done

    @contextmanager
    def writing(self) -> Iterator[Any]:
        """The store's client, alone among writers.

        Raises:
            PublishingPending: the store failed on the way.
        """
        with translated(self.uri), self._lock, patience(timeout_s=30, retries=1):
            yield self._client

    def experiment(self, publication: Publication) -> str:
        """The id of the MLflow experiment of a publication, created where there is none; for who is `writing`."""
        found = self._client.get_experiment_by_name(publication.name)
        if found is not None and found.lifecycle_stage != "deleted":
            return str(found.experiment_id)
        return self._experiment(publication)[0]

    def live_runs(self, experiment_id: str, arm_key: str) -> list[Any]:
        """The runs that trials of an arm were followed in, in this project; for who is `writing`."""
        runs = self._search(experiment_id, "expkit.arm.key", arm_key)
        return [run for run in runs if self.live_tags.items() <= run.data.tags.items()]

    def _experiment(self, publication: Publication) -> tuple[str, list[Any] | None]:
        """The MLflow experiment's id, and its runs that are not superseded; None for them where it is new.

        A deleted experiment is restored.
        """
        from mlflow.exceptions import MlflowException

        tags = {
            **publication.tags,
            "mlflow.note.content": publication.description,
            "mlflow.experimentKind": "custom_model_development",  # the interface opens on runs, not on traces
        }
        experiment = self._client.get_experiment_by_name(publication.name)
        if experiment is None:
            place = (self._artifacts / publication.name).as_uri() if self._artifacts else None
            try:
                return self._client.create_experiment(publication.name, artifact_location=place, tags=tags), None
            except MlflowException as error:
                if error.error_code != "RESOURCE_ALREADY_EXISTS":
                    raise
                experiment = self._client.get_experiment_by_name(publication.name)  # another machine was faster
        if experiment.lifecycle_stage == "deleted":
            self._client.restore_experiment(experiment.experiment_id)
        for key, value in tags.items():
            if experiment.tags.get(key) != value:
                self._client.set_experiment_tag(experiment.experiment_id, key, value)
        return experiment.experiment_id, self._search(experiment.experiment_id, "expkit.superseded", "false")

    def _search(self, experiment_id: str, tag: str, value: str) -> list[Any]:
        """The runs of an experiment with this tag, deleted ones too."""
        from mlflow.entities import ViewType

        runs: list[Any] = []
        token = None
        while True:
            page = self._client.search_runs(
                [experiment_id], f"tags.`{tag}` = '{value}'", run_view_type=ViewType.ALL, page_token=token
            )
            runs += page
            if not (token := page.token):
                return runs

    def _publish_run(self, experiment_id: str, content: RunContent, current: list[Any] | None) -> Published:
        run = None if current is None else self._only_run(experiment_id, content, current)
        created = run is None
        if run is None:
            run = self._adopted(content, current or [])
        if run is None:
            tags = {
                **content.tags,
                "expkit.key": content.key,
                "expkit.complete": "false",
                "expkit.superseded": "false",
                "mlflow.note.content": content.description,
            }
            run = self._client.create_run(
                experiment_id, start_time=content.started_ms, tags=tags, run_name=content.name
            )
        run_id = run.info.run_id
        if run.info.lifecycle_stage == "deleted":
            self._client.restore_run(run_id)
        if not _complete(run) or run.info.status != content.status:
            try:
                self._fill(run, content)
            except BaseException as fault:
                # a run that nobody is writing must not look as if somebody were
                with suppress(Exception), patience(timeout_s=5, retries=0):
                    self._client.set_terminated(run_id, "FAILED" if isinstance(fault, Exception) else "KILLED")
                raise
        if run.data.tags.get("expkit.superseded") != "false":
            self._client.set_tag(run_id, "expkit.superseded", "false")
        # a hypothesis that is amended moves the runs that it speaks of, and changes none
        if not created and run.data.tags.get(ORDER_TAG) != content.tags.get(ORDER_TAG):
            self._client.set_tag(run_id, ORDER_TAG, content.tags[ORDER_TAG])
        return Published(run_id=run_id, experiment_id=experiment_id, created=created)

    def _only_run(self, experiment_id: str, content: RunContent, current: list[Any]) -> Any | None:
        """The one run with this content's key, None where there is none.

        A request that timed out may have created a run all the same, so there can be copies: a complete one is kept, or
        the oldest, and the others are deleted (which can be undone in the interface).
        """
        copies = [run for run in current if run.data.tags.get("expkit.key") == content.key]
        if not copies:  # it may be a superseded one
            copies = self._search(experiment_id, "expkit.key", content.key)
        copies.sort(
            key=lambda run: (
                run.info.lifecycle_stage == "deleted",
                not _complete(run),
                run.info.start_time,
                run.info.run_id,
            )
        )
        # parameters cannot be changed: a half-written run that holds others is no beginning of this one
        kept = next(
            (run for run in copies if _complete(run) or run.data.params.items() <= content.params.items()), None
        )
        for run in copies:
            if run is not kept and run.info.lifecycle_stage != "deleted":
                self._client.delete_run(run.info.run_id)
        return kept

    def _adopted(self, content: RunContent, current: list[Any]) -> Any | None:
        """The newest run that these trials were followed in, from now on with this content's key; None without one."""
        from mlflow.entities import RunTag

        key = content.tags.get("expkit.arm.key")
        followed = [
            run
            for run in current
            if self.live_tags.items() <= run.data.tags.items()
            and run.data.tags.get("expkit.arm.key") == key
            and Family.of(run.data.tags) == content.family
            and run.info.lifecycle_stage == "active"
            and run.data.params.items() <= content.params.items()
        ]
        if not followed:
            return None
        run_id = max(followed, key=lambda run: (run.info.start_time, run.info.run_id)).info.run_id
        tags = {**content.tags, "expkit.key": content.key, "expkit.live": "false"}
        tags["mlflow.note.content"] = content.description
        # in one batch: an interruption leaves a live run, or one that is found by its key and completed
        self._client.log_batch(run_id, tags=[RunTag(name, value) for name, value in tags.items()])
        return self._client.get_run(run_id)

    def _fill(self, run: Any, content: RunContent) -> None:
        from mlflow.entities import Metric, Param

        run_id = run.info.run_id
        # files first: mlflow reads the run back to find their place, which is quicker while it holds no metrics
        with tempfile.TemporaryDirectory(prefix="expkit-") as folder:
            for artifact in content.artifacts:
                artifact.write(Path(folder))
            self._client.log_artifacts(run_id, folder)
        if content.datasets:
            self._client.log_inputs(run_id, [_dataset_input(one) for one in content.datasets])
        # the run's own time on every point: a point that was written before stays one point, whoever writes it again
        self._client.log_batch(
            run_id,
            metrics=[Metric(point.key, point.value, run.info.start_time, point.step) for point in content.metrics],
            params=[Param(key, value) for key, value in content.params.items()],
        )
        self._client.set_tag(run_id, "expkit.complete", "true")
        self._client.set_terminated(run_id, content.status, content.ended_ms)

    def _supersede(self, publication: Publication, current: list[Any]) -> None:
        """Tag the publication's older runs, those of arms that are gone or renamed too.

        A run that was never completed will not be any more.
        """
        keys = {content.key for content in publication.runs}
        families = [content.family for content in publication.runs]
        owners = {(content.family.project, content.family.question) for content in publication.runs}
        for run in current:
            tags = run.data.tags
            family = Family.of(tags)
            ours = family is not None and (family.project, family.question) in owners
            if run.info.status == "RUNNING" and tags.get("expkit.live") == "true" and family not in families:
                continue  # of an arm that somebody is running
            if ours and tags.get("expkit.key") not in keys and run.info.lifecycle_stage == "active":
                self._client.set_tag(run.info.run_id, "expkit.superseded", "true")
                if run.info.status == "RUNNING":
                    self._client.set_terminated(run.info.run_id, "KILLED")


def _complete(run: Any) -> bool:
    return bool(run.data.tags.get("expkit.complete") == "true")


def _dataset_input(dataset: Dataset) -> Any:
    from mlflow import entities

    return entities.DatasetInput(
        entities.Dataset(
            name=dataset.name,
            digest=dataset.digest,
            source_type=dataset.source_type,
            source=dataset.source,
            schema=dataset.schema,
            profile=dataset.profile,
        ),
        [entities.InputTag("mlflow.data.context", dataset.context)],
    )


def _place(root: Path) -> str:
    """A project's folder on its machine as a digest: neither's name is published."""
    return hashlib.sha256(f"{socket.gethostname()}\n{root.resolve()}".encode()).hexdigest()[:16]


def _lock(uri: str, root: Path) -> FileLock:
    """What writers wait for: beside a local store for all its projects, else in the project."""
    file = store_file(uri)
    place = file.with_name(f"{file.name}.lock") if file else root / ".expkit" / "publishing.lock"
    place.parent.mkdir(parents=True, exist_ok=True)
    # connecting and publishing may happen in different threads
    return FileLock(place, timeout=_LOCK_TIMEOUT_S, thread_local=False)


def _probe(file: Path) -> None:
    """Open an SQLite file for writing, and create it where there is none."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(file, timeout=_SQLITE_TIMEOUT_S, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("ROLLBACK")
