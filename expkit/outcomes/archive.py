"""The archive: every version of every evidence file, in git's history and the work tree, with what is only added to.

Every branch, tag and remote counts, and what a branch stood on before it was set elsewhere: data that were looked at
were looked at, whatever became of their commit. The files of other questions are read too, those of deleted and renamed
ones included, because an arm that another question recorded first has data already, whatever this machine's ledger
holds.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from contextlib import suppress

from pydantic import ValidationError

from expkit.errors import CheckFailed
from expkit.outcomes.replication import unique
from expkit.outcomes.serialise import parse_evidence
from expkit.outcomes.standing import Records, earliest, first_recordings
from expkit.project.paths import QUESTIONS, Paths
from expkit.provenance.history import History
from expkit.records.evidence import Evidence, Replication
from expkit.records.registration import Registration


def read_records(paths: Paths, history: History, question: str, arm_keys: Collection[str]) -> Records:
    """What evidence files tell of the first recordings of some arms.

    Args:
        paths: the project.
        history: its history, where deleted and rewritten files live on.
        question: the question's id.
        arm_keys: the keys of its arms; files of other questions that name none of them are passed over.
    """
    own = [registrations_in(content) for content in _versions(paths, history, question)]
    files, alone = [first_recordings(own)], [first_recordings([version]) for version in own]
    sought = [key.encode() for key in arm_keys]
    for other in _questions(paths, history):
        if other != question:
            contents = [
                content for content in _versions(paths, history, other) if any(key in content for key in sought)
            ]
            versions = [registrations_in(content) for content in contents]
            files.append(first_recordings(versions))
            alone += [first_recordings([version]) for version in versions]
    return Records(own=union(own), first=earliest(files), by_moment=earliest(alone))


def committed(paths: Paths, history: History, question: str) -> tuple[Registration, ...]:
    """Every registration that any commit's evidence of a question holds, oldest first."""
    versions = history.versions(paths.relative(paths.evidence(question)))
    return union([registrations_in(content) for _, content in reversed(versions)])


def last_committed(paths: Paths, history: History, question: str) -> Evidence | None:
    """The newest evidence of a question that a commit holds and this version of expkit reads; None without one."""
    place = paths.relative(paths.evidence(question))
    for _, content in history.versions(place):
        with suppress(CheckFailed):
            return parse_evidence(content, where=place)
    return None


def read_replications(paths: Paths, history: History, question: str) -> tuple[Replication, ...]:
    """Every replication that any version of a question's evidence holds, in the order they were recorded."""
    return unique([one for content in _versions(paths, history, question) for one in replications_in(content)])


def committed_replications(paths: Paths, history: History, question: str) -> tuple[Replication, ...]:
    """Every replication that any commit's evidence of a question holds, oldest first."""
    versions = history.versions(paths.relative(paths.evidence(question)))
    return unique([one for _, content in reversed(versions) for one in replications_in(content)])


def registrations_in(content: bytes) -> tuple[Registration, ...]:
    """The registrations of one version of an evidence file; none where it is no evidence, as amid a merge."""
    try:
        entries = json.loads(content)["registrations"]
        return tuple(Registration.model_validate_json(json.dumps(entry)) for entry in entries)
    except (ValueError, KeyError, TypeError, ValidationError):
        return ()


def replications_in(content: bytes) -> tuple[Replication, ...]:
    """The replications of one version of an evidence file; none where it is no evidence, as amid a merge."""
    if b'"replications"' not in content:
        return ()
    try:
        entries = json.loads(content)["replications"]
        return tuple(Replication.model_validate_json(json.dumps(entry)) for entry in entries)
    except (ValueError, KeyError, TypeError, ValidationError):
        return ()


def union(versions: Collection[Collection[Registration]]) -> tuple[Registration, ...]:
    """All entries of some versions, each once, in the order of their first appearance."""
    return tuple({entry.model_dump_json(): entry for entries in versions for entry in entries}.values())


def _versions(paths: Paths, history: History, question: str) -> list[bytes]:
    """The contents of an evidence file in any commit, oldest first, the work tree's last."""
    file = paths.evidence(question)
    contents = [content for _, content in reversed(history.versions(paths.relative(file), anywhere=True))]
    with suppress(OSError):  # never run, or deleted: history tells what there was
        contents.append(file.read_bytes())
    return contents


def _questions(paths: Paths, history: History) -> list[str]:
    """Every question that ever had evidence, deleted and renamed ones too."""
    now = {folder.name for folder in paths.questions.iterdir() if folder.is_dir()}
    ever = {
        place.split("/")[1] for place in history.paths(QUESTIONS, anywhere=True) if place.endswith("/evidence.json")
    }
    return sorted(now | ever)
