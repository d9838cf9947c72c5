"""A step of a `valohai.yaml` as the file of an experiment, with comments on what only its author can decide."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from expkit.errors import InvalidUsage
from expkit.project.core_schema import scalar
from expkit.project.names import match
from expkit.project.paths import EXPERIMENTS
from expkit.project.sources import Files, sources
from expkit.project.valohai.command import SEEDS, Passed, Translated, translate
from expkit.project.valohai.step import Step, converted
from expkit.specs.base import Setting

ARM = "default"
"""What the step with its defaults is called among the arms."""
FOLDERS = {
    "VH_OUTPUTS_DIR": "{output}",
    "VH_INPUTS_DIR": "{inputs}",
    "VH_CONFIG_DIR": "{config_folder}",
    "VH_PARAMETERS_DIR": "{config_folder}",
    "VH_REPOSITORY_DIR": ".",
}
"""The places that Valohai tells a program, as expkit has them. The working directory is the project's root in both."""

_PLAIN = re.compile(r"[A-Za-z_./][A-Za-z0-9_./:@+-]*( [A-Za-z0-9_./@+-]+)*")
_WIDTH = 118


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a person says beside the step: what it cannot say."""

    metrics: Mapping[str, str]
    """`higher` or `lower` by name: what is better."""
    vary: Mapping[str, Sequence[str]]
    """Values by parameter; one stands for the default, several make a sweep."""
    seeds: int
    experiment: str | None = None


@dataclass(frozen=True, kw_only=True)
class Imported:
    """The file of an experiment, and what to say of it."""

    id: str
    text: str
    arms: int
    remarks: tuple[str, ...]
    """What was decided, and by what reason."""
    left: tuple[str, ...]
    """What was not taken over."""

    @property
    def path(self) -> str:
        """Where it is read, relative to the project's root."""
        return f"{EXPERIMENTS}/{self.id}.yaml"


def imported(file: str, step: Step, wanted: Wanted, files: Files | None = None) -> Imported:
    """A step as an experiment; `files` are the project's, where it is known.

    Raises:
        InvalidUsage: what a person says does not fit the step, or is missing.
        InvalidDeclaration: the step cannot be said in an experiment.
    """
    if not wanted.metrics:
        raise InvalidUsage(
            "nothing says what the program measures",
            where=file,
            why="A step declares no metrics. They are keys of the JSON lines that its program prints, and the last "
            "value of each is a trial's result.",
            mend="name them: --metric reward, or --metric loss:lower where lower is better",
        )
    values = _values(step, wanted.vary)
    seed = next((one for one in step.parameters if one.name in SEEDS), None)
    passed = tuple(one for one in step.parameters if values[one.name] and one is not seed)
    command = translate(step, passed)
    writer = _Writer(file, step, wanted, values, command)
    swept = {name: values[name] for name in command.passed if len(values[name]) > 1}
    vary = swept
    remarks = [*_remarks(step, values, command), *_together(step, wanted, command)]
    if files is not None and not sources(command.words, (), files):
        remarks.append(
            "no word of the command is a file of the project: the image alone says which program this is, and without "
            "it nothing is run. Where the program is in the project, declare its files and folders: sources: [src]"
        )
    if len(swept) == 1:
        vary = {name: one[1:] for name, one in swept.items()}
        remarks += [
            f"the arm {ARM} has the first {name}, {_said(one[0])}, the sweep the others" for name, one in swept.items()
        ]
    elif swept:
        remarks.append(
            f"the arm {ARM} is the first of the sweep by another name: its trials are run once, and shown at both"
        )
    return Imported(
        id=writer.id,
        text=writer.text(vary, remarks),
        arms=1 + math.prod(map(len, vary.values())) if vary else 1,
        remarks=tuple(remarks),
        left=step.left,
    )


def _values(step: Step, vary: Mapping[str, Sequence[str]]) -> dict[str, tuple[Setting, ...]]:
    """The values of every parameter, its default first."""
    known = {one.name: one for one in step.parameters}
    values: dict[str, tuple[Setting, ...]] = {}
    for name, given in vary.items():
        if name in SEEDS and name in known:
            raise InvalidUsage(f"{name} is handed each trial's seed", mend="say how many seeds: --seeds N")
        one = known[match("parameter", name, known)]
        try:
            values[one.name] = tuple(dict.fromkeys(converted(one.kind, text) for text in given))
        except ValueError as error:
            raise InvalidUsage(f"--vary {name}: {error}", mend=f"{name} is of the type {one.kind}") from error
    for one in step.parameters:
        values.setdefault(one.name, tuple(dict.fromkeys(one.values)))
    if lacking := [one.name for one in step.parameters if not (values[one.name] or one.optional or one.name in SEEDS)]:
        raise InvalidUsage(
            f"{', '.join(lacking)} must be given, and the step has no default",
            where=step.name,
            mend=" ".join(f"--vary {name}=VALUE" for name in lacking),
        )
    return values


def _together(step: Step, wanted: Wanted, command: Translated) -> Iterator[str]:
    """What became of lists of defaults."""
    for one in step.parameters:
        if len(one.values) > 1 and one.name in command.passed and one.name not in wanted.vary:
            joined = (one.joined or " ").join(str(value) for value in one.values)
            here = "each is an arm of its own" if len({*one.values}) > 1 else "equal ones are passed once"
            yield (
                f"{one.name}: Valohai hands all its values to one execution, here {here}. If {joined} belong together, "
                + (
                    "write that as the one value"
                    if one.joined
                    else "write them into the command, and leave it out here"
                )
            )


def _remarks(step: Step, values: Mapping[str, Sequence[Setting]], command: Translated) -> Iterator[str]:
    if command.shell:
        yield (
            "the command needs a shell, so it is wrapped in one; parameters reach it as separate arguments and never "
            "as text that it reads"
        )
    if command.piped:
        yield (
            "the command has a pipe, of which sh hears only how its last part ends: a program that fails before it "
            "goes unseen. Where the image has bash: bash in the place of sh, and set -e -o pipefail"
        )
    if any(re.search(r"\b(pip|conda|apt|apt-get|npm) install\b", text) for text in command.words):
        yield "every trial would install packages again: build them into the image, and take that line out"
    for one in step.parameters:
        if not values[one.name] and one.name not in SEEDS:
            yield f"{one.name} is optional and has no default: it is not passed"
    if silent := [name for name, one in command.passed.items() if not one.on and not one.off]:
        yield f"the command passes {', '.join(silent)} nowhere: found in parameters.json of VH_CONFIG_DIR alone"
    if command.seeded:
        yield "every trial has a seed of its own, which is handed to the program; the step's default for it is none"
    else:
        yield (
            "no seed reaches the program: its trials are replicates, never compared byte by byte. Give it a parameter "
            "called seed, and import it again"
        )
    for one_input in step.inputs:
        known = f" from {', '.join(one_input.sources)}" if one_input.sources else ""
        yield f"the input {one_input.name}{known} is not fetched: VH_INPUTS_DIR holds what the experiment declares"


class _Writer:
    """Writes the file."""

    def __init__(
        self,
        file: str,
        step: Step,
        wanted: Wanted,
        values: Mapping[str, Sequence[Setting]],
        command: Translated,
    ) -> None:
        self.id = wanted.experiment or re.sub(r"[^a-z0-9_-]+", "-", step.name.lower()).strip("-_")[:60] or "imported"
        self._file = file
        self._step = step
        self._wanted = wanted
        self._values = values
        self._command = command

    def text(self, swept: Mapping[str, Sequence[Setting]], remarks: Sequence[str]) -> str:
        """The whole file."""
        step = self._step
        lines = [
            *_comment(f"The step {step.name} of {self._file}. What begins with 'Decide' only its author knows."),
            *(line for remark in remarks for line in _comment(f"- {remark}", "#   ")),
            *_comment(f"- not taken over: {', '.join(step.left)}" if step.left else "", "#   "),
            f"id: {self.id}",
            f"title: {_said(' '.join((step.description or f'The step {step.name}').split()))}",
            "trainer:",
            "  kind: command",
            *_listed("  command", self._command.words),
            *self._parameters(),
            "  # The places that Valohai tells a program, and what the step sets.",
            *_mapped("  variables", {**FOLDERS, **step.variables}),
            *([] if self._command.seeded else ["  seed: unseeded"]),
            "  # Decide: what each number means, in words that a reviewer can judge. The last line that has it counts.",
            "  metrics:",
            *(_measured(name, better) for name, better in self._wanted.metrics.items()),
            "  # Decide: which files of VH_OUTPUTS_DIR are worth keeping.",
            '  artifacts: ["*"]',
            *([f"  time_limit_s: {step.time_limit_s:g}"] if step.time_limit_s else []),
            f"image: {_said(step.image)} # where it cannot be had: expkit run {self.id} --executor local",
            "arms:",
            f"  {ARM}: {{}}",
            *self._sweep(swept),
            "# Decide: how many replicates an answer needs. Another root is other luck.",
            f"seeds: {{root: 1, count: {self._wanted.seeds}}}",
        ]
        return "\n".join(lines) + "\n"

    def _parameters(self) -> Iterator[str]:
        passed = self._command.passed
        yield from _mapped("  parameters", {name: self._values[name][0] for name in passed})
        kinds = {one.name: one.kind for one in self._step.parameters}
        ways = {name: way for name, one in passed.items() if (way := _way(one, kinds[name] == "flag")) is not None}
        if ways:
            yield "  pass_each_as:"
            yield from (f"    {_said(name)}: {way}" for name, way in ways.items())

    def _sweep(self, swept: Mapping[str, Sequence[Setting]]) -> Iterator[str]:
        if swept:
            yield "sweep:"
            yield f"  arm: {ARM}"
            yield "  vary:"
            for name, values in swept.items():
                yield f"    parameters.{name}: [{', '.join(_said(value) for value in values)}]"


def _measured(name: str, better: str) -> str:
    definition = _said(f"the last {name} that the program prints")
    return f"    {_said(name)}: {{definition: {definition}, better: {better}}}"


def _way(one: Passed, flag: bool) -> str | None:
    """How a parameter is passed, where that is not the default."""
    if flag and one.flag:
        ends = {"on": one.on, "off": one.off}
        return f"{{{', '.join(f'{end}: {_said(text)}' for end, text in ends.items() if text)}}}"
    return None if one.on == "--{name}={value}" else _said(one.on)


def _comment(text: str, indent: str = "# ") -> Iterator[str]:
    """A text as comment lines, cut between words."""
    line, first = "#", True
    for word in text.split():
        if len(line) + len(word) >= _WIDTH and not first:
            yield line
            line = indent.rstrip() if indent == "# " else "#  "
        line, first = f"{line} {word}", False
    if not first:
        yield line


def _said(value: Setting) -> str:
    """A value as YAML reads it back."""
    if not isinstance(value, str):
        return json.dumps(value)
    if _PLAIN.fullmatch(value) and value[-1] != ":" and scalar(value, plain=True) == value:
        return value
    return json.dumps(value, ensure_ascii=False)


def _mapped(key: str, values: Mapping[str, Setting]) -> Iterator[str]:
    if values:
        yield f"{key}:"
        yield from (f"    {_said(name)}: {_said(value)}" for name, value in values.items())


def _listed(key: str, words: Sequence[str]) -> Iterator[str]:
    """A list on one line; where a word is a script of several, a word on each."""
    line = f"{key}: [{', '.join(_said(word) for word in words)}]"
    if len(line) <= _WIDTH and not any("\n" in word for word in words):
        yield line
        return
    yield f"{key}:"
    for word in words:
        script = word.split("\n")
        if len(script) > 1 and all(part.isprintable() and part.strip() and part[0] != " " for part in script):
            yield "    - |-"
            yield from (f"      {part.rstrip()}" for part in script)
        else:
            yield f"    - {_said(word)}"
