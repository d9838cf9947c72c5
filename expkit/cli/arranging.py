"""An experiment from flags, and from answers to what they leave open."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from expkit.cli.asking import answer, text
from expkit.cli.console import log
from expkit.errors import InvalidUsage
from expkit.project.scaffold.create import mistakes
from expkit.project.scaffold.experiment import (
    AGENTS,
    DUNGEON,
    NewExperiment,
    arms_of,
    default_title,
    experiment_text,
)
from expkit.specs.experiment import Streams

_STEPS, _SEEDS = 10_000, 50


@dataclass(frozen=True, kw_only=True)
class Arranged:
    """What flags said of an experiment; None where they said nothing."""

    title: str | None = None
    environment: str | None = None
    discount: float | None = None
    agents: str | None = None
    steps: int | None = None
    seeds: int | None = None


def arranged(said: Arranged, *, id: str, streams: Streams, root: Path, asks: bool) -> NewExperiment:
    """The experiment that was said; what is open is asked, where `asks`, and otherwise has its default.

    Raises:
        InvalidUsage: something cannot be meant; with what is valid.
    """

    def tried(environment: str, agents: tuple[str, ...]) -> None:
        """Refuse at once what could not be written in the end."""
        new = NewExperiment(id="new", environment=environment, agents=agents, steps=40, seeds=5, discount=said.discount)
        for one in mistakes(root, "experiments/new.yaml", experiment_text(new, schema=False).encode()):
            if one.file == "experiments/new.yaml":
                raise InvalidUsage(one.why, mend=one.valid)

    def sound_environment(given: str) -> str:
        tried(text(given), ("drunkard",))
        return given

    def sound_agents(given: str) -> tuple[str, ...]:
        agents = _split(given)
        tried(environment, agents)
        return agents

    environment = said.environment or DUNGEON
    if said.environment is None and asks:
        _hint("environments: dungeon; a table environments/FILE.csv; module:name; an id of Gymnasium's")
        environment = answer("environment", sound_environment, default=DUNGEON)
    if said.agents is None:
        _hint(f"agents: {', '.join(AGENTS)}; or module:name for a class of your own")
        agents = answer("agents to compare, with commas", sound_agents, default="drunkard,gambler")
    else:
        agents = _split(said.agents)
    steps, seeds, title = said.steps, said.seeds, said.title
    if steps is None and asks:
        steps = answer("steps of one trial", _whole(40), default=str(_STEPS))
    if seeds is None and asks:
        seeds = answer("seeds of every arm", _whole(5), default=str(_SEEDS))
    if title is None and asks:
        title = answer("title", text, default=default_title(environment, agents))
    return NewExperiment(
        id=id,
        title=title,
        environment=environment,
        discount=said.discount,
        agents=agents,
        steps=steps or _STEPS,
        seeds=seeds or _SEEDS,
        streams=streams,
    )


def _split(given: str) -> tuple[str, ...]:
    agents = tuple(one.strip() for one in given.split(",") if one.strip())
    if not arms_of(agents):
        raise InvalidUsage("an experiment has at least one arm", mend=f"name agents: {', '.join(AGENTS)}")
    return agents


def _whole(least: int) -> Callable[[str], int]:
    def read(given: str) -> int:
        number = given.replace(",", "").replace("_", "")
        if not number.isdecimal() or int(number) < least:
            raise InvalidUsage(f"{given!r} is too few, or no whole number", mend=f"type {least} or more")
        return int(number)

    return read


def _hint(said: str) -> None:
    log().print(said, style="dim", markup=False)
