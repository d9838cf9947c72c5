"""Declarations to start from, for results that exist already: an experiment, and a question with a first hypothesis."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from expkit.project.guesses import Asked

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_WORDS_OF_YAML = frozenset({"true", "false", "null", "yes", "no", "on", "off"})


@dataclass(frozen=True, kw_only=True)
class Compared:
    """What the first hypothesis holds against what. `control` is None for one arm against a constant."""

    treatment: str
    control: str | None


def experiment_text(
    *,
    experiment: str,
    title: str,
    file: str,
    arm: str,
    seed: str,
    metrics: Sequence[Asked],
    binary: Sequence[str],
    arms: Mapping[str, str],
    source: str,
) -> str:
    """`experiments/<id>.yaml` of recorded results. `arms` gives what the file calls each arm, by its name."""
    lines = [
        "# Results that existed before expkit saw them: what is decided on them is stamped unwitnessed.",
        f"id: {experiment}",
        f"title: {scalar(title)}",
        "trainer:",
        "  kind: recorded",
        f"  file: {file}",
        f"  arm: {scalar(arm)}",
        f"  seed: {scalar(seed)}",
        "  # Where equal seeds of two arms had the same luck, tests may be paired: add  streams: common",
        "  metrics:",
    ]
    for metric in metrics:
        better = ", better: lower" if metric.lower else ""
        zero_or_one = ", binary: true" if metric.name in binary else ""
        lines += [
            "    # EDIT: what is measured, over which episodes, in which unit; and whether lower is better.",
            f"    {scalar(metric.name)}: {{definition: {scalar(f'{metric.name} of a trial, as the file has it')}, "
            f'unit: "1"{better}{zero_or_one}}}',
        ]
    lines += [f"  source: {scalar(source)}", "arms:"]
    for name, value in arms.items():
        lines.append(f"  {scalar(name)}: {{{'' if name == value else f'recorded_as: {scalar(value)}'}}}")
    return "\n".join([*lines, ""])


def question_text(*, question: str, title: str, experiment: str, metric: Asked, compared: Compared) -> str:
    """`research_questions/<id>/question.yaml` with one hypothesis, that the first metric is better under one arm."""
    treatment, control = compared.treatment, compared.control
    bound = "at_most: 0" if metric.lower else "at_least: 0"
    if control is None:
        arms, claim = (
            f"arm: {scalar(treatment)}",
            f"The {metric.name} of {treatment} is {'at most' if metric.lower else 'at least'} 0.",
        )
        kind, asked = "value", f"How good is {treatment}, by its {metric.name}?"
    else:
        better = "lower" if metric.lower else "higher"
        arms = f"treatment: {scalar(treatment)}, control: {scalar(control)}"
        claim = f"{treatment} has a {better} {metric.name} than {control}."
        kind, asked = "difference", f"Is {treatment} better than {control}, by its {metric.name}?"
    return "\n".join(
        [
            "# EDIT whatever follows: it is a start that can be run as it is. Then: expkit check",
            f"id: {question}",
            f"title: {scalar(title)}",
            f"question: {scalar(asked)}",
            f"scope: {scalar(f'The trials in the file of {experiment}, and nothing beyond them.')}",
            f"experiments: [{experiment}]",
            "hypotheses:",
            "  - id: h1",
            f"    statement: {scalar(claim)}",
            f"    experiment: {experiment}",
            "    # EDIT the bound: by how much would it have to be better for anybody to care?",
            f"    criterion: {{kind: {kind}, metric: {scalar(metric.name)}, {arms}, {bound}}}",
            "",
        ]
    )


def scalar(text: str) -> str:
    """A string as YAML 1.2 reads it back: as it is where that is certain, in JSON's quotes otherwise."""
    plain = _PLAIN.fullmatch(text) and text.lower() not in _WORDS_OF_YAML
    return text if plain else json.dumps(text, ensure_ascii=False)
