"""Tab in a real bash, through the script that `expkit completion bash` prints."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from tests.conftest import EXPKIT

if TYPE_CHECKING:
    from tests.conftest import Desk

TAB = """\
eval "$(expkit completion bash)"
tab() {
  COMP_WORDS=("$@"); COMP_CWORD=$(( $# - 1 )); COMPREPLY=()
  _expkit_completion expkit
  printf '%s\\n' "${COMPREPLY[*]}"
}
"""


def test_bash_completes_commands_options_and_ids(desk: Desk) -> None:
    """Ids come from the project around; hypotheses of the question before them; a mistake hides no question."""
    asked = [
        ("expl", "explain"),
        ("run ''", "rq01 strategies"),
        ("run rq01 --exe", "--executor"),
        ("explain rq01 ''", "h1 h2"),
        ("show strategies/g", "strategies/gambler"),
        ("package ''", "strategies/drunkard strategies/accountant strategies/gambler"),
        ("explain rq09 ''", ""),
    ]
    assert _tabbed(desk, [words for words, _ in asked]) == [offered for _, offered in asked]
    desk.edit(desk.question, "kind: ratio", "kind: ration")
    assert _tabbed(desk, ["check ''", "explain rq01 ''"]) == ["rq01", ""]


def test_the_other_shells_have_a_script_too(desk: Desk) -> None:
    """zsh and fish; any other shell is refused with the three there are."""
    for shell in ("zsh", "fish"):
        said = desk.expkit("completion", shell)
        assert f"_EXPKIT_COMPLETE={shell}_complete" in said.out
    refused = desk.expkit("completion", "csh")
    assert refused.code == 2
    assert "'bash', 'zsh', 'fish'" in refused.err


def _tabbed(desk: Desk, typed: list[str]) -> list[str]:
    """What bash offers for each line so far; nothing may be said on stderr, in the middle of somebody's line."""
    script = TAB + "\n".join(f"tab expkit {words}" for words in typed)
    environment = desk.environment | {"PATH": f"{EXPKIT.parent}:{desk.environment['PATH']}"}
    done = subprocess.run(
        ["bash", "--norc", "-c", script], cwd=desk.root, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    return done.stdout.split("\n")[:-1]
