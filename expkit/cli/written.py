"""What a command wrote of an outcome: the folder once, then the files in it; and what is left to a person."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

from rich.markup import escape

from expkit.cli.console import log, results
from expkit.conclude import Conclusion
from expkit.outcomes.document import SECTIONS, empty_sections, written_part
from expkit.outcomes.numbers import counted
from expkit.outcomes.write import read_text
from expkit.project.paths import Paths


def wrote(files: Sequence[str]) -> str:
    """The files of an outcome that were written, paths relative to the root, as one line.

    `wrote outcome.md, evidence.json and 3 figures in research_questions/rq01`
    """
    paths = [PurePosixPath(file) for file in files]
    figures = [path for path in paths if path.parent.name == "figures"]
    others = [path for path in paths if path not in figures]
    folder = others[0].parent if others else figures[0].parent.parent
    names = [path.name for path in others]
    if figures:
        names.append(f"{len(figures)} figure{'' if len(figures) == 1 else 's'}")
    listed = f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]
    return f"wrote {listed} in {folder}"


def tell_what_is_left(conclusion: Conclusion, paths: Paths, question: str) -> None:
    """Say what an outcome that has just changed asks of a person: words to read again, or to write, and a commit.

    Nothing where no file changed.
    """
    if not conclusion.changed:
        return
    document = paths.outcome(question)
    place = paths.relative(document)
    if moved := conclusion.retied:
        it = "it" if len(moved) == 1 else "them"
        log().print(f"[yellow]filled in {counted(len(moved), 'tied number')}; read the words around {it} again:[/]")
        for one in moved:
            said = " ".join(one.says.split()) or "nothing"
            log().print(f"  {escape(f'{place}:{one.line}: {one.reference} was {said}, is {one.evidence_says}')}")
    if any(one.standing == "exploratory" for one in conclusion.evidence.hypotheses):
        results().print(f"why exploratory, and what would be a test: expkit explain {question}")
    unwritten = next(iter(SECTIONS)) in empty_sections(written_part(read_text(document) or ""))
    todo = f"write what you make of it at the end of {place}" if unwritten else f"read {place}, your own words as well"
    line = f"next: {todo}; then: git add -A && git commit -m 'What {question} found'"
    results().print(line, markup=False, soft_wrap=True)
