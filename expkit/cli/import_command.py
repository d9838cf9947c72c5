"""`expkit import`: a step of a `valohai.yaml` as an experiment."""

from __future__ import annotations

from pathlib import Path

import click
from rich.markup import escape

from expkit.cli.console import results
from expkit.cli.project import project_root
from expkit.errors import InvalidDeclaration, InvalidUsage, NotWritable
from expkit.outcomes.numbers import counted
from expkit.project.folder import Folder
from expkit.project.mentioned import with_mentioned
from expkit.project.read import declared_files, parse_declarations
from expkit.project.valohai.experiment import Imported, Wanted, imported
from expkit.project.valohai.step import read_step
from expkit.project.yaml import LARGEST_FILE


@click.command("import")
@click.argument("path", metavar="[FILE]", default="valohai.yaml")
@click.option("--step", metavar="NAME", help="Which step, where the file has several.")
@click.option("--experiment", metavar="ID", help="What to call the experiment.  [default: like the step]")
@click.option("--metric", "metrics", metavar="NAME[:lower]", multiple=True, help="A key of its JSON lines; repeatable.")
@click.option("--vary", metavar="NAME=A,B", multiple=True, help="Values of a parameter: one, or several for a sweep.")
@click.option("--seeds", type=click.IntRange(min=1), default=20, show_default=True, help="Replicates of every arm.")
@click.option("--output", metavar="FILE", help="Write there, or to stdout for -.  [default: experiments/ID.yaml]")
@click.option("--force", is_flag=True, help="Overwrite a file that exists.")
@click.pass_context
def command(
    ctx: click.Context,
    path: str,
    step: str | None,
    experiment: str | None,
    metrics: tuple[str, ...],
    vary: tuple[str, ...],
    seeds: int,
    output: str | None,
    force: bool,
) -> None:
    """Write an experiment that runs a step of a valohai.yaml, whose program stays as it is.

    Command, parameters, variables and image are taken over; what is not is said. Metrics cannot be known: name the
    keys of the JSON lines that the program prints. FILE is valohai.yaml where none is named.

    \b
    Examples:
      expkit import --metric reward
      expkit import valohai.yaml --step train --metric loss:lower --vary learning_rate=0.1,0.01
    """
    file = Path(ctx.obj or ".", path)
    root = _root(ctx, file)
    found = imported(
        file.name,
        read_step(path, _content(file), step),
        Wanted(metrics=_metrics(metrics), vary=_varied(vary), seeds=seeds, experiment=experiment),
        Folder(root),
    )
    if output == "-":
        click.echo(found.text, nl=False)
        return
    _be_in_order(root, found)
    target = Path(ctx.obj or ".", output) if output else root / found.path
    if target.exists() and not force:
        raise InvalidUsage(
            "the file exists",
            where=str(output or found.path),
            mend="overwrite it with --force, or call it otherwise with --experiment",
        )
    _write(target, found.text)
    _tell(found, output or found.path, seeds)


def _root(ctx: click.Context, file: Path) -> Path:
    """The project's root; where there is no project yet, the folder of the file becomes one."""
    try:
        return project_root(ctx)
    except InvalidUsage:
        if file.is_file():
            return file.resolve().parent
        raise


def _content(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(LARGEST_FILE + 1)
    except OSError as error:
        raise InvalidUsage(
            "the file cannot be read", where=str(file), why=error.strerror, mend="name a valohai.yaml"
        ) from error


def _metrics(given: tuple[str, ...]) -> dict[str, str]:
    metrics = {}
    for one in given:
        name, _, better = one.partition(":")
        if better not in ("", "lower", "higher"):
            raise InvalidUsage(f"--metric {one}: what is better cannot be {better!r}", mend=f"write {name}:lower")
        metrics[name] = better or "higher"
    return metrics


def _varied(given: tuple[str, ...]) -> dict[str, list[str]]:
    varied = {}
    for one in given:
        name, equals, values = one.partition("=")
        if not equals:
            raise InvalidUsage(f"--vary {one} names no values", mend=f"write them: --vary {name}=0.1,0.01")
        varied[name] = values.split(",")
    return varied


def _be_in_order(root: Path, found: Imported) -> None:
    """Refuse what `expkit check` would refuse of the file; mistakes of other files every other command tells."""
    files = {name: content for name, content in declared_files(root).items() if name != found.path}
    try:
        files = with_mentioned(files | {found.path: found.text.encode()}, Folder(root))
        parse_declarations(files)
    except InvalidDeclaration as invalid:
        if own := [mistake for mistake in invalid.mistakes if mistake.file == found.path]:
            raise InvalidUsage(
                "the experiment would not be in order; nothing is written",
                why="\n  ".join(str(mistake) for mistake in own),
                mend="see the whole of it with --output -, and mend the step or the options",
            ) from invalid


def _write(target: Path, text: str) -> None:
    try:
        target.parent.mkdir(exist_ok=True)
        target.write_text(text, encoding="utf-8")
    except OSError as error:
        raise NotWritable(
            "the experiment cannot be written", where=str(target), why=error.strerror, mend="make it writable"
        ) from error


def _tell(found: Imported, written: str, seeds: int) -> None:
    results().print(f"wrote {escape(written)}: {counted(found.arms, 'arm')}, {counted(seeds, 'seed')} each")
    for remark in found.remarks:
        results().print(f"  {escape(remark)}")
    if found.left:
        results().print(f"[yellow]not taken over:[/] {escape(', '.join(found.left))}")
    results().print(
        "what only you can decide is marked in the file: what the metrics mean, how many seeds, what to keep"
    )
    results().print(f"next: git add -A && git commit && expkit run {found.id}")
