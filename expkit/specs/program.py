"""Programs that expkit knows nothing about, as they are declared: started once per trial, measured by what they print.

In arguments and in variables, `{seed}`, `{output}`, `{inputs}`, `{config}` and `{config_folder}` stand for what a trial
is handed; every other brace is the program's own.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import Field, JsonValue, StringConstraints, model_validator

from expkit.specs.base import Setting, Spec, Text
from expkit.specs.metric import Metric

ParameterName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_.-]*$", max_length=100)]
"""What a program calls a parameter."""
VariableName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=100)]
"""What an environment variable is called."""
MetricName = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_.-]*(/[A-Za-z0-9_-][A-Za-z0-9_.-]*)*$", max_length=100)
]
"""A key of the JSON lines that a program prints; a path without empty or dotted parts, as MLflow demands."""
ProjectPath = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.@+ /-]*$", max_length=300)]
"""A file or a folder of the project, relative to its root, with `/`."""

PLACEHOLDER = re.compile(r"\{(seed|output|inputs|config|config_folder|parameters)\}")
"""What is filled in: a trial's seed, its output folder, the inputs, the file `parameters.json`, its folder, and the
parameters as arguments."""


class Measured(Spec):
    """What a number means that somebody else's program measures."""

    definition: Text
    """What is measured, in words a reviewer can judge."""
    unit: Text = "1"
    """What it is counted in."""
    better: Literal["higher", "lower"] = "higher"
    """Which way a team wants it to go."""
    binary: bool = False
    """Whether a trial yields 0 or 1, which calls for an exact test."""
    version: Annotated[int, Field(ge=1)] = 1
    """Raise it when the definition changes: it is a part of every decision made on this metric."""

    def named(self, name: str) -> Metric:
        """The metric of that name."""
        return Metric(name=name, **self.model_dump())


class OnOff(Spec):
    """How a parameter that is true or false becomes arguments; None for none at all."""

    on: str | None = None
    """Arguments for true, such as `--verbose`."""
    off: str | None = None
    """Arguments for false, such as `--no-verbose`."""


class Command(Spec):
    """A program, started once per trial; every line it prints that is a JSON object is one point of its metrics."""

    kind: Literal["command"]
    command: Annotated[tuple[str, ...], Field(min_length=1)]
    """Program and arguments, never seen by a shell. The parameters follow, or stand where `{parameters}` does."""
    parameters: dict[ParameterName, Setting] = {}
    """What every arm passes unless it says otherwise."""
    pass_as: str = "--{name}={value}"
    """How one parameter becomes arguments; at each blank a new one starts."""
    pass_each_as: dict[ParameterName, str | OnOff] = {}
    """The same for single parameters that are passed otherwise."""
    variables: dict[VariableName, str] = {}
    """Environment variables to set."""
    seed: Literal["given", "unseeded"] = "given"
    """`given`: `{seed}` stands in an argument or a variable. `unseeded`: the program takes none; its trials are
    replicates, and are never compared byte by byte."""
    axis: str = "step"
    """The key that says how far a trial has come; lines without it are counted."""
    metrics: Annotated[dict[MetricName, Measured], Field(min_length=1)]
    """The keys whose last values are the trial's results."""
    artifacts: tuple[str, ...] = ()
    """Files of the output folder to keep, by pattern: `model.npz`, `plots/*.png`. Others are dropped."""
    time_limit_s: Annotated[float, Field(gt=0)] | None = None
    """Seconds that a trial may take; then it is stopped and has failed."""
    retries: Annotated[int, Field(ge=0, le=10)] = 0
    """How often a trial that failed is started again."""
    sources: tuple[ProjectPath, ...] = ()
    """Files and folders whose content is the program's version. None named: the folder of the command's own file, and
    what else it names."""
    digest: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] | None = None
    """The digest of those sources. Where it is declared, no other is accepted; in resolved arms it always stands."""

    @model_validator(mode="after")
    def _seed_has_a_place(self) -> Self:
        places = "\n".join((*self.command, *self.variables.values()))
        if self.seed == "given" and "{seed}" not in places:
            raise ValueError(
                "nothing hands the seed to the program: put {seed} into an argument or a variable, "
                "such as --seed={seed}, or declare seed: unseeded"
            )
        if self.seed == "unseeded" and "{seed}" in places:
            raise ValueError("the program is handed a {seed}, and declared unseeded; leave one of them out")
        return self

    @property
    def content(self) -> str:
        """What its version is the version of: which files make up the program, as text."""
        return self.model_dump_json(include={"command", "sources"})

    @property
    def identity(self) -> dict[str, JsonValue]:
        """What two trials of one program have in common; how they are watched over and what is kept is not in it."""
        keys = {"kind", "command", "pass_as", "pass_each_as", "variables", "seed", "axis", "digest"}
        declared: dict[str, JsonValue] = self.model_dump(mode="json", include=keys)
        return {**declared, "metrics": [*sorted(self.metrics)]}


class Recorded(Spec):
    """No program at all: results that existed before, in a CSV file of the project, with a row for every trial."""

    kind: Literal["recorded"]
    file: Annotated[str, StringConstraints(pattern=r"^results/[A-Za-z0-9_./-]+\.csv$", max_length=200)]
    """The file's path, relative to the project's root."""
    arm: str = "arm"
    """The column that names the arm of a row."""
    seed: str = "seed"
    """The column that tells an arm's trials apart."""
    metrics: Annotated[dict[MetricName, Measured], Field(min_length=1)]
    """The columns that hold results, by name."""
    streams: Literal["independent", "common"] = "independent"
    """`common`: equal seeds of two arms had the same luck, so that tests are paired, and every arm has all of them."""
    ignored: tuple[str, ...] = ()
    """What the arm column also says and no arm is declared for: rows that are left out, and are seen to be."""
    source: Text | None = None
    """Where the results came from, for the reader of an outcome."""

    @property
    def rows(self) -> str:
        """Which columns of which file hold the results, as text."""
        return self.model_dump_json(include={"file", "arm", "seed", "metrics"})
