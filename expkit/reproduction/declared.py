"""Recorded arms as their commit declares them: what is executed is derived from the commit, not from the record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from expkit.errors import CheckFailed, InvalidDeclaration
from expkit.outcomes.freshness import parameters
from expkit.outcomes.wording import setting_text
from expkit.plan import PlannedArm, arm_key, plan
from expkit.project.read import declared_files, parse_declarations
from expkit.records.work import Work
from expkit.reproduction.recorded import Recording
from expkit.specs.base import Setting
from expkit.training.engine import ENGINE_VERSION

_MOST_NAMED = 4


@dataclass(frozen=True, kw_only=True)
class Declared:
    """An arm as the commit declares it, whose key under some engine version is the recorded one."""

    arm: PlannedArm
    engine_version: int
    other_root: bool = False
    """Whether the commit declares another root than the recorded one, which this arm has."""

    def work(self, seeds: Sequence[int]) -> list[Work]:
        """Some seeds of it in batches."""
        batches = replace(self.arm, missing=tuple(seeds), record=None).batches()
        return [batch.model_copy(update={"engine_version": self.engine_version}) for batch in batches]


@dataclass(frozen=True, kw_only=True)
class Otherwise:
    """The commit declares no such arm: what differs, in words."""

    why: str


def declared_arms(root: Path, commit: str) -> tuple[PlannedArm, ...]:
    """Every arm that the project at a root declares, with nothing recorded.

    Raises:
        CheckFailed: the declarations of the commit are not what this expkit reads.
    """
    try:
        experiments = parse_declarations(declared_files(root)).experiments
    except InvalidDeclaration as invalid:
        raise CheckFailed(
            f"the declarations at commit {commit[:12]} are refused by this expkit",
            why="\n  ".join(str(mistake) for mistake in invalid.mistakes),
            mend="install the expkit that ran them, or run the question again from a commit that is in order",
        ) from invalid
    return tuple(arm for one in experiments.values() for arm in plan(one, lambda *_: frozenset()))


def find_declared(recording: Recording, arms: Sequence[PlannedArm]) -> Declared | Otherwise:
    """The arm a commit declares with the key, the root and the streams of a recording, or what differs.

    An attempt may be on any root, as those of a replication are; what stands for a question is on the declared one.
    """
    versions = [recording.engine_version] if recording.engine_version else range(ENGINE_VERSION, 0, -1)
    near = sorted(arms, key=lambda arm: (arm.name != recording.arm, arm.experiment != recording.experiment))
    alike = [
        (arm, version)
        for version in versions
        for arm in near
        if arm_key(arm.arm, arm.environment_digest, version) == recording.key
    ]
    for arm, version in sorted(alike, key=lambda found: found[0].root != recording.root):
        other_root = arm.root != recording.root
        if arm.streams == recording.streams and not (other_root and recording.of_question):
            # streams are seeded by the key: it is the recorded one, whatever engine plans here
            declared = replace(arm, key=recording.key, root=recording.root)
            return Declared(arm=declared, engine_version=version, other_root=other_root)
    nearest = [arm for arm, _ in alike] or _resembling(recording, near)
    if nearest:
        several = len({arm.experiment for arm in arms}) > 1
        return Otherwise(why=_difference(recording, nearest[0], several))
    return Otherwise(why=_absence(recording, near))


def _resembling(recording: Recording, near: Sequence[PlannedArm]) -> list[PlannedArm]:
    """The arms of a recording's name, those of its experiment first, and then those that differ in the least."""
    named = [arm for arm in near if arm.name == recording.arm]
    return sorted(
        named, key=lambda arm: (arm.experiment != recording.experiment, len(_differing(*_settings(recording, arm))))
    )


def _absence(recording: Recording, arms: Sequence[PlannedArm]) -> str:
    names = [arm.name for arm in arms if recording.experiment in (None, arm.experiment)]
    return f"it declares no arm {recording.arm}, only {', '.join(names)}" if names else "it declares no arm at all"


def _settings(recording: Recording, arm: PlannedArm) -> tuple[Mapping[str, Setting], Mapping[str, Setting]]:
    """Everything that makes an arm's numbers, as recorded and as declared."""
    then: Mapping[str, Setting] = {
        **recording.parameters,
        "seeds.root": recording.root,
        "seeds.streams": recording.streams,
    }
    return then, {**parameters(arm.arm), "seeds.root": arm.root, "seeds.streams": arm.streams}


def _differing(then: Mapping[str, Setting], there: Mapping[str, Setting]) -> list[str]:
    return [name for name in dict.fromkeys([*then, *there]) if then.get(name) != there.get(name)]


def _difference(recording: Recording, arm: PlannedArm, several: bool) -> str:
    then, there = _settings(recording, arm)
    names = _differing(then, there)
    if not recording.of_question:
        names = [name for name in names if name != "seeds.root"] or names  # an attempt may be on any root
    called = f"arm {arm.name} of {arm.experiment}" if several else f"arm {arm.name}"
    if not names:
        return f"{called} is declared alike, but its environment compiles to another table with this expkit"
    said = [f"{name} is {_said(there.get(name))} there, {_said(then.get(name))} recorded" for name in names]
    more = f", and {len(said) - _MOST_NAMED} more" if len(said) > _MOST_NAMED else ""
    return f"{called}: {'; '.join(said[:_MOST_NAMED])}{more}"


def _said(value: Setting | None) -> str:
    return "not set" if value is None else setting_text(value)
