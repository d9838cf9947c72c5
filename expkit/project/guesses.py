"""Which columns of somebody's table mean what: as told, or else guessed from their names and from what is in them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from expkit.errors import InvalidUsage
from expkit.project.names import listed, suggestion

ARM = ("arm", "agent", "algorithm", "algo", "method", "variant", "policy", "model", "configuration", "config")
SEED = ("seed", "random_seed", "rng_seed", "replicate", "trial", "run")
METRIC = ("return", "episode_return", "mean_return", "reward", "total_reward", "mean_reward", "score", "success")
LONG = "a row is one trial: a column for the arm, one for the seed, one for each metric"


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A metric as it was asked for: its column, and which way is better."""

    name: str
    lower: bool = False


@dataclass(frozen=True, kw_only=True)
class Columns:
    """What was taken for what."""

    arm: str
    seed: str
    metrics: tuple[Asked, ...]
    guessed: tuple[str, ...]
    """What nobody had said, in words."""


def asked(metric: str) -> Asked:
    """A metric as it is typed: `return`, or `loss:lower` where less is better."""
    name, colon, better = metric.rpartition(":")
    if colon and better in ("lower", "higher"):
        return Asked(name=name, lower=better == "lower")
    return Asked(name=metric)


def columns(
    names: Sequence[str], *, where: str, arm: str | None, seed: str | None, metrics: Sequence[Asked]
) -> Columns:
    """The columns that are meant, of a table with these names.

    Raises:
        InvalidUsage: a column that was named is not there, or none looks like what is needed.
    """
    guessed: list[str] = []

    def one(option: str, given: str | None, likely: Iterable[str], what: str) -> str:
        if given is not None:
            if given not in names:
                raise InvalidUsage(f"there is no column {given!r}", where=where, mend=suggestion(given, names))
            return given
        found = guess(names, likely)
        if found is None:
            raise InvalidUsage(
                f"no column looks like {what}",
                where=where,
                why=f"{LONG}; the columns here are {listed(names)}",
                mend=f"name it with {option}; a table with a column for each seed or arm has to be made long first",
            )
        guessed.append(f"column {found!r} was taken for {what}; another one: {option} COLUMN")
        return found

    arms, seeds = one("--arm", arm, ARM, "the arm"), one("--seed", seed, SEED, "the seed")
    wanted = metrics or (Asked(name=one("--metric", None, METRIC, "the metric")),)
    for metric in wanted:
        one("--metric", metric.name, (), "the metric")
    return Columns(arm=arms, seed=seeds, metrics=tuple(wanted), guessed=tuple(guessed))


def guess(names: Collection[str], likely: Iterable[str]) -> str | None:
    """The name that a person would take, whatever its case and whatever stands before a dot: `params.agent`."""
    bare = {name.rpartition(".")[2].lower().replace(" ", "_").replace("-", "_"): name for name in reversed([*names])}
    return next((bare[one] for one in likely if one in bare), None)
