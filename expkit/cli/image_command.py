"""`expkit image`: build, push and inspect the project's images."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from rich.markup import escape
from rich.status import Status

from expkit.cli.console import log, print_json, results, table
from expkit.cli.project import project_root
from expkit.containers.engine import connect
from expkit.containers.image import PATCH_LABEL, REVISION_LABEL, Inspected, look, resolve
from expkit.errors import Interrupted, InvalidUsage
from expkit.images.names import committed, project_reference, registry_of, repository_name, tags
from expkit.images.project_image import build_project, left_out
from expkit.images.registry import push
from expkit.images.shelf import images_of
from expkit.project.root import project_id

_LEFT_OUT_SHOWN = 5
NEVER_PUSHED = "never pushed"


def _said(ctx: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    """What was given, if it says something: an empty variable of a script is not the same as nothing."""
    if value is not None and not value.strip():
        raise click.BadParameter("it is empty; leave it out for the default.", ctx=ctx, param=parameter)
    return value


@click.group("image")
def command() -> None:
    """Build, push and inspect the image that holds the project's code, packages and declarations."""


@command.command("build")
@click.option(
    "--base",
    metavar="IMAGE",
    callback=_said,
    help="What to build on.  [default: EXPKIT_BASE_IMAGE, or the settings' base]",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def build_command(ctx: click.Context, base: str | None, as_json: bool) -> None:
    """Build the image of the current commit from the project's Dockerfile.

    Only files that git tracks go in, with the packages of constraints-worker.txt; the build has no network. The same
    commit on the same base is built once.
    """
    root = project_root(ctx)
    engine = connect()
    with _Steps() as steps:
        image = build_project(root, engine, base=base, on_line=steps.line, on_step=steps.step)
    outside = left_out(root)
    if as_json:
        print_json({**_as_json(image), "left_out": list(outside)})
        return
    if outside:
        more = f" and {len(outside) - _LEFT_OUT_SHOWN:,} more" if len(outside) > _LEFT_OUT_SHOWN else ""
        shown = ", ".join(outside[:_LEFT_OUT_SHOWN])
        log().print(f"[yellow]not in it,[/] as git does not track them: {escape(shown)}{more}")
    _print(image)


@command.command("push")
@click.argument("reference", metavar="[IMAGE]", required=False, callback=_said)
@click.option(
    "--registry",
    metavar="HOST[/PATH]",
    callback=_said,
    help="Where to.  [default: EXPKIT_REGISTRY, or the settings']",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def push_command(ctx: click.Context, reference: str | None, registry: str | None, as_json: bool) -> None:
    """Push an image to the configured registry: the current commit's, by commit and branch, or the one named."""
    root = project_root(ctx)
    where = registry_of(root, registry)
    if where is None:
        raise InvalidUsage(
            "no registry is configured",
            mend="name one: --registry HOST[/PATH], or EXPKIT_REGISTRY, or registry in [tool.expkit.image] of "
            "pyproject.toml",
        )
    names = (reference,) if reference else tags(project_id(root), committed(root))
    engine = connect()
    image = resolve(engine, names[0], pull=False)
    with _Steps() as steps:
        steps.step(f"pushing {names[0]} to {where}")
        pushed = push(engine, image, registry=where, tags=names, on_line=steps.line)
    if as_json:
        print_json(_as_json(pushed))
        return
    _print(pushed)


@command.command("show")
@click.argument("reference", metavar="[IMAGE]", required=False, callback=_said)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def show_command(ctx: click.Context, reference: str | None, as_json: bool) -> None:
    """One image in full: the current commit's, or the one named."""
    named = reference or project_reference(project_root(ctx))
    engine = connect()
    image = look(engine, named) or resolve(engine, named, pull=False)
    if as_json:
        print_json(_as_json(image))
        return
    _print(image)


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def list_command(ctx: click.Context, as_json: bool) -> None:
    """The project's images on this machine, newest first, and which is the current commit's."""
    root = project_root(ctx)
    engine = connect()
    found = images_of(engine, repository_name(project_id(root)))
    current = _current(root)
    if as_json:
        print_json([{**_as_json(image), "current": current in image.tags} for image in found])
        return
    if not found:
        results().print("no image of this project is here; build one: expkit image build")
        return
    rows = table("", "image", "commit", "id", ">MB", "created", "in a registry")
    for image in found:
        rows.add_row(
            "[green]●[/]" if current in image.tags else "",
            escape("\n".join(image.tags)),
            _revision(image),
            image.id.partition(":")[2][:12],
            f"{image.bytes / 1e6:,.0f}",
            (image.created or "")[:19].replace("T", " "),
            escape(image.digest or NEVER_PUSHED),
        )
    results().print(rows)


def _current(root: Path) -> str | None:
    """The name of the current commit's image; None without a commit."""
    try:
        return project_reference(root)
    except InvalidUsage:
        return None


def _as_json(image: Inspected) -> dict[str, Any]:
    return {**asdict(image), "labels": dict(image.labels)}


def _revision(image: Inspected) -> str:
    commit = image.labels.get(REVISION_LABEL)
    return "[dim]unknown[/]" if commit is None else commit[:12] + (" dirty" if PATCH_LABEL in image.labels else "")


def _print(image: Inspected) -> None:
    rows = table("", "", header=False)
    lines = {
        "image": image.reference,
        "id": image.id,
        "in a registry": image.digest or NEVER_PUSHED,
        "also called": ", ".join(tag for tag in image.tags if tag != image.reference),
        "platform": f"{image.platform}, in the engine's {image.store} store",
        "size": f"{image.bytes / 1e6:,.0f} MB",
        "created": image.created or "not told",
        "labels": "\n".join(f"{key}={value}" for key, value in sorted(image.labels.items())),
    }
    for key, value in lines.items():
        if value:
            rows.add_row(f"[dim]{key}[/]", escape(value))
    results().print(rows)


class _Steps:
    """What takes a while, step by step on stderr; on a terminal with the newest line beneath."""

    def __init__(self) -> None:
        self._status: Status | None = None
        self._step = ""

    def __enter__(self) -> _Steps:
        if sys.stderr.isatty():
            self._status = log().status("")
            self._status.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._status:
            self._status.stop()
        if kind is KeyboardInterrupt:
            raise Interrupted(
                f"interrupted while {self._step}",
                mend="type the same command again: the engine keeps the steps that were finished",
            ) from None

    def step(self, text: str) -> None:
        """Something begins."""
        self._step = escape(text)
        if self._status:
            self._status.update(self._step)
        else:
            log().print(self._step)

    def line(self, text: str) -> None:
        """Something is said on the way."""
        if self._status:
            room = max(log().width - len(self._step) - 8, 20)
            self._status.update(f"{self._step} [dim]{escape(text[:room])}[/]")
