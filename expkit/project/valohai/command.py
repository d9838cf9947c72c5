"""A step's command as words: what Valohai fills into a line for a shell becomes arguments, and no value meets a shell.

`{parameters}` stays what it is. `{parameter:NAME}` and `{parameter-value:NAME}` become one `{parameters}` in their
place, each parameter with the words before it in the way it is passed. What needs a shell is wrapped in one, visibly,
and is handed the parameters as `"$@"` or `"$1"`.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from expkit.project.valohai.step import Parameter, Step

SEEDS = ("seed", "random_seed", "random-seed", "rng_seed")
"""What a parameter is called that takes a trial's seed."""

_REFERENCE = re.compile(r"\{(parameters|params|parameter:[^{}]+|parameter-value:[^{}]+)\}")
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=")
_BUILTINS = frozenset({"cd", "export", "source", ".", "set", "exec", "eval", "if", "for", "while", "case", "[", "test"})


@dataclass(frozen=True, kw_only=True)
class Passed:
    """How one parameter becomes arguments; words parted by blanks, with `{name}` and `{value}`."""

    on: str
    """Of a flag: when it is true."""
    off: str | None = None
    flag: bool = False

    def after(self, words: list[str]) -> Passed:
        """The same behind some words."""
        ahead = " ".join(words)
        off = f"{ahead} {self.off or ''}".strip() if words else self.off
        return replace(self, on=f"{ahead} {self.on}".strip(), off=off if self.flag else None)


@dataclass(frozen=True, kw_only=True)
class Translated:
    """A command that no shell sees unless it is its first word."""

    words: tuple[str, ...]
    passed: dict[str, Passed]
    """Every parameter that has a value, in the order in which it is passed."""
    seeded: bool
    shell: bool
    piped: bool = False
    """Whether a shell hears only how the last part of a pipe ends."""


def translate(step: Step, parameters: tuple[Parameter, ...]) -> Translated:
    """A step's command with those of its parameters that have a value.

    Raises:
        InvalidDeclaration: it cannot be said without a value in a shell's text, or names what is not there.
    """
    texts = [text.replace("\\\n", " ").strip() for text in step.command]
    lines = [line for text in texts for line in text.splitlines() if line.strip()]
    translation = _Translation(step, {one.name: one for one in parameters})
    if len(lines) == 1 and not needs_shell(lines[0]):
        return translation.plain(lines[0].strip())
    return translation.shell("\n".join(["set -e", *texts]))


def needs_shell(line: str) -> bool:
    """Whether a line means more than its words: variables, pipes, several commands, patterns of files."""
    first = line.split()[0]
    if first in _BUILTINS or _ASSIGNMENT.match(first):
        return True
    before = " "
    for character, quoted in _quoting(line):
        if quoted != "'" and character in "$`":
            return True
        if not quoted and (character in "&|;<>()*?" or (character in "#~!" and before.isspace())):
            return True
        before = character
    return False


def has_pipe(text: str) -> bool:
    """Whether one program's output is another's input somewhere; `||` is none."""
    bare = "".join(character if not quoted else "x" for character, quoted in _quoting(text))
    return "|" in bare.replace("||", "").replace(">|", "")


def _quoting(text: str) -> Iterator[tuple[str, str]]:
    """Each character with the quote that is open around it, as a shell reads it."""
    quoted, escaped = "", False
    for character in text:
        if escaped:
            escaped = False
            yield "x", quoted  # whatever it is, it means itself
            continue
        yield character, quoted
        if character == "\\" and quoted != "'":
            escaped = True
        elif character in "'\"" and quoted in ("", character):
            quoted = "" if quoted else character


@dataclass
class _Translation:
    step: Step
    parameters: dict[str, Parameter]
    passed: dict[str, Passed] = field(default_factory=dict)

    @property
    def _seed(self) -> Parameter | None:
        return next((one for one in self.step.parameters if one.name in SEEDS), None)

    def plain(self, line: str) -> Translated:
        try:
            words = shlex.split(line)
        except ValueError as error:
            raise self._refused(f"the command cannot be split into words: {error}", "close every quote") from error
        found = [_REFERENCE.findall(word) for word in words]
        if any("parameters" in self._names(one) for one in found):
            self._alone(sum(len(one) for one in found))
            whole = [word if word != "{params}" else "{parameters}" for word in words]
            if "{parameters}" not in whole:
                raise self._refused("{parameters} is many arguments", "make it a word by itself in the command")
            place = whole.index("{parameters}") + 1
            self.passed = {name: _ordinary(one) for name, one in self.parameters.items()}
            return self._done([*whole[:place], *self._seed_words(), *whole[place:]])
        return self._done(self._run(words, found))

    def _names(self, found: list[str]) -> list[str]:
        return ["parameters" if one == "params" else one for one in found]

    def _run(self, words: list[str], found: list[list[str]]) -> list[str]:
        """The words with one `{parameters}` in the place of all from the first parameter to the last."""
        before: list[str] = []
        between: list[str] = []
        aside: list[str] = []  # the seed, where it stands among parameters: what they are passed as cannot hold it
        for word, references in zip(words, found, strict=True):
            if len(references) > 1:
                raise self._refused(f"{word!r} holds more than one parameter", "give each parameter a word of its own")
            here = between if self.passed else before
            if not references:
                here.append(word)
            elif (name := references[0].partition(":")[2]) == (self._seed and self._seed.name):
                filled = self._filled_seed(word, references[0])
                if self.passed:
                    option = [between.pop()] if filled == ["{seed}"] and between and between[-1][0] == "-" else []
                    aside += [*option, *filled]
                else:
                    before += filled
            elif one := self._valued(name, references[0]):
                if name in self.passed:
                    raise self._refused(f"the parameter {name} is passed twice", "name it once in the command")
                if any(len(word.split()) != 1 or "{" in word for word in between):
                    raise self._refused("a word between two parameters holds a blank or a brace", "move it before them")
                self.passed[name] = self._referred(one, word, references[0]).after(between)
                between = []
        return [*before, *(["{parameters}"] if self.passed else []), *aside, *between]

    def _valued(self, name: str, reference: str) -> Parameter | None:
        """The parameter of a reference; None where it is optional and has no value, so that nothing is passed."""
        if one := self.parameters.get(name):
            return one
        if all(one.name != name for one in self.step.parameters):
            raise self._refused(f"the command names a parameter {name!r}, which the step has not", "declare it")
        if reference.startswith("parameter-value:"):
            raise self._refused(f"the parameter {name} has no value", f"give it one: --vary {name}=VALUE")
        return None

    def _referred(self, one: Parameter, word: str, reference: str) -> Passed:
        """How a parameter is passed that the command names by itself."""
        if reference.startswith("parameter-value:"):
            template = _REFERENCE.sub("{value}", word)
            if one.kind != "flag":
                return Passed(on=template)
            on, off = (template.replace("{value}", said) for said in ("True", "False"))
            return Passed(on=on, off=off, flag=True)
        if word != f"{{{reference}}}":
            raise self._refused(f"{word!r} holds whole arguments", f"write {{parameter-value:{one.name}}}")
        return _ordinary(one)

    def _filled_seed(self, word: str, reference: str) -> list[str]:
        if reference.startswith("parameter-value:"):
            return [_REFERENCE.sub("{seed}", word)]
        return self._seed_words()

    def _seed_words(self) -> list[str]:
        if self._seed is None:
            return []
        return self._seed.template.replace("{name}", self._seed.name).replace("{value}", "{seed}").split()

    def shell(self, script: str) -> Translated:
        found = [(one.start(), one[1]) for one in _REFERENCE.finditer(script)]
        quotes = [quoted for _, quoted in _quoting(script)]
        if "parameters" in self._names([one for _, one in found]):
            self._alone(len(found))
            if quotes[found[0][0]]:
                raise self._refused("{parameters} stands in quotes, where arguments cannot", "take it out of them")
            self.passed = {name: _ordinary(one) for name, one in self.parameters.items()}
            arguments = ["{parameters}", *self._seed_words()]
            return self._done(["sh", "-c", _REFERENCE.sub('"$@"', script), "sh", *arguments], shell=True)
        places: dict[str, int] = {}
        seed = self._seed.name if self._seed else None
        if any(one.partition(":")[2] == seed for _, one in found):
            places[str(seed)] = 1
        text, end = "", 0
        for start, reference in found:
            name = reference.partition(":")[2]
            if not reference.startswith("parameter-value:") or quotes[start] == "'":
                why = f"{{{reference}}} cannot be an argument of its own in a shell's text"
                raise self._refused(
                    why, f"write {{parameter-value:{name}}} outside of single quotes, or {{parameters}}"
                )
            if name != seed and (one := self._valued(name, reference)):
                self.passed.setdefault(name, self._referred(one, f"{{{reference}}}", reference))
            place = places.setdefault(name, len(places) + 1)
            text += script[end:start] + (f"${{{place}}}" if quotes[start] else f'"${{{place}}}"')
            end = start + len(reference) + 2
        arguments = ["{seed}"] if seed in places else []
        arguments += ["{parameters}"] if self.passed else []
        return self._done(["sh", "-c", text + script[end:], "sh", *arguments], shell=True)

    def _alone(self, references: int) -> None:
        if references > 1:
            why = "the command names {parameters} and parameters again beside them"
            raise self._refused(why, "pass each once: leave {parameters}, or name each by {parameter:NAME}")

    def _done(self, words: list[str], *, shell: bool = False) -> Translated:
        silent = {name: Passed(on="") for name in self.parameters if name not in self.passed}
        seeded = any("{seed}" in word for word in words)
        passed, piped = {**self.passed, **silent}, shell and has_pipe(words[2])
        return Translated(words=tuple(words), passed=passed, seeded=seeded, shell=shell, piped=piped)

    def _refused(self, why: str, valid: str) -> Exception:
        return self.step.refused("command", why, valid)


def _ordinary(one: Parameter) -> Passed:
    if one.kind == "flag":
        on, off = (text and text.replace("{name}", one.name) for text in (one.template, one.template_off))
        return Passed(on=(on or "").replace("{value}", "true"), off=off, flag=True)
    return Passed(on=one.template)
