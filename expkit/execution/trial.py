"""One trial of a program from its lines and its end: what was found, what failed, and the files of its attempt."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from expkit.containers.gather import gather
from expkit.execution.lines import Lines
from expkit.execution.processes import End
from expkit.execution.program import program_arm
from expkit.ledger.durable import writing
from expkit.records.attempt import FILES_FOLDER, LOG_FILE, POINTS_FILE, FailedTrial, Result
from expkit.records.work import Work


def failure(lines: Lines, metrics: Sequence[str], end: End) -> str | None:
    """Why a trial failed: its program did, or printed no last value that is a number; None where it did not."""
    if end.why:
        return end.why
    if missing := [name for name in metrics if name not in lines.last]:
        seen = "; ".join(lines.unread[name] for name in missing if name in lines.unread)
        return f"printed no value of {', '.join(missing)}{': ' * bool(seen)}{seen}"
    if strange := [name for name in metrics if not math.isfinite(lines.last[name])]:
        return f"the last value of {strange[0]} is {lines.last[strange[0]]}"
    return None


def result(work: Work, lines: Lines, why: str | None, failed_starts: int = 0) -> Result:
    """What a trial found. One that failed has no metric, and the digest of what it had printed."""
    (seed,) = work.seeds
    return Result(
        metrics={name: (None if why else lines.last[name],) for name in work.arm.measured},
        trial_digests=(lines.digest,),
        failed=(FailedTrial(seed=seed, why=why),) if why else (),
        steps=0,
        failed_starts=failed_starts,
    )


def write_files(work: Work, lines: Lines, end: End, outputs: Path, into: Path, remarks: Sequence[str]) -> None:
    """Write a trial's points and log, and the files to keep of the folder `outputs`.

    A declared file that is not there, or is none that can be kept, is told in the log, and fails no trial: the metrics
    are what a trial is for.

    Raises:
        NotWritable: the system refused.
    """
    artifacts = program_arm(work).trainer.artifacts
    with writing(into):
        amiss = gather(outputs.parent, outputs.name, artifacts, into / FILES_FOLDER) if artifacts else []
        lines.points.write(into / POINTS_FILE)
        told = [f"[expkit: {remark}]" for remark in (*remarks, *lines.remarks, *amiss)]
        complaint = ["[expkit: the last lines of stderr]", *end.complaint.splitlines()] if end.complaint else []
        text = "".join(f"{line}\n" for line in (*lines.log.lines(), *complaint, *told))
        (into / LOG_FILE).write_text(text, encoding="utf-8", errors="replace", newline="")
