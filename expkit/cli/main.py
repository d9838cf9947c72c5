"""The command `expkit`: parse, call, print, exit code.

Commands are imported when they are called: `expkit --help` must not wait for a numerical library.
"""

from __future__ import annotations

import gc
import importlib
import os
import sys
from typing import Any

import click

from expkit.cli.encoding import write_in_any_encoding
from expkit.errors import ExpkitError, InvalidDeclaration

COMMANDS = {
    "init": "Start a project of one's own in an empty folder, with one small example that runs.",
    "new": "Write a question, a hypothesis or an experiment, from answers or from flags.",
    "list": "The project's questions and experiments, and where each stands.",
    "ingest": "Make records of results that exist already, under a question.",
    "check": "Check declarations, outcomes and registrations; exit 1 when something is stale or edited.",
    "review": "Tell, as markdown, what a change does to the science; exit 1 when it must not be merged as it is.",
    "plan": "Show which seeds of which arms a run would compute.",
    "explain": "A hypothesis in plain words before anything runs: what is compared, how, and what would decide it.",
    "run": "Train what is missing, judge the hypotheses, write the outcome, publish to MLflow.",
    "status": "Every hypothesis: its verdict, how it is registered, and what is still to do.",
    "show": "One question, experiment, arm or attempt in full.",
    "compare": "The arms of a question side by side, with links that open them in MLflow.",
    "history": "A question's iterations: what each changed, what came of it, what was made of it.",
    "outcome": "Write a question's outcome anew from recorded results, without training.",
    "image": "Build, push and inspect the image that holds the project's code, packages and declarations.",
    "package": "Make an image and a registered model of an arm's trained agent.",
    "reproduce": "Execute recorded trials again, from their commit and in their image, and compare every digest.",
    "replicate": "Test a question's hypotheses on seeds drawn afresh, beside the registered verdicts.",
    "register": "Tag the hypotheses as they stand, so that they can be pushed before their data exist.",
    "sync": "Publish to MLflow what is recorded and not published yet.",
    "trajectories": "Write the steps of a recorded trial to a file: state, action, reward, what followed.",
    "digest": "Print the digest of a file or a folder, to be declared as an input.",
    "import": "Write an experiment that runs a step of a valohai.yaml, whose program stays as it is.",
    "schema": "Write JSON Schemas of the declared files, for editors.",
    "doctor": "What is missing on this machine, and the command that mends it.",
    "completion": "Print a script that lets a shell complete commands, options, and ids of the project.",
    "ui": "Open the project's MLflow store in a browser.",
}
"""Every command in the order of a working day, with its one line of help."""


READER_LEFT = 141
"""The exit code when whoever read the output went away, as a shell gives it."""


class Commands(click.Group):
    """A group that imports a command's module, `expkit.cli.<name>`, only when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every command's name, in the order of a working day."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, or None."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"expkit.cli.{cmd_name}_command")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the arguments name; an unknown one is refused with the nearest known names."""
        name = args[0]
        if name not in COMMANDS and not name.startswith("-"):
            import difflib  # only on the way to an error

            near = difflib.get_close_matches(name, COMMANDS, n=3)
            hint = f" Did you mean {' or '.join(near)}?" if near else " Run 'expkit --help' for the list."
            raise click.UsageError(f"There is no command '{name}'.{hint}", ctx=ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands from their one-liners, without importing any of them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="expkit", message="expkit %(version)s")
@click.option("-C", "--project", "folder", metavar="DIR", help="The project's folder, instead of the one around this.")
@click.pass_context
def expkit(ctx: click.Context, folder: str | None) -> None:
    """Research questions answered as code.

    Questions and hypotheses are files. `expkit run rq01` trains what is missing, tests every hypothesis, writes
    the outcome for review, and publishes all of it to MLflow. Ids may be shortened to a unique beginning.

    \b
    Exit codes:
      0    done (a refuted hypothesis is a result, not an error)
      1    a check says no: stale, contradicted, not reproduced
      2    invalid usage or declaration
      3    a trial failed
      4    done, publishing pending
      5    a needed service is absent
      130  interrupted
    """
    ctx.obj = folder


def main() -> None:
    """Run the command line; an expkit error becomes its message on stderr and its exit code."""
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # it would look through every installed package
    gc.set_threshold(200_000)  # a command lives for seconds; the collector would walk its imports over and over
    write_in_any_encoding(sys.stdout, sys.stderr)
    arguments: dict[str, Any] = {"prog_name": "expkit", "standalone_mode": False}
    try:
        code = expkit(**arguments)
        sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except ExpkitError as error:
        # where several files are wrong, each line begins with its place, as editors like to read it
        text = f"{error.what}\n{error}" if isinstance(error, InvalidDeclaration) else str(error)
        click.echo(f"{click.style('error:', fg='red', bold=True)} {text}", err=True)
        code = error.exit_code
    except (KeyboardInterrupt, click.Abort):
        click.echo("interrupted; every finished batch is kept", err=True)
        code = 130
    except BrokenPipeError:
        # the reader of a pipe has left: say no more, not even when the interpreter flushes on its way out
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = READER_LEFT
    gc.freeze()  # nor need it look at them once more on the way out: a tenth of a second
    sys.exit(code if isinstance(code, int) else 0)
