"""Annotations: problems as workflow commands of GitHub Actions, which shows them beside the lines of a pull request."""

from __future__ import annotations

from collections.abc import Sequence

from expkit.review.problems import Problem

MOST = 10
"""What GitHub shows of one step; more are dropped, and which is not said."""
_COMMANDS = {"failure": "error", "warning": "warning"}


def workflow_commands(found: Sequence[Problem], prefix: str = "") -> tuple[str, ...]:
    """One line for each problem, the worst first, at most ten.

    Notes get none, and neither do warnings of questions that the change does not touch.

    `prefix` is the project's folder within its repository: GitHub knows files from there.
    """
    mine = (one for one in found if one.severity == "failure" or (one.severity == "warning" and not one.untouched))
    told = sorted(mine, key=lambda one: [*_COMMANDS].index(one.severity))
    return tuple(_command(one, prefix) for one in told[:MOST])


def data(text: str) -> str:
    """A message, escaped so that it stays one line and reads the same."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def value(text: str) -> str:
    """The value of a property, escaped so that it ends neither the property nor the list of them."""
    return data(text).replace(":", "%3A").replace(",", "%2C")


def _command(one: Problem, prefix: str) -> str:
    column = {"col": str(one.column)} if one.column else {}
    properties = {"file": f"{prefix}{one.file}", "line": str(one.line), **column, "title": one.title}
    listed = ",".join(f"{name}={value(text)}" for name, text in properties.items())
    message = "\n".join(text for text in (one.what, one.before, one.mend) if text is not None)
    return f"::{_COMMANDS[one.severity]} {listed}::{data(message)}"
