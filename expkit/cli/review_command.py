"""`expkit review`: what a change does to the science, for whoever reviews a pull request."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from expkit.cli.console import print_json
from expkit.cli.project import project_root
from expkit.errors import InvalidDeclaration, NotWritable
from expkit.outcomes.snapshot import Tree
from expkit.provenance.bases import prefix_of
from expkit.review.annotations import workflow_commands
from expkit.review.markdown import sections
from expkit.review.page import COMMENT, SUMMARY, page
from expkit.review.problems import Problem, of_mistake
from expkit.review.review import Review, review


@click.command("review")
@click.option(
    "--base",
    metavar="COMMIT",
    help="The branch that the change goes into, or any commit. Default: $GITHUB_BASE_REF, then the remote's default "
    "branch, then main.",
)
@click.option("--head", metavar="COMMIT", help="The change. Default: the work tree, committed or not.")
@click.option("--comment", type=click.Path(dir_okay=False, path_type=Path), help="Write a comment's body to this file.")
@click.option("--annotations", "annotated", is_flag=True, help="Write annotations, as in GitHub Actions.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def command(
    ctx: click.Context, base: str | None, head: str | None, comment: Path | None, annotated: bool, as_json: bool
) -> int:
    """Tell, as markdown, what a change does to the science; exit 1 when it must not be merged as it is.

    The change is compared with the commit where it left the base. Questions, hypotheses and arms that were added,
    amended or withdrawn are told, and whether their data existed by then; so are verdicts and numbers that moved,
    rewordings, registrations that are gone, runs from uncommitted trees, and everything `expkit check` finds.

    Exit 1: a failure of check, registrations removed or rewritten, numbers changed without a run, or a hypothesis that
    was amended after its data and still claims to be confirmatory. One that the evidence calls exploratory is told
    loudly, and exit 0.

    In GitHub Actions the markdown also goes to the step's summary ($GITHUB_STEP_SUMMARY), and at most ten annotations
    to stderr: GitHub reads them there too, and stdout stays markdown. --comment writes a text that begins with
    a hidden marker, by which a bot finds its own comment again.

    \b
    Examples:
      expkit review
      expkit review --base origin/main --head feature
      expkit review --comment comment.md
    """
    root = project_root(ctx)
    annotated = annotated or os.environ.get("GITHUB_ACTIONS") == "true"
    try:
        found = review(root, base=base or _target(root), head=head)
    except InvalidDeclaration as error:
        if annotated:
            _annotate([of_mistake(mistake) for mistake in error.mistakes], prefix_of(root))
        raise
    parts = sections(found)
    if as_json:
        print_json(_as_json(found))
    else:
        sys.stdout.write(page(parts))
    if summary := os.environ.get("GITHUB_STEP_SUMMARY"):
        _write(Path(summary), page(parts, SUMMARY), append=True)
    if comment:
        _write(comment, page(parts, COMMENT, marker=True))
    if annotated:
        _annotate(found.problems, found.prefix)
    return 1 if found.failures else 0


def _target(root: Path) -> str | None:
    """The branch that a pull request goes into, as GitHub names it: a checkout has it as the remote's alone."""
    from expkit.provenance.history import History

    named = os.environ.get("GITHUB_BASE_REF")
    if not named:
        return None
    remote = f"origin/{named}"
    return remote if History(root).commit(remote) or not History(root).commit(named) else named


def _annotate(found: Sequence[Problem], prefix: str) -> None:
    for line in workflow_commands(found, prefix):
        sys.stderr.write(f"{line}\n")


def _write(file: Path, text: str, *, append: bool = False) -> None:
    try:
        with file.open("a" if append else "w", encoding="utf-8") as opened:
            opened.write(text)
    except OSError as error:
        raise NotWritable(
            "the review cannot be written there", where=str(file), why=error.strerror, mend="name a file you may write"
        ) from error


def _as_json(found: Review) -> dict[str, Any]:
    return {
        "sentence": found.sentence,
        "base": _side(found.base),
        "head": _side(found.head),
        "mergeable": not found.failures,
        "declared": asdict(found.changed),
        "found": asdict(found.moved),
        "problems": [asdict(one) for one in found.problems],
        "remarks": list(found.remarks),
    }


def _side(tree: Tree) -> Mapping[str, Any]:
    return {"name": tree.name, "commit": tree.commit}
