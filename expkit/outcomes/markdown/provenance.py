"""Provenance: where the numbers came from, and which digests they have, folded away at the end."""

from __future__ import annotations

from expkit.outcomes import numbers
from expkit.outcomes.markdown.text import code, folded, plain, table
from expkit.records.evidence import ArmEvidence, Evidence, RunProvenance

_SHORT = 12
"""Hex digits of a digest that tell it from any other here; `evidence.json` has them all."""


def provenance(evidence: Evidence) -> str:
    """The block: the run, the registrations and the digests of what was measured."""
    run = evidence.provenance
    rows = [
        ["commit", code(run.commit) if run.commit else "none"],
        ["branch", code(run.branch) if run.branch else "none"],
        ["tree", {None: "no commit to differ from", True: "with uncommitted changes", False: "clean"}[run.dirty]],
        ["command", code(" ".join(run.command))],
        ["executor", plain(run.executor)],
        ["image", _image(run)],
        ["machine", plain(f"{run.machine.cpu}, {_cores(run)}, {run.machine.system}, {run.machine.architecture}")],
        ["software", plain(_software(run))],
        ["run", f"{run.started} to {run.ended}, {numbers.counted(run.trials, 'trial')}"],
        ["question, family", f"{code(evidence.question_digest[:_SHORT])}, {code(evidence.family_digest[:_SHORT])}"],
        ["statistics", f"version {evidence.statistics_version}"],
    ]
    arms = [
        [
            code(f"{arm.experiment}/{arm.name}"),
            *(code(one[:_SHORT]) if one else "none" for one in (arm.key, _version(arm), arm.results_digest)),
            f"{arm.root}, {arm.streams}",
        ]
        for arm in evidence.arms
    ]
    body = [
        table(["", ""], rows),
        *_registrations(evidence),
        table(["arm", "arm key", _versioned(evidence), "results", "root, streams"], arms),
    ]
    return folded("Provenance", "\n\n".join(body))


def _version(arm: ArmEvidence) -> str | None:
    """The digest of what was acted in or, of a program, of the program."""
    version = arm.environment_digest or arm.parameters.get("trainer.digest")
    return version if isinstance(version, str) else None


def _versioned(evidence: Evidence) -> str:
    kinds = {"environment" if arm.environment_digest else "program" for arm in evidence.arms}
    return " or ".join(sorted(kinds)) or "environment"


def _image(run: RunProvenance) -> str:
    """The image by name and by content: by the repository digest, which can be pulled, or else the local id."""
    image = run.image
    parts = [code(part) for part in (image.reference, image.digest or image.id) if part]
    if not parts:
        return "none, a bare host"
    if image.digest is None:
        parts.append(f"never pushed, an id of the {image.store} store" if image.store else "never pushed")
    if image.platform:
        parts.append(plain(image.platform))
    if image.revision and image.revision != run.commit:
        parts.append(f"built from {code(image.revision[:_SHORT])}{'-dirty' * image.revision.endswith('-dirty')}")
    return ", ".join(parts)


def _cores(run: RunProvenance) -> str:
    return numbers.counted(run.machine.cores, "core")


def _software(run: RunProvenance) -> str:
    packages = ", ".join(f"{name} {version}" for name, version in run.packages.items())
    return f"{run.machine.implementation} {run.machine.python}; {packages}"


def _registrations(evidence: Evidence) -> list[str]:
    """One row per state of the repository: which hypotheses stood in it, and when their first data came."""
    stood: dict[tuple[str, str, str], dict[str, None]] = {}
    first: dict[tuple[str, str, str], str] = {}
    for entry in evidence.registrations:
        commit = code(entry.commit[:_SHORT]) if entry.commit else "none"
        state = (commit, "yes" if entry.clean else "no", {None: "no remote", True: "yes", False: "no"}[entry.pushed])
        stood.setdefault(state, {})[entry.standing.hypothesis if entry.standing else "none"] = None
        # without the Z, fractions of a second sort behind the whole second
        first[state] = min(
            first.get(state, entry.recorded), entry.recorded, key=lambda moment: moment.removesuffix("Z")
        )
    rows = [[plain(", ".join(ids)), *state, first[state]] for state, ids in stood.items()]
    return [table(["hypotheses that stood", "commit", "clean", "pushed", "first data recorded"], rows)] if rows else []
