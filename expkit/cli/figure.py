"""One figure of an arm, drawn to a file: its policy, its learning curve, or every seed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

from expkit.dossier import Dossier
from expkit.errors import InvalidUsage, NotWritable
from expkit.ledger.ledger import Ledger
from expkit.plan import PlannedArm
from expkit.project.read import Project
from expkit.records.evidence import ArmEvidence, Evidence
from expkit.specs.experiment import TabularArm
from expkit.specs.question import ResearchQuestion

Kind = Literal["policy", "curve", "seeds"]

KINDS: tuple[Kind, ...] = ("policy", "curve", "seeds")


def asked(arm: PlannedArm, given: str, output: Path | None) -> tuple[Kind, Path]:
    """The kind of figure and the file that are meant; a file may stand in the place of the kind.

    Raises:
        InvalidUsage: there is no such kind, or the file is no SVG.
    """
    if given.endswith(".svg") and output is None:
        given, output = "", Path(given)
    kind = next((one for one in KINDS if one == given), None)
    if given and kind is None:
        raise InvalidUsage(f"there is no figure {given!r} of an arm", mend=f"the figures are {', '.join(KINDS)}")
    kind = kind or ("policy" if isinstance(arm.arm, TabularArm) else "seeds")
    output = output or Path(
        re.sub(r"[^A-Za-z0-9._=-]+", "-", f"{arm.experiment}-{arm.name}").strip("-") + f"-{kind}.svg"
    )
    if output.suffix != ".svg":
        raise InvalidUsage(f"{output} is no SVG, and figures are", mend=f"--output {output.with_suffix('.svg')}")
    return kind, output


def draw_figure(project: Project, ledger: Ledger, arm: PlannedArm, kind: Kind, output: Path) -> None:
    """Write a figure of an arm to a file, which is replaced if it exists.

    Raises:
        InvalidUsage: the arm has no such figure, or what it would show is not on this machine.
        LedgerDamaged: a file of the ledger is not as it was recorded.
        NotWritable: the file cannot be written.
    """
    content = _policy(project, ledger, arm) if kind == "policy" else _measured(project, arm, kind)
    try:
        output.write_bytes(content)
    except OSError as error:
        raise NotWritable(
            "the figure cannot be written",
            where=str(output),
            why=error.strerror,
            mend="name another file: --output FILE",
        ) from error


def _policy(project: Project, ledger: Ledger, arm: PlannedArm) -> bytes:
    name = f"{arm.experiment}/{arm.name}"
    if not isinstance(arm.arm, TabularArm):
        raise InvalidUsage(
            f"{name} has no Q-table to draw",
            why=f"its trainer is of kind {arm.arm.trainer.kind}",
            mend=f"expkit show {name} --figure seeds",
        )
    asking, curve = _asking(project, arm), f"expkit show {name} --figure curve"
    results = ledger.results(arm.key, arm.root, arm.streams, arm.seeds)
    if not set(results.seeds) - results.failed.keys():
        raise InvalidUsage(
            f"no Q-table of {name} is recorded on this machine",
            why="evidence is committed, Q-tables stay in the ledger of the machine that trained them",
            mend=f"train it: expkit run {arm.experiment}{f'; or draw its evidence: {curve}' if asking else ''}",
        )
    from expkit.outcomes.figures import draw, learned, policy  # matplotlib: 0.5 s

    table = learned.learned(arm, results)
    if not policy.is_small(table):
        size = f"it has {len(table.states):,} states and {len(table.actions)} actions"
        most = f"{policy.MOST_STATES} and {policy.MOST_ACTIONS} can be read"
        raise InvalidUsage(
            f"the table of {name} is too large to be drawn",
            why=f"{size}; at most {most}",
            mend=curve,
        )
    return draw.draw_learned(table)


def _measured(project: Project, arm: PlannedArm, kind: Literal["curve", "seeds"]) -> bytes:
    evidence, found = _evidence(project, arm)
    name = f"{arm.experiment}/{arm.name}"
    if kind == "curve" and not found.curve.steps:
        raise InvalidUsage(
            f"{name} has no learning curve",
            why="nothing was recorded along the way",
            mend=f"expkit show {name} --figure seeds",
        )
    if not any(value is not None for values in found.seeds.values() for value in values):
        raise InvalidUsage(f"every seed of {name} failed", mend=f"see why: expkit show {name}")
    from expkit.outcomes.figures.draw import draw_arm  # matplotlib: 0.5 s

    return draw_arm(evidence, found, kind)


def _asking(project: Project, arm: PlannedArm) -> list[ResearchQuestion]:
    return [one for one in project.questions.values() if arm.experiment in one.experiments]


def _evidence(project: Project, arm: PlannedArm) -> tuple[Evidence, ArmEvidence]:
    """The first evidence of a question that tells of this very arm."""
    asking = _asking(project, arm)
    for question in asking:
        evidence = Dossier(project, question).evidence
        for one in evidence.arms if evidence else ():
            if (one.experiment, one.name, one.key) == (arm.experiment, arm.name, arm.key):
                assert evidence is not None
                return evidence, one
    raise InvalidUsage(
        f"no evidence tells of {arm.experiment}/{arm.name} as it is declared",
        why="curves and seeds are drawn from the evidence of a question",
        mend=f"expkit run {asking[0].id}" if asking else f"ask a question of {arm.experiment}, then run it",
    )
