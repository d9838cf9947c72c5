"""`expkit schema`: JSON Schemas of the declared files, for editors."""

from __future__ import annotations

import click

from expkit.cli.console import results
from expkit.cli.project import project_root
from expkit.errors import NotWritable
from expkit.project.paths import Paths
from expkit.project.schema import schemas


@click.command("schema")
@click.pass_context
def command(ctx: click.Context) -> None:
    """Write JSON Schemas of the declared files, for editors, to the folder schemas.

    An editor with a YAML language server completes and checks a file whose first line names its schema:

    \b
      # yaml-language-server: $schema=../../schemas/question.schema.json
    """
    paths = Paths(project_root(ctx))
    try:
        paths.schemas.mkdir(exist_ok=True)
        for name, text in schemas().items():
            (paths.schemas / name).write_text(text, encoding="utf-8")
            results().print(f"wrote {paths.relative(paths.schemas / name)}")
    except OSError as error:
        raise NotWritable(
            "the schemas cannot be written", where=str(paths.schemas), why=error.strerror, mend="make it writable"
        ) from error
