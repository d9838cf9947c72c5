"""Environments as `expkit show` prints them: version, size, start, and the worth of the best policy."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from rich.markup import escape

from expkit.cli.console import results, table
from expkit.outcomes import numbers
from expkit.plan import PlannedArm
from expkit.specs.environment import Environment
from expkit.specs.experiment import TabularArm
from expkit.training.compile import compile_environment
from expkit.training.evaluate import optimal_gain, random_gain
from expkit.training.returns import optimal_return, random_return

_DIGITS = 6
_STARTS = 6


def print_environments(arms: Iterable[PlannedArm]) -> None:
    """Each environment of some arms, once, with the arms that are in it; under another time limit, it is another."""
    for number, (environment, names) in enumerate(_distinct(arms)):
        if number:
            results().print()
        facts = environment_facts(environment)
        results().print(f"[bold]{escape(_declared(environment))}[/]")
        page = table("", "", header=False)
        for label, text in _lines(facts).items():
            page.add_row(f"[dim]{label}[/]", escape(text))
        page.add_row("[dim]arms[/]", escape(", ".join(names)))
        results().print(page)


def environments_json(arms: Iterable[PlannedArm]) -> list[dict[str, Any]]:
    """The same for machines."""
    return [
        {
            "declared": environment.model_dump(mode="json", exclude_none=True),
            **environment_facts(environment),
            "arms": names,
        }
        for environment, names in _distinct(arms)
    ]


def environment_facts(environment: Environment) -> dict[str, Any]:
    """What an environment's table is, and exact values from its start.

    Returns are of one episode, discounted as the environment declares, or not at all; None where there is no finite
    one, as in a task without an end.
    """
    mdp = compile_environment(environment)
    discount = 1.0 if mdp.discount is None else mdp.discount
    ends = bool((mdp.terminal & (mdp.probability > 0)).any())
    asked = ends or mdp.discount is not None
    return {
        "environment_digest": mdp.digest,
        "states": mdp.states,
        "actions": mdp.actions,
        "outcomes": int(np.count_nonzero(mdp.probability)),
        "start": {str(state): float(mdp.start[state]) for state in np.flatnonzero(mdp.start).tolist()},
        "episodes": ends,
        "discount": mdp.discount,
        "optimal_gain": optimal_gain(mdp),
        "random_gain": random_gain(mdp),
        "optimal_return": _finite(optimal_return(mdp, discount)) if asked else None,
        "random_return": _finite(random_return(mdp, discount)) if asked else None,
    }


def _distinct(arms: Iterable[PlannedArm]) -> list[tuple[Environment, list[str]]]:
    found: dict[tuple[str, int | None], tuple[Environment, list[str]]] = {}
    for arm in arms:
        if isinstance(arm.arm, TabularArm) and (digest := arm.environment_digest):
            found.setdefault((digest, arm.arm.time_limit), (arm.arm.environment, []))[1].append(
                f"{arm.experiment}/{arm.name}"
            )
    return list(found.values())


def _declared(environment: Environment) -> str:
    """An environment in a line, as it is declared."""
    settings = environment.model_dump(mode="json", exclude_none=True, exclude={"kind", "digest"})
    return f"{environment.kind}: {', '.join(f'{key} {value}' for key, value in settings.items() if value != {})}"


def _lines(facts: dict[str, Any]) -> dict[str, str]:
    starts = [f"state {state}: {_number(chance)}" for state, chance in facts["start"].items()]
    more = f" and {len(starts) - _STARTS} more" if len(starts) > _STARTS else ""
    lines = {
        "digest": facts["environment_digest"],
        "size": f"{facts['states']:,} states, {facts['actions']:,} actions, {facts['outcomes']:,} possible outcomes",
        "start": f"{', '.join(starts[:_STARTS])}{more}",
        "ends": "episodes end where the table says so" if facts["episodes"] else "never: a continuing task",
        "gain": f"{_number(facts['optimal_gain'])} a step at best, {_number(facts['random_gain'])} for a random walk",
    }
    if facts["optimal_return"] is not None:
        how = "undiscounted" if facts["discount"] in (None, 1) else f"discounted by {_number(facts['discount'])}"
        walk = facts["random_return"]
        beside = f"{_number(walk)} for a random walk" if walk is not None else "a random walk may never end"
        lines["return"] = f"{_number(facts['optimal_return'])} an episode at best, {beside}; {how}"
    return lines


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _number(value: float) -> str:
    return numbers.significant(value, _DIGITS) if value else "0"
