"""Origins: what yielded the results of arms that expkit does not train, and what their metrics mean."""

from __future__ import annotations

from collections.abc import Sequence

from expkit.outcomes import wording
from expkit.outcomes.markdown.text import bullets, code, plain
from expkit.outcomes.meaning import meant
from expkit.records.evidence import ArmEvidence, Evidence
from expkit.specs.experiment import PROJECT_IMAGE

_SHORT = 12
"""Hex digits of a digest that tell it from any other here; `evidence.json` has them all."""
_MOST_ARMS = 6
"""Arms named before the rest is only counted."""
_UNSEEDED = "It takes no seed: its trials are replicates; nothing compares them byte by byte."


def origins(evidence: Evidence, own: Sequence[ArmEvidence]) -> list[str]:
    """What was run, or where results stood before: one paragraph where all arms of an experiment have one origin."""
    said: dict[str, list[str]] = {}
    for arm in own:
        if (origin := _origin(evidence, arm)) is not None:
            said.setdefault(origin, []).append(code(arm.name))
    if len(said) == 1 and len(next(iter(said.values()))) == len(own):
        return [*said]
    return [bullets(f"{_listed(names)}: {origin}" for origin, names in said.items())] if said else []


def definition(evidence: Evidence, experiment: str, metric: str) -> str:
    """What a table of a metric shows: `Total reward over the seeds of each arm:`, a declared one with what it means."""
    phrase = plain(_capitalised(wording.metric_in(evidence, experiment, metric)))
    meaning = meant(evidence, experiment, metric)
    if meaning is None or not wording.is_declared(evidence, experiment, metric):
        return f"{phrase} over the seeds of each arm:"
    unit = "" if meaning.unit == "1" else f", in {plain(meaning.unit)}"
    better = f"{unit}; {meaning.better} is better"
    return f"{phrase} over the seeds of each arm{better}. Defined as: {plain(meaning.definition).rstrip('.')}."


def _origin(evidence: Evidence, arm: ArmEvidence) -> str | None:
    """Where the results of an arm came from; None where expkit trained it."""
    settings = arm.parameters
    match settings.get("trainer.kind"):
        case "command":
            version = settings.get("trainer.digest")
            parts = [f"Program {code(str(settings.get('trainer.command')))}"]
            parts += [f"version {code(str(version)[:_SHORT])}"] if version else []
            parts += [_place(evidence, str(settings["image"]))] if "image" in settings else []
            unseeded = settings.get("trainer.seed") == "unseeded"
            return f"{', '.join(parts)}. {_UNSEEDED if unseeded else 'Each trial is handed a seed of its own.'}"
        case "recorded":
            source = f" Their source: {plain(str(settings['trainer.source'])).rstrip('.')}." * (
                "trainer.source" in settings
            )
            return f"Recorded elsewhere, in {code(str(settings.get('trainer.file')))}; expkit ran nothing.{source}"
    return None


def _place(evidence: Evidence, declared: str) -> str:
    """Where a program ran, whose experiment declares an image: `--executor` and `--image` say otherwise.

    What is known of the run is one image, so nothing is said where experiments of the question declare others.
    """
    ran, named = evidence.provenance.image, code(declared)
    if any(arm.parameters.get("image") != declared for arm in evidence.arms if not arm.unwitnessed):
        return f"the image {named} is declared"
    if not (ran.reference or ran.id or ran.digest):
        return f"on a bare host, where the image {named} is declared"
    if declared == PROJECT_IMAGE or declared in (ran.reference, ran.id, ran.digest):
        return f"in image {named}"
    return f"in image {code(str(ran.reference or ran.digest or ran.id))}, where the image {named} is declared"


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_ARMS} more" if len(names) > _MOST_ARMS else ""
    return ", ".join(names[:_MOST_ARMS]) + more


def _capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]
