"""A checkpoint as a registered model: a version of its arm's model, made once, and an alias that finds the newest.

A version is known by the digest of its `checkpoint.json`, in the tag `expkit.checkpoint`: packaging the same checkpoint
again finds it. The alias `current` is on the version that was packaged last. Other aliases, such as `champion`, are
the team's to give, and are never touched.
"""

from __future__ import annotations

import json
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from expkit.checkpoint.names import fitted
from expkit.records.checkpoint import CHECKPOINT_FILE, TABLE_FILE, Checkpoint
from expkit.records.provenance import Image
from expkit.specs.base import Setting
from expkit.tracking.fields import params, written
from expkit.tracking.manners import uncollected
from expkit.tracking.notes import note
from expkit.tracking.store import Store

ALIAS = "current"
_KEY = "expkit.checkpoint"
_CODE = "q_policy.py"
_MODEL_TYPE = "tabular policy"


@dataclass(frozen=True, kw_only=True)
class ModelContent:
    """Everything one version of a registered model holds."""

    name: str
    """The registered model's."""
    checkpoint: Checkpoint
    sha256: str
    """Of `checkpoint.json`."""
    files: Mapping[str, bytes]
    """The checkpoint's own, by name."""
    image: Image
    """The checkpoint's image."""
    parameters: Mapping[str, Setting]
    """The arm's, flattened."""

    @property
    def tags(self) -> dict[str, str]:
        """What the version is found and explained by; what is not known has no tag."""
        one = self.checkpoint
        tags = {
            _KEY: self.sha256,
            "expkit.project": one.project,
            "expkit.rq": one.question,
            "expkit.experiment": one.experiment,
            "expkit.arm": one.arm,
            "expkit.arm.key": one.arm_key,
            "expkit.seed": str(one.seed),
            "expkit.seed.rule": one.rule,
            "expkit.trial": one.trial_digest,
            "expkit.evidence.digest": one.evidence_digest,
            "expkit.git.commit": one.commit,
            "expkit.git.dirty": None if one.dirty is None else written(one.dirty),
            "expkit.image.reference": self.image.reference,
            "expkit.image.id": self.image.id,
            "expkit.image.digest": self.image.digest,
        }
        return {key: value for key, value in tags.items() if value is not None}


@dataclass(frozen=True, kw_only=True)
class Registered:
    """A version of a registered model."""

    name: str
    version: str
    run_id: str
    """The run of its arm."""
    created: bool
    """Whether this registering made it; otherwise it was there."""

    @property
    def uri(self) -> str:
        """What `mlflow.pyfunc.load_model` takes."""
        return f"models:/{self.name}@{ALIAS}"


@uncollected()
def register(store: Store, content: ModelContent, *, run_id: str, experiment_id: str) -> Registered:
    """Make the store hold this version, with the alias on it. `run_id` is the run of its arm.

    Raises:
        PublishingPending: the store failed on the way; registering again continues where it stopped.
    """
    with store.writing() as client:
        _ensure_model(client, content)
        version = next(_versions(client, content), None)
        created = version is None
        if version is None:
            model = next(_logged(client, content, experiment_id), None)
            if model is None:
                model = _log(client, content, run_id, experiment_id)
            version = client.create_model_version(
                content.name,
                model.artifact_location,  # an address models:/ID would be looked up in the process's own default store
                run_id,
                tags=content.tags,
                description=_description(content),
                model_id=model.model_id,
            )
            # what a server does by itself: the run's page then shows the model as a registered one
            there = json.dumps([{"name": content.name, "version": version.version}])
            client.set_logged_model_tags(model.model_id, {"mlflow.modelVersions": there})
        for key, value in content.tags.items():  # the same checkpoint may have been given another image since
            if version.tags.get(key) != value:
                client.set_model_version_tag(content.name, version.version, key, value)
        client.set_registered_model_alias(content.name, ALIAS, version.version)
        return Registered(name=content.name, version=str(version.version), run_id=version.run_id, created=created)


def _ensure_model(client: Any, content: ModelContent) -> None:
    from mlflow.exceptions import MlflowException

    try:
        client.get_registered_model(content.name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        one = content.checkpoint
        tags = {
            "expkit.project": one.project,
            "expkit.rq": one.question,
            "expkit.experiment": one.experiment,
            "expkit.arm": one.arm,
        }
        text = f"""Trained agents of the arm **{one.label}** of the question `{one.question}`, project `{one.project}`.

Every version is one seed's final table. `{ALIAS}` is the one packaged last."""
        client.create_registered_model(content.name, tags=tags, description=text)


def _versions(client: Any, content: ModelContent) -> Iterator[Any]:
    """The versions that hold this checkpoint, oldest first: one, but for two machines that registered at once."""
    token, found = None, []
    while True:
        page = client.search_model_versions(f"name = '{content.name}'", page_token=token)
        found += [one for one in page if one.tags.get(_KEY) == content.sha256 and one.status == "READY"]
        if not (token := page.token):
            return iter(sorted(found, key=lambda one: int(one.version)))


def _logged(client: Any, content: ModelContent, experiment_id: str) -> Iterator[Any]:
    """What an interrupted registering has logged already."""
    found = client.search_logged_models([experiment_id], filter_string=f"tags.`{_KEY}` = '{content.sha256}'")
    return (model for model in found if str(model.status) == "READY")


def _log(client: Any, content: ModelContent, run_id: str, experiment_id: str) -> Any:
    """The model as files at the store, in the experiment and as an output of the run."""
    from mlflow.entities import LoggedModelOutput

    model = client.create_logged_model(
        experiment_id,
        name=f"{fitted(content.checkpoint.arm)}-seed{content.checkpoint.seed}",
        source_run_id=run_id,
        tags=content.tags,
        params=params(content.parameters),
        model_type=_MODEL_TYPE,
    )
    with tempfile.TemporaryDirectory(prefix="expkit-") as folder:
        saved = _save(Path(folder), content, model, run_id)
        client.log_model_artifacts(model.model_id, str(saved))
    client.log_outputs(run_id, [LoggedModelOutput(model.model_id, step=0)])
    return client.finalize_logged_model(model.model_id, "READY")


def _save(folder: Path, content: ModelContent, model: Any, run_id: str) -> Path:
    """The model as MLflow lays it out: the code as source, the checkpoint's files beside it, and no pickle."""
    import mlflow.pyfunc
    import numpy as np
    from mlflow.models import Model, ModelSignature
    from mlflow.types import ColSpec, Schema

    # a copy: MLflow writes down where the code lay
    code = folder / _CODE
    code.write_bytes(Path(__file__).with_name(_CODE).read_bytes())
    for name, file in content.files.items():
        (folder / name).write_bytes(file)
    whole_numbers = Schema([ColSpec("long")])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a model without an example might have a schema that is wrong
        mlflow.pyfunc.save_model(
            folder / "model",
            python_model=str(code),
            artifacts={"q_table": str(folder / TABLE_FILE), "checkpoint": str(folder / CHECKPOINT_FILE)},
            signature=ModelSignature(inputs=whole_numbers, outputs=whole_numbers),
            pip_requirements=[f"mlflow=={mlflow.__version__}", f"numpy=={np.__version__}"],
            mlflow_model=Model(
                artifact_path=model.artifact_location,
                run_id=run_id,
                model_uuid=model.model_id,
                model_id=model.model_id,
                metadata={_KEY: content.sha256},
            ),
        )
    return folder / "model"


def _description(content: ModelContent) -> str:
    one = content.checkpoint
    image = content.image.digest or content.image.reference
    return note(
        f"""**{one.title}**: its final table earns {one.metrics["greedy_gain"]:.6g} a step, exactly; the optimum is
{one.optimal_gain:.6g}.

    docker run --rm {image} evaluate --episodes 1000
    docker run --rm {image} act --state 0
    docker run --rm {image} info""",
        whole="the image's command info",
    )
