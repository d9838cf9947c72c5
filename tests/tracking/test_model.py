from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from expkit.checkpoint.names import model_name
from expkit.errors import PublishingPending
from expkit.outcomes.freshness import parameters
from expkit.records.provenance import Image
from expkit.tracking.model import ALIAS, ModelContent, Registered, register
from expkit.tracking.store import Store
from tests.checkpoint.conftest import COMMIT, Packed, pack
from tests.tracking.conftest import Case

IMAGE = Image(reference="caves.rq01.gambler:0123456789ab-seed3", id=f"sha256:{'c' * 64}")
NAME = "caves.rq01.gambler"
Put = Callable[..., Registered]


def content(packed: Packed, image: Image = IMAGE) -> ModelContent:
    """What packaging hands over."""
    return ModelContent(
        name=model_name(packed.checkpoint),
        checkpoint=packed.checkpoint,
        sha256=packed.sha256,
        files=packed.files,
        image=image,
        parameters=parameters(packed.checkpoint.resolved),
    )


@pytest.fixture
def put(case: Case, store: Store) -> Put:
    """Registers a checkpoint in a store that holds the run of its arm."""
    run = next(iter(store.publish(case.publication()).values()))

    def registered(packed: Packed, image: Image = IMAGE) -> Registered:
        return register(store, content(packed, image), run_id=run.run_id, experiment_id=run.experiment_id)

    return registered


def loaded(uri: str, model: str, statements: str) -> Any:
    """What a program says that knows mlflow and the model's name, and nothing of expkit."""
    code = f"""
import json, sys
import mlflow, numpy as np, pandas as pd
mlflow.set_tracking_uri({uri!r})
model = mlflow.pyfunc.load_model({model!r})
assert not any(name.partition(".")[0] in ("expkit", "numba") for name in sys.modules)
{statements}
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_whoever_knows_the_name_can_load_it_and_ask_for_actions(put: Put, local_uri: str, tmp_path: Path) -> None:
    """A list, an array, a data frame or a single state: every state's better action comes back, in order."""
    packed = pack()
    best = packed.stored(tmp_path / "checkpoint").q.argmax(axis=1).tolist()
    said = loaded(
        local_uri,
        put(packed).uri,
        """
states = [4, 3, 2, 1, 0, 0]
frame, column = pd.DataFrame({"state": states}), np.array(states, dtype=np.int32)[:, None]
given = [states, np.array(states), column, frame]
print(json.dumps([model.predict(each).tolist() for each in given] + [model.predict(2).tolist()]))
""",
    )
    wanted = [best[state] for state in (4, 3, 2, 1, 0, 0)]
    assert said == [wanted, wanted, wanted, wanted, [best[2]]]


def test_a_tie_is_drawn_and_a_state_that_does_not_exist_is_refused(put: Put, local_uri: str) -> None:
    """The drunkard's table is zeros: both actions come. No state is taken from the other end of the table."""
    said = loaded(
        local_uri,
        put(pack("drunkard")).uri,
        """
refused = []
for states in ([5], [-1]):
    try:
        model.predict(states)
    except Exception as error:
        refused.append(str(error))
print(json.dumps([sorted(set(model.predict([0] * 100).tolist())), refused]))
""",
    )
    assert said == [
        [0, 1],
        ["there is no state 5; the states are 0 to 4", "there is no state -1; the states are 0 to 4"],
    ]


def test_a_version_says_which_image_commit_seed_and_evidence(put: Put, client: Any) -> None:
    """As tags, on the version that the alias finds; its run is the arm's, which shows it as its model."""
    packed, digest = pack(), f"localhost:5000/caves@sha256:{'d' * 64}"
    found = put(packed, IMAGE.model_copy(update={"digest": digest}))
    version = client.get_model_version_by_alias(NAME, ALIAS)
    wanted = {
        "expkit.checkpoint": packed.sha256,
        "expkit.seed": "3",
        "expkit.git.commit": COMMIT,
        "expkit.git.dirty": "false",
        "expkit.evidence.digest": packed.checkpoint.evidence_digest,
        "expkit.image.id": IMAGE.id,
        "expkit.image.digest": digest,
    }
    assert wanted.items() <= version.tags.items()
    assert (str(version.version), version.run_id) == (found.version, found.run_id)
    [output] = client.get_run(found.run_id).outputs.model_outputs
    logged = client.get_logged_model(output.model_id)
    assert (logged.source_run_id, str(logged.status)) == (found.run_id, "READY")
    assert logged.params["agent.kind"] == "gambler"
    assert json.loads(logged.tags["mlflow.modelVersions"]) == [{"name": NAME, "version": version.version}]


def test_what_is_kept_is_source_and_arrays(put: Put, client: Any, tmp_path: Path) -> None:
    """No pickle is among the files, and the table and the record are the checkpoint's own, byte for byte."""
    packed = pack()
    [output] = client.get_run(put(packed).run_id).outputs.model_outputs
    folder = Path(client.get_logged_model(output.model_id).artifact_location.removeprefix("file://"))
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert {"MLmodel", "q_policy.py", "artifacts/q_table.npz", "artifacts/checkpoint.json"} <= names
    assert not [name for name in names if name.endswith((".pkl", ".pickle", ".joblib"))]
    assert {name: (folder / "artifacts" / name).read_bytes() for name in packed.files} == packed.files
    with np.load(folder / "artifacts" / "q_table.npz", allow_pickle=False) as file:
        assert file["q"].shape == (5, 2)


def test_the_same_checkpoint_twice_is_one_version(put: Put, client: Any) -> None:
    """The second time says that it was there; an image that was pushed since is noted on it."""
    packed = pack()
    first, second = put(packed), put(packed, IMAGE.model_copy(update={"digest": "localhost:5000/caves@sha256:0"}))
    assert (first.created, second.created) == (True, False)
    assert first.version == second.version
    [version] = client.search_model_versions(f"name = '{NAME}'")
    assert version.tags["expkit.image.digest"] == "localhost:5000/caves@sha256:0"


def test_the_alias_follows_what_was_packaged_last_and_others_are_left_alone(put: Put, client: Any) -> None:
    """Also back to an older version; `champion` is the team's."""
    one, other = pack(seed=3), pack(seed=4)
    first = put(one)
    client.set_registered_model_alias(NAME, "champion", first.version)
    second = put(other)
    assert second.version != first.version
    assert str(client.get_model_version_by_alias(NAME, ALIAS).version) == second.version
    assert str(client.get_model_version_by_alias(NAME, "champion").version) == first.version
    put(one)
    assert str(client.get_model_version_by_alias(NAME, ALIAS).version) == first.version


def test_arms_whose_names_mlflow_refuses_are_registered_all_the_same(put: Put) -> None:
    """A sweep's arm has brackets, an equals sign and a point in its name."""
    odd = "gambler[learning_rate=0.1]"
    found = put(pack().with_(arm=odd, label=odd))
    assert found.name.startswith("caves.rq01.gambler-learning-rate-0-1-")


def test_an_interrupted_registering_is_continued(put: Put, client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was logged before the registry failed becomes the version; it is not logged twice."""
    import mlflow
    from mlflow.exceptions import MlflowException

    def fail(*arguments: Any, **options: Any) -> None:
        raise MlflowException("the registry is gone")

    packed = pack()
    with monkeypatch.context() as fault:
        fault.setattr(mlflow.MlflowClient, "create_model_version", fail)
        with pytest.raises(PublishingPending, match="the registry is gone"):
            put(packed)
    found = put(packed)
    assert found.created
    assert len(client.get_run(found.run_id).outputs.model_outputs) == 1


def test_what_is_not_known_has_no_tag() -> None:
    """Never an empty one."""
    packed = pack().with_(commit=None, dirty=None)
    tags = replace(content(packed), image=Image()).tags
    assert not {"expkit.git.commit", "expkit.git.dirty", "expkit.image.id", "expkit.image.digest"} & set(tags)
