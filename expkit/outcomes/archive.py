"""The archive: every version of every evidence file, in git's history and the work tree, with what is only added to.

Every branch, tag and remote counts, and what a branch stood on before it was set elsewhere: data that were looked at
were looked at, whatever became of their commit. The files of other questions are read too, those of deleted and renamed
ones included, because an arm that another question recorded first has data already, whatever this machine's ledger
holds.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import NamedTuple

from pydantic import TypeAdapter, ValidationError

from expkit.errors import CheckFailed
from expkit.ledger.ledger import Ledger
from expkit.outcomes.draws import Redrawn, kept_draws, may_be_redrawn, redrawn
from expkit.outcomes.replication import unique
from expkit.outcomes.serialise import parse_evidence
from expkit.outcomes.standing import Recording, Records, Trial, earliest, first_recordings, with_attempts
from expkit.plan import PlannedArm
from expkit.project.paths import QUESTIONS, Paths
from expkit.provenance.history import History
from expkit.records.evidence import Evidence, Replication
from expkit.records.registration import Registration, Standing

_REGISTRATIONS = TypeAdapter(tuple[Registration, ...])
_REPLICATIONS = TypeAdapter(tuple[Replication, ...])
_FILES = f"{QUESTIONS}/*/evidence.json"
"""In the project; or below any folder, as of other projects in the repository and of this one before it was moved."""


def read_records(
    paths: Paths, history: History, question: str, arm_keys: Collection[str], standing: Sequence[Standing]
) -> Records:
    """What evidence files tell of the first recordings of some arms, and of what these hypotheses were drawn on before.

    Args:
        paths: the project.
        history: its history, where deleted and rewritten files live on.
        question: the question's id.
        arm_keys: the keys of its arms.
        standing: every hypothesis of the project as it stands now.
    """
    own = _versions(paths, history, question)
    files, alone = [_first_in(own)], [_recorded_in(version) for version in own]
    sought = _mentioning(question, arm_keys, standing)
    for other in _questions(paths, history):
        if other != question:
            versions = [
                content for content in _versions(paths, history, other) if any(key in content for key in sought)
            ]
            files.append(_first_in(versions))
            alone += [_recorded_in(version) for version in versions]
    for versions in history.outside(_FILES).values():
        files.append(_first_in(versions))
        alone += [_recorded_in(version) for version in versions]
    return Records(
        own=union([registrations_in(version) for version in own]),
        first=earliest(files),
        by_moment=earliest(alone),
        kept=_kept(paths, history, question, standing),
    )


def read_redrawn(
    paths: Paths, history: History, question: str, arm_keys: Collection[str], standing: Sequence[Standing]
) -> dict[str, Redrawn]:
    """By id, the hypotheses of a question that evidence files tell of earlier draws of; the arguments as above."""
    ours, kept = [one for one in standing if one.question == question], _kept(paths, history, question, standing)
    files = [_versions(paths, history, name) for name in _questions(paths, history)]
    files += history.outside(_FILES).values()
    stood = (entry for contents in files for content in contents for entry in registrations_in(content))
    if not may_be_redrawn(ours, stood, kept):
        return {}
    first = read_records(paths, history, question, arm_keys, standing).first
    found = {one.hypothesis: redrawn(one, first, kept) for one in ours}
    return {name: known for name, known in found.items() if known}


def with_ledger(
    records: Records, ledger: Ledger, question: str, arms: Sequence[PlannedArm], standing: Sequence[Standing]
) -> Records:
    """The records once everything is taken in that a ledger holds of other roots, arms and questions.

    An outcome that was deleted before it was ever committed has left its attempts there.
    """
    ours = {(arm.key, arm.root, arm.streams) for arm in arms}
    told = ledger.told(_mentioning(question, [arm.key for arm in arms], standing))
    return with_attempts(
        records, (one for one in told if (one.work.arm_key, one.work.root, one.work.streams) not in ours)
    )


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
    return _told_in(content).registrations


def replications_in(content: bytes) -> tuple[Replication, ...]:
    """The replications of one version of an evidence file; none where it is no evidence, as amid a merge."""
    return _told_in(content).replications


class _Told(NamedTuple):
    registrations: tuple[Registration, ...] = ()
    replications: tuple[Replication, ...] = ()
    verdicts: frozenset[str] = frozenset()
    """The digests of the decisions that there are verdicts on; who withdraws one hides what came of it."""


@lru_cache(maxsize=1024)  # every question looks through the files of all
def _told_in(content: bytes) -> _Told:
    try:
        told = json.loads(content)
    except ValueError:
        return _Told()
    registrations, replications, verdicts = _Told()
    with suppress(KeyError, TypeError, ValidationError):
        registrations = _REGISTRATIONS.validate_json(json.dumps(told["registrations"]))
    with suppress(KeyError, TypeError, ValidationError):
        replications = _REPLICATIONS.validate_json(json.dumps(told["replications"]))
    with suppress(KeyError, TypeError):
        verdicts = frozenset(one["decision_digest"] for one in told["hypotheses"] if one["verdict"] != "withdrawn")
    return _Told(registrations, replications, verdicts)


@lru_cache(maxsize=1024)
def _recorded_in(content: bytes) -> Mapping[Trial, Recording]:
    """What one version tells by itself."""
    return first_recordings([registrations_in(content)])


def _first_in(versions: Sequence[bytes]) -> Mapping[Trial, Recording]:
    """What the versions of one file tell together."""
    return _recorded_in(versions[0]) if len(versions) == 1 else first_recordings(map(registrations_in, versions))


def union(versions: Collection[Collection[Registration]]) -> tuple[Registration, ...]:
    """All entries of some versions, each once, in the order of their first appearance."""
    return tuple({entry.model_dump_json(): entry for entries in versions for entry in entries}.values())


def _versions(paths: Paths, history: History, question: str) -> list[bytes]:
    """The contents of an evidence file in any commit, oldest first, the work tree's last."""
    file = paths.evidence(question)
    contents = [content for _, content in reversed(history.versions(paths.relative(file), anywhere=True))]
    with suppress(OSError):  # never run, or deleted: history tells what there was
        contents.append(file.read_bytes())
    return list(dict.fromkeys(contents))  # most commits leave a file as some other one did


def _kept(paths: Paths, history: History, question: str, standing: Sequence[Standing]) -> frozenset[str]:
    """The digests of the decisions whose draws are kept, for who asks about a question."""
    told: dict[str, frozenset[str]] = {}
    for other in {one.question for one in standing if one.question != question}:
        with suppress(OSError):  # without an outcome, nobody sees its verdicts
            told[other] = _told_in(paths.evidence(other).read_bytes()).verdicts
    elsewhere = [paths.root / place for place in history.outside(_FILES)]
    alive = [file for file in elsewhere if file.is_file() and file.with_name("question.yaml").is_file()]
    return kept_draws(standing, question, told).union(*(_told_in(file.read_bytes()).verdicts for file in alive))


def _mentioning(question: str, arm_keys: Collection[str], standing: Sequence[Standing]) -> list[bytes]:
    """What every file that bears on a question has one of: a key of its arms, one of its statements, or its id."""
    wordings = {stands.wording_digest for stands in standing if stands.question == question}
    return [name.encode() for name in (*arm_keys, *wordings, f'"question": "{question}"', f'"question":"{question}"')]


def _questions(paths: Paths, history: History) -> list[str]:
    """Every question that ever had evidence, deleted and renamed ones too."""
    now = {folder.name for folder in paths.questions.iterdir() if folder.is_dir()}
    ever = {
        place.split("/")[1] for place in history.paths(QUESTIONS, anywhere=True) if place.endswith("/evidence.json")
    }
    return sorted(now | ever)
