"""Writing an outcome: figures, document and evidence, whole files or none, and only those whose bytes changed."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from expkit.errors import CheckFailed
from expkit.ledger.durable import write_durably, writing
from expkit.outcomes.document import merge
from expkit.outcomes.markdown.render import render
from expkit.outcomes.serialise import evidence_bytes, read_evidence
from expkit.outcomes.tied import Tied, filled, tied_numbers
from expkit.project.paths import Paths
from expkit.records.evidence import Evidence
from expkit.specs.question import ResearchQuestion


@dataclass(frozen=True, kw_only=True)
class Written:
    """What a call of `write_outcome` did.

    `evidence` has the digests of its figures filled in; `changed` and `removed` are paths relative to the root;
    `retied` are the tied numbers that said something else before.
    """

    evidence: Evidence
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    retied: tuple[Tied, ...]

    @property
    def unchanged(self) -> bool:
        """Whether every file was as it should be already."""
        return not self.changed and not self.removed


def write_outcome(paths: Paths, question: ResearchQuestion, evidence: Evidence) -> Written:
    """Write `figures/*.svg`, `outcome.md` and `evidence.json` of a question; tied numbers are filled in.

    Evidence goes last: an interruption leaves files that do not match the old evidence, so `check` sees it, and the old
    evidence is stale, so the next run writes all of them. Figures whose bytes match their digests are not drawn again,
    because another version of the drawing library may draw other bytes of the same numbers.

    Raises:
        CheckFailed: the document has lost its marker line, or a tied number names nothing; nothing is written.
        NotWritable: a file cannot be written; every file is either its old or its new self.
    """
    folder = paths.figures(question.id)
    drawn: dict[str, bytes] = {}
    if not evidence.figures or any(figure_digest(folder / name) != it for name, it in evidence.figures.items()):
        from expkit.outcomes.figures.draw import draw  # matplotlib: 0.5 s

        drawn = draw(evidence.model_copy(update={"figures": {}}))
        digests = {name: hashlib.sha256(content).hexdigest() for name, content in drawn.items()}
        evidence = evidence.model_copy(update={"figures": digests})
    document, place = paths.outcome(question.id), paths.relative(paths.outcome(question.id))
    existing = read_text(document)
    text = merge(render(question, evidence), existing, where=place)
    _refuse_flaws(existing or "", evidence, question.id, place)
    tied, _ = tied_numbers(text, evidence)
    text = filled(text, evidence)
    contents = {folder / name: content for name, content in drawn.items()}
    contents |= {document: text.encode(), paths.evidence(question.id): evidence_bytes(evidence)}
    obsolete = [folder / name for name in _recorded_figures(paths, question.id) if name not in evidence.figures]
    with writing(document.parent):
        changed = [file for file, content in contents.items() if _replace(file, content)]
        removed = [file for file in obsolete if file.is_file()]
        for file in removed:
            file.unlink()
    return Written(
        evidence=evidence,
        changed=tuple(paths.relative(file) for file in changed),
        removed=tuple(paths.relative(file) for file in removed),
        retied=tuple(one for one in tied if one.stale),
    )


def _refuse_flaws(document: str, evidence: Evidence, question: str, place: str) -> None:
    _, flaws = tied_numbers(document, evidence)
    if flaws:
        raise CheckFailed(
            f"{'a tied number' if len(flaws) == 1 else f'{len(flaws)} tied numbers'} cannot be filled in",
            where=place,
            why="\n  ".join(f"{place}:{flaw}" for flaw in flaws),
            mend=f"nothing was written, every result is kept; mend the marker, then type: expkit outcome {question}",
        )


def figure_digest(file: Path) -> str | None:
    """sha256 of a figure's bytes, None where there is no such file."""
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError:
        return None


def read_text(file: Path) -> str | None:
    """A document's text with its line ends as they are, None where there is no such file."""
    try:
        return file.read_bytes().decode()
    except FileNotFoundError:
        return None


def _recorded_figures(paths: Paths, question: str) -> tuple[str, ...]:
    """The figures that the evidence being replaced drew; a person's own files beside them are none of ours."""
    file = paths.evidence(question)
    try:
        replaced = read_evidence(file, where=paths.relative(file))
    except CheckFailed:
        return ()
    return tuple(replaced.figures) if replaced else ()


def _replace(file: Path, content: bytes) -> bool:
    """Make a file hold these bytes, at once and durably; whether it did not hold them before."""
    if file.is_file() and file.read_bytes() == content:
        return False
    file.parent.mkdir(parents=True, exist_ok=True)
    write_durably(file, content)
    return True
