"""An experiment to be written: its file, with comments that explain the format."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from expkit.errors import InvalidUsage
from expkit.project.environments import TABLE_SUFFIXES
from expkit.project.names import suggestion
from expkit.project.scaffold.text import fresh_root, number, said, schema_line
from expkit.specs.agent import Accountant, Bootstrapping, Drunkard, Gambler

AGENTS = {
    get_args(one.model_fields["kind"].annotation)[0]: one
    for one in (Drunkard, Accountant, Gambler, *get_args(Bootstrapping))
}
"""The built-in agents by kind."""
DUNGEON = "dungeon"


@dataclass(frozen=True, kw_only=True)
class NewExperiment:
    """Everything that a person says of an experiment."""

    id: str
    environment: str
    """`dungeon`, a table's file, `module:name`, or the id of an environment of Gymnasium."""
    agents: tuple[str, ...]
    """Kinds of built-in agents, or `module:name`."""
    steps: int
    seeds: int
    title: str | None = None
    discount: float | None = None
    streams: Literal["independent", "common"] = "independent"


def experiment_text(new: NewExperiment, *, schema: bool) -> str:
    """`experiments/<id>.yaml`; `schema` says whether the project has schemas for editors.

    Raises:
        InvalidUsage: an agent is unknown.
    """
    arms = arms_of(new.agents)
    lines = [
        *([schema_line("experiment", depth=1), "#"] if schema else []),
        "# An experiment says what runs: an environment, a trainer, the arms to compare, and the seeds each arm is",
        "# repeated over. It holds no hypotheses; those stand in the questions that draw on it.",
        "",
        f"id: {new.id}  # the name of this file",
        f"title: {said(new.title or default_title(new.environment, new.agents))}",
        "",
        *_environment(new),
        "",
        "trainer:",
        "  kind: tabular  # expkit's own training loop over the environment's transition table",
        f"  steps: {new.steps}  # of one trial",
        "",
        "arms:  # the configurations to compare; what is left out has its default",
    ]
    for name, agent in arms.items():
        lines += [f"  {said(name)}:", f"    agent: {agent}"]
    kind = "every arm has its own luck" if new.streams == "independent" else "arms meet the same luck: paired tests"
    lines += [
        "",
        "seeds:",
        *root_lines(),
        f"  count: {new.seeds}  # of every arm",
        f"  streams: {new.streams}  # {kind}",
    ]
    return "\n".join([*lines, ""])


def default_title(environment: str, agents: Sequence[str]) -> str:
    """What an experiment is called that nobody gave a title: `drunkard and gambler in the dungeon`."""
    names = [*arms_of(agents)]
    listed = f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]
    return f"{listed} in {'the dungeon' if environment == DUNGEON else environment}"


def root_lines() -> list[str]:
    """A root from random bits, and what it is."""
    return [
        "  # All randomness comes from here, and these digits were drawn at random when the file was written. Another",
        "  # root is another sample: after a look at the results, a new hypothesis needs a new root, and so new data.",
        f"  root: {fresh_root()}",
    ]


def arms_of(agents: Sequence[str]) -> Mapping[str, str]:
    """The arms by name, each agent as YAML.

    Raises:
        InvalidUsage: there is no such agent, or one is named twice.
    """
    arms: dict[str, str] = {}
    for one in agents:
        module, colon, name = one.partition(":")
        if not colon and one not in AGENTS:
            known = suggestion(one, AGENTS)
            raise InvalidUsage(f"there is no agent {one!r}", mend=f"{known}; or module:name for a class of your own")
        kind = name.lower() if colon else one
        if kind in arms:
            raise InvalidUsage(
                f"the agent {one!r} is named twice", mend="name each once; vary it in the file by a sweep"
            )
        arms[kind] = f"{{kind: python, make: {said(f'{module}:{name}')}}}" if colon else _builtin(one)
    return arms


def _builtin(kind: str) -> str:
    """An agent with the settings that are most often changed."""
    fields = AGENTS[kind].model_fields
    shown = [f"{key}: {number(fields[key].default)}" for key in ("learning_rate", "discount") if key in fields]
    return f"{{{', '.join([f'kind: {kind}', *shown])}}}"


def _environment(new: NewExperiment) -> list[str]:
    discount = [] if new.discount is None else [f"  discount: {number(new.discount)}  # of the return"]
    if new.environment == DUNGEON:
        if discount:
            raise InvalidUsage(
                "the dungeon has no discount", mend="leave --discount out; an agent's own stands in its arm"
            )
        return [
            "environment:",
            "  kind: dungeon",
            "  length: 5  # tiles in a row; FORWARD moves one on, BACKWARD returns to the first",
            "  slip: 0.1  # how often the opposite action takes effect",
            "  small_reward: 2  # for going back",
            "  large_reward: 10  # at the far end",
            "  reward_rule: bump  # what the large reward is paid for: bump, landing or entry",
        ]
    if new.environment.endswith(TABLE_SUFFIXES):
        declared = ["  kind: table", f"  file: {said(new.environment)}"]
    elif ":" in new.environment:
        declared = ["  kind: python", f"  make: {said(new.environment)}"]
    else:
        declared = ["  kind: gymnasium", f"  id: {json.dumps(new.environment)}"]
    return ["environment:", *declared, *discount]
