"""`expkit completion`: the script that lets a shell complete expkit's commands, options and ids."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

SHELLS = ("bash", "zsh", "fish")


@click.command("completion")
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print a script that lets a shell complete commands, options, and ids of the project.

    \b
    Load it from the shell's own file, once:
      bash  echo 'eval "$(expkit completion bash)"' >> ~/.bashrc
      zsh   echo 'eval "$(expkit completion zsh)"' >> ~/.zshrc
      fish  expkit completion fish > ~/.config/fish/completions/expkit.fish
    """
    kind = get_completion_class(shell)
    assert kind is not None
    click.echo(kind(ctx.find_root().command, {}, "expkit", "_EXPKIT_COMPLETE").source())
