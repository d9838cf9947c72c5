"""`expkit register`: tag the hypotheses as they stand."""

from __future__ import annotations

import click

from expkit.cli import offers
from expkit.cli.console import results
from expkit.cli.project import open_project, question_named
from expkit.dossier import Dossier
from expkit.errors import InvalidUsage
from expkit.outcomes.registration import tag
from expkit.provenance.git import read_git
from expkit.provenance.history import History


@click.command("register")
@click.argument("question", shell_complete=offers.questions)
@click.pass_context
def command(ctx: click.Context, question: str) -> None:
    """Tag the hypotheses as they stand, so that they can be pushed before their data exist.

    The annotated tag holds every decision and its digest. Pushing it (the command is printed) lets others see that the
    hypotheses came first.
    """
    project, _ = open_project(ctx)
    dossier = Dossier(project, question_named(project, question))
    if dossier.unwitnessed and len(dossier.unwitnessed) == len(dossier.arms):
        raise InvalidUsage(
            f"{dossier.question.id} has nothing to register",
            where=dossier.paths.relative(dossier.paths.question(dossier.question.id)),
            why="its results existed before its hypotheses; a tag would say that the hypotheses came first",
            mend="declare an experiment that is still to be run, and register a question on that",
        )
    git, _ = read_git(project.root)
    asked = dossier.question.id
    if git.state != "clean":
        reasons = {
            "dirty": "the tree differs from its commit",
            "no_commits": "nothing is committed yet",
            "no_repository": "the project is not in a git repository",
        }
        raise InvalidUsage(
            "a registration is of a commit",
            where=dossier.question.id,
            why=reasons.get(git.state, git.reason),
            mend=f"git add -A && git commit -m 'Ask {asked}' && expkit register {asked}",
        )
    name, message = tag(dossier.question, dossier.standings)
    history = History(project.root)
    if name in history.tags():
        results().print(f"{name} is there already: the same decisions were registered before")
    else:
        history.tag(name, message)
        results().print(f"tagged {name}")
    results().print(f"push it before the run: git push origin {name}")
