from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from expkit.project.read import declared_files
from expkit.project.schema import schemas
from expkit.project.yaml import read_yaml

SOUND = Path(__file__).parent / "sound"
QUESTION = json.loads(schemas()["question.schema.json"])
EXPERIMENT = json.loads(schemas()["experiment.schema.json"])
WORDS = {
    *("$schema", "$defs", "$ref", "title", "description", "default", "type", "properties", "required", "const", "enum"),
    *(
        "additionalProperties",
        "patternProperties",
        "propertyNames",
        "minProperties",
        "items",
        "prefixItems",
        "minItems",
    ),
    *("maxItems", "anyOf", "oneOf", "pattern", "minLength", "maxLength"),
    *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
}


def refused(value: Any, schema: Any, top: Any, at: str = "") -> Iterator[str]:
    """Where a value breaks a schema: the part of draft 2020-12 that the schemas are written in."""
    assert schema.keys() <= WORDS, schema.keys() - WORDS
    if "$ref" in schema:
        yield from refused(value, top["$defs"][schema["$ref"].removeprefix("#/$defs/")], top, at)
    for choice, enough in (("anyOf", {1, 2, 3, 4}), ("oneOf", {1})):
        if choice in schema and sum(not [*refused(value, one, top)] for one in schema[choice]) not in enough:
            yield f"{at}: {choice}"
    types = {"object": dict, "array": list, "string": str, "integer": int, "number": (int, float), "boolean": bool}
    if (kind := schema.get("type")) and not isinstance(value, types.get(kind, type(None))):
        yield f"{at}: {kind}"
        return
    if value not in schema.get("enum", [value]) or value != schema.get("const", value):
        yield f"{at}: choice"
    if isinstance(value, int | float) and not isinstance(value, bool):
        low, high = schema.get("minimum", value), schema.get("maximum", value)
        if not low <= value <= high or value <= schema.get("exclusiveMinimum", value - 1):
            yield f"{at}: range"
    if isinstance(value, list):
        heads = schema.get("prefixItems", [])
        if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
            yield f"{at}: length"
        for index, item in enumerate(value):
            yield from refused(
                item, heads[index] if index < len(heads) else schema.get("items", {}), top, f"{at}[{index}]"
            )
    if isinstance(value, dict):
        yield from (f"{at}: lacks {key}" for key in schema.get("required", []) if key not in value)
        for key, item in value.items():
            inner = schema.get("properties", {}).get(key)
            for pattern, one in schema.get("patternProperties", {}).items():
                inner = one if re.search(pattern, key) else inner
            if inner is not None:
                yield from refused(item, inner, top, f"{at}.{key}")
            elif schema.get("additionalProperties") is False:
                yield f"{at}: unknown {key}"


def plain(file: str) -> Any:
    """A file of the sound project as plain values."""
    return read_yaml(file, declared_files(SOUND)[file]).value


def test_the_sound_files_satisfy_their_schemas() -> None:
    """An editor marks nothing that expkit accepts."""
    assert [*refused(plain("research_questions/rq01/question.yaml"), QUESTION, QUESTION)] == []
    assert [*refused(plain("experiments/strategies.yaml"), EXPERIMENT, EXPERIMENT)] == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"titel": "x"}, ": unknown titel"),
        ({"seeds": {"root": 1}}, ".seeds: lacks count"),
        ({"environment": {"kind": "dungeon", "slip": 2}}, ".environment: oneOf"),
        ({"arms": {"a b": {"agent": {"kind": "drunkard"}}}}, ".arms: unknown a b"),
        ({"arms": {"a": {"agent": {"kind": "nobody"}}}}, ".arms.a.agent: oneOf"),
        (
            {"arms": {"a": {"agent": {"kind": "drunkard"}, "environment": {"slip": 2}}}},
            ".arms.a.environment.slip: range",
        ),
        (
            {"arms": {"a": {"agent": {"kind": "drunkard"}, "environment": {"slp": 1}}}},
            ".arms.a.environment: unknown slp",
        ),
        ({"arms": {"a": {"agent": {"kind": "drunkard"}, "trainer": {"steps": 1}}}}, ".arms.a.trainer.steps: range"),
        ({"sweep": {"arm": "a", "vary": {"rate": [1]}}}, ".sweep: anyOf"),
    ],
)
def test_an_editor_marks_the_slips_of_an_experiment(change: dict[str, Any], said: str) -> None:
    """While they are typed, before expkit ever sees the file."""
    assert [*refused(plain("experiments/strategies.yaml") | change, EXPERIMENT, EXPERIMENT)] == [said]


@pytest.mark.parametrize("region", [{}, {"at_least": 0, "at_most": 1}])
def test_an_editor_marks_a_criterion_that_does_not_claim_one_region(region: dict[str, float]) -> None:
    """Exactly one of at_least, at_most and within, as expkit wants it."""
    question = plain("research_questions/rq01/question.yaml")
    criterion = {"kind": "value", "metric": "regret", "arm": "gambler", **region}
    question["hypotheses"][1]["criterion"] = criterion
    assert [*refused(question, QUESTION, QUESTION)] == [".hypotheses[1].criterion: oneOf"]


def test_overrides_need_no_key_and_have_no_defaults() -> None:
    """An editor that fills defaults in would undo what the experiment sets."""
    override = EXPERIMENT["$defs"]["EnvironmentOverride"]
    assert "required" not in override
    assert not any("default" in schema for schema in override["properties"].values())


def test_every_key_of_a_hypothesis_is_described() -> None:
    """An editor shows the docstrings of the specs as help, where the name does not say it all."""
    described = {
        key for key, schema in QUESTION["$defs"]["Hypothesis"]["properties"].items() if "description" in schema
    }
    assert described >= {"statement", "rationale", "experiment", "withdrawn"}


@pytest.mark.parametrize("schema", [QUESTION, EXPERIMENT], ids=["question", "experiment"])
def test_an_editor_has_something_to_say_of_every_key(schema: Any) -> None:
    """What hovers over a key is the docstring below its field, and over a kind what is of that kind."""
    parts = {"": schema, **schema["$defs"]}
    bare = [
        f"{name}.{key}"
        for name, part in parts.items()
        for key, one in part.get("properties", {}).items()
        if not one.get("description")
    ]
    assert bare == []
