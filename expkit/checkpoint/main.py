"""What runs in a checkpoint's own image: `docker run IMAGE evaluate`, `act`, `info`.

It needs the files in /checkpoint and nothing else: no network, no tracker, no git, no folder to write to.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import sys
from pathlib import Path
from typing import Any

import click

from expkit.checkpoint import card
from expkit.checkpoint.policy import action_chances
from expkit.checkpoint.room import make_room
from expkit.checkpoint.stored import load
from expkit.errors import ExpkitError, InvalidUsage

CHECKPOINT = "/checkpoint"
"""Where an image holds its checkpoint."""
_MOST_EPISODES = 10_000_000
_TERMINATED = 143


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110}, invoke_without_command=True
)
@click.option(
    "--checkpoint",
    "folder",
    type=click.Path(path_type=Path),
    default=CHECKPOINT,
    show_default=True,
    metavar="DIR",
    help="The folder of the checkpoint.",
)
@click.pass_context
def checkpoint(ctx: click.Context, folder: Path) -> None:
    """A trained agent, sealed with its environment, its code and where it came from.

    \b
    Examples:
      docker run --rm IMAGE evaluate --episodes 1000
      docker run --rm IMAGE act --state 3
      docker run --rm IMAGE info --json

    \b
    Exit codes:
      0    done
      1    the checkpoint is not what it says it is
      2    invalid usage
      5    nowhere to write to
      130  interrupted
    """
    ctx.obj = folder
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


@checkpoint.command("evaluate", short_help="Returns on fresh luck, with an interval.")
@click.option("--episodes", type=click.IntRange(1, _MOST_EPISODES), default=1000, show_default=True)
@click.option(
    "--steps", type=click.IntRange(1, 10**12), help="Steps of one episode.  [default: as many as in training]"
)
@click.option("--root", type=click.IntRange(0, 2**53 - 1), help="The root of the luck.  [default: the training's]")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def evaluate_command(folder: Path, episodes: int, steps: int | None, root: int | None, as_json: bool) -> None:
    """Returns of its policy on fresh luck, with a 95 % interval, beside the exact expectation.

    An episode begins in the environment's start state and lasts STEPS steps; a task that ends earlier begins again, as
    in training. Rewards are not discounted. The agent neither learns nor explores: it takes the action with the largest
    entry of its final table, ties evenly (the drunkard, who has no use for a table, acts at random). Luck comes from
    streams that no training met, so that the choice of the seed does not flatter the result. The same options give the
    same numbers everywhere.
    """
    stored = load(folder)
    make_room()
    from expkit.checkpoint.proof import prove  # numba: 0.3 s that `act` and `info` do not pay
    from expkit.checkpoint.rollout import evaluate

    prove(stored)
    one = stored.checkpoint
    found = evaluate(
        stored.mdp,
        one.resolved.agent,
        stored.q,
        arm_key=one.arm_key,
        root=one.root if root is None else root,
        episodes=episodes,
        steps=steps or one.resolved.trainer.steps,
    )
    if as_json:
        _print_json({"arm": one.arm, "seed": one.seed, **found.model_dump(mode="json")})
    else:
        click.echo(card.evaluation_text(one, found))


@checkpoint.command("act", short_help="The action it takes in a state.")
@click.option("--state", type=int, required=True, help="The state's number, from 0.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def act_command(folder: Path, state: int, as_json: bool) -> None:
    """The action it takes in a state, with the table's entries; of several equally good ones, one is drawn."""
    stored = load(folder)
    if not 0 <= state < stored.mdp.states:
        raise InvalidUsage(f"there is no state {state}", mend=f"the states are 0 to {stored.mdp.states - 1}")
    chances = action_chances(stored.checkpoint.resolved.agent, stored.q)[state].tolist()
    drawn = secrets.choice([action for action, chance in enumerate(chances) if chance > 0])
    document = card.action_document(stored, state, drawn)
    if as_json:
        _print_json(document)
    else:
        click.echo(card.action_text(stored, document))


@checkpoint.command("info", short_help="What it is and where it came from.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def info_command(folder: Path, as_json: bool) -> None:
    """What it is and where it came from: question, arm, seed, commit, evidence, parent image."""
    stored = load(folder)
    if as_json:
        _print_json({"checkpoint_digest": stored.sha256, **stored.checkpoint.model_dump(mode="json")})
    else:
        click.echo(card.provenance(stored))


def _print_json(value: dict[str, Any]) -> None:
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def _stop(number: int, frame: object) -> None:
    sys.exit(_TERMINATED)


def main() -> None:
    """Run the command line; an expkit error becomes its message on stderr and its exit code."""
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    signal.signal(signal.SIGTERM, _stop)  # a container's first process would not hear it
    try:
        checkpoint(prog_name="docker run IMAGE", standalone_mode=False)
        sys.stdout.flush()
        code = 0
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except ExpkitError as error:
        click.echo(f"error: {error}", err=True)
        code = error.exit_code
    except (KeyboardInterrupt, click.Abort):
        click.echo("interrupted", err=True)
        code = 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 141
    sys.exit(code)


if __name__ == "__main__":
    main()
