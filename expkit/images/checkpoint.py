"""The image of a checkpoint: the image that holds its code, with the checkpoint in it and a command of its own."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import BinaryIO

from expkit.containers.engine import Engine
from expkit.containers.image import Inspected, resolve, said
from expkit.containers.question import ask
from expkit.errors import CheckFailed, ExecutorFailed, ServiceAbsent
from expkit.images.build import build, call
from expkit.records.checkpoint import Checkpoint

_FOLDER = "checkpoint"
_PREFIX = "expkit.checkpoint"
_OCI = "org.opencontainers.image"
_LINES = 5


def checkpoint_context(parent: str, files: Mapping[str, bytes]) -> BinaryIO:
    """What the image is built from, as a tar file: the same bytes for the same files on the same parent.

    parent: the id of the image it is built on; files: the checkpoint's own, by name.
    """
    commands = [
        f"FROM {parent}",
        f"COPY {_FOLDER} /{_FOLDER}",
        'ENTRYPOINT ["python", "-m", "expkit.checkpoint.main"]',
        "CMD []",
    ]
    contents = {"Dockerfile": "\n".join([*commands, ""]).encode()}
    contents |= {f"{_FOLDER}/{name}": content for name, content in files.items()}
    context = io.BytesIO()
    with tarfile.open(fileobj=context, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for path, content in sorted(contents.items()):
            entry = tarfile.TarInfo(path)  # no owner, no time: nothing but path, mode and content
            entry.size, entry.mode = len(content), 0o644
            tar.addfile(entry, io.BytesIO(content))
    context.seek(0)
    return context


def checkpoint_labels(checkpoint: Checkpoint, sha256: str) -> dict[str, str]:
    """What the image says of itself, to whoever only inspects it.

    `org.opencontainers.image.revision` is inherited: it is the commit of the code inside. The commit that the trial was
    trained from, which may be an earlier one, has a label of its own.
    """
    own = {
        "digest": sha256,
        "question": checkpoint.question,
        "experiment": checkpoint.experiment,
        "arm": checkpoint.arm,
        "arm.key": checkpoint.arm_key,
        "seed": str(checkpoint.seed),
        "rule": checkpoint.rule,
        "commit": checkpoint.commit,
        "dirty": None if checkpoint.dirty is None else json.dumps(checkpoint.dirty),
        "trial": checkpoint.trial_digest,
        "evidence": checkpoint.evidence_digest,
        "parent": checkpoint.parent.id,
    }
    labels = {f"{_PREFIX}.{name}": value for name, value in own.items() if value is not None}
    labels[f"{_OCI}.title"] = checkpoint.title
    labels[f"{_OCI}.description"] = f"A trained agent of {checkpoint.project}: evaluate, act, info"
    if checkpoint.parent.reference:
        labels[f"{_OCI}.base.name"] = checkpoint.parent.reference
    if checkpoint.parent.digest:
        labels[f"{_OCI}.base.digest"] = checkpoint.parent.digest.partition("@")[2]
    return labels


def build_checkpoint(
    engine: Engine,
    checkpoint: Checkpoint,
    *,
    sha256: str,
    files: Mapping[str, bytes],
    reference: str,
    on_line: Callable[[str], None],
) -> Inspected:
    """The image of a checkpoint, under one name, which it gets once it has told in a container what it holds.

    Raises:
        BuildFailed: a step failed; with its last lines.
        CheckFailed: the image does not know its checkpoint. The name stays with whichever image has it.
        ServiceAbsent: the engine cannot start it, or went away; the same.
    """
    from docker.errors import DockerException
    from requests.exceptions import RequestException

    assert checkpoint.parent.id is not None
    image = build(
        engine,
        checkpoint_context(checkpoint.parent.id, files),
        tags=(),
        labels=checkpoint_labels(checkpoint, sha256),
        arguments={},
        on_line=on_line,
    )
    with _kept_if_all_is_well(engine, image, parent=checkpoint.parent.id):
        answer = _asked(engine, image)
        if answer != sha256:
            raise CheckFailed(
                "the image that was built does not know its checkpoint",
                where=f"on {checkpoint.parent.reference or checkpoint.parent.id}",
                why="\n  ".join(line.strip() for line in answer.splitlines()[-_LINES:]) or "it says nothing",
                mend="build on an image of this expkit: expkit image build, then --image project",
            )
        try:
            call(engine, image.id, reference)
        except (DockerException, RequestException) as error:
            raise ServiceAbsent(
                "the container engine gives the image no name",
                where=reference,
                why=said(error),
                mend="see that the engine runs (expkit doctor), then type the same command again",
            ) from error
    return resolve(engine, reference, pull=False)


@contextmanager
def _kept_if_all_is_well(engine: Engine, image: Inspected, *, parent: str) -> Iterator[None]:
    """An image that nobody has named is not left behind, whatever goes wrong, and that is what is told."""
    from docker.errors import DockerException
    from requests.exceptions import RequestException

    try:
        yield
    except BaseException:
        with suppress(DockerException, RequestException):
            step = image.id
            while step and step != parent:  # step by step: an engine that prunes would take a nameless parent with them
                document = engine.client.api.inspect_image(step)
                if document.get("RepoTags"):
                    break  # an earlier build made the same image, and it has a name
                engine.client.api.remove_image(step, noprune=True)
                step = document.get("Parent")
        raise


def _asked(engine: Engine, image: Inspected) -> str:
    """The digest that an image says its checkpoint has, or else its complaint."""
    try:
        answer = ask(engine, image, ["info", "--json"], own_entrypoint=True)
        if answer.exit.why:
            return str(answer.exit)
        return str(json.loads(answer.said).get("checkpoint_digest"))
    except ExecutorFailed as refused:
        return refused.why or refused.what
    except (ValueError, AttributeError) as error:
        return str(error)
