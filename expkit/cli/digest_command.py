"""`expkit digest`: the digest of a file or a folder, to be declared as an input."""

from __future__ import annotations

from pathlib import Path

import click

from expkit.cli.console import print_json, results
from expkit.errors import InvalidUsage
from expkit.project.inputs import Unusable, content_digest


@click.command("digest")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(path: Path, as_json: bool) -> None:
    """Print the digest of a file or a folder, to be declared as an input.

    Of a file it is what sha256sum prints; of a folder, that of the JSON object of its files' digests by path.

    \b
    Example:
      expkit digest inputs/maps.npz
    """
    if not path.exists():
        raise InvalidUsage(f"there is no {path}", mend="name a file or a folder")
    try:
        found = content_digest(path)
    except Unusable as unusable:
        raise InvalidUsage(unusable.why, mend=unusable.valid) from unusable
    if as_json:
        print_json({"path": path.as_posix(), "sha256": found})
    else:
        results().print(found)
