"""pydantic's errors in words: what is wrong, at which place of the file, and what would be valid.

What is valid is read from the model's JSON Schema, which names every key, range and choice. Locations are freed of the
tags that pydantic adds for unions, so that they lead to a place in the file.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from expkit.project.names import listed, near, suggestion
from expkit.project.yaml import Location

Schema = Mapping[str, Any]

_PATTERNS = {
    r"^[a-z0-9][a-z0-9_-]*$": "lower-case letters, digits, '-' and '_', starting with a letter or a digit",
    r"^[A-Za-z0-9][A-Za-z0-9_.-]*$": "letters, digits, '-', '_' and '.', starting with a letter or a digit",
    r"^environments/[A-Za-z0-9_./-]+\.(csv|npz)$": "a path such as environments/riverswim.csv (or .npz): tables are "
    "kept below environments/, in the project",
    r"^environments/[A-Za-z0-9_./-]+\.csv$": "a path such as environments/halves.csv: maps of states are kept below "
    "environments/, in the project",
    r"^(0|[1-9][0-9]*)$": 'a state in quotes, such as "0"',
    r"^[0-9a-f]{64}$": "a digest, 64 hexadecimal digits, as expkit show prints it",
    r"^((agent|environment|trainer)(\.[a-z_]+)+|parameters\.[A-Za-z_][A-Za-z0-9_.-]*)$": "a path of a parameter, such "
    "as agent.learning_rate",
    r"^[A-Za-z0-9_][A-Za-z0-9_.-]*(:[A-Za-z_][A-Za-z0-9_]*)?$": "module:name, such as my_agents:Softmax, or an entry "
    "point's name",
    r"^results/[A-Za-z0-9_./-]+\.csv$": "a path such as results/earlier.csv: results are kept below results/, in the "
    "project",
    r"^[A-Za-z_][A-Za-z0-9_.-]*$": "letters, digits, '_', '.' and '-', starting with a letter or '_'",
    r"^[A-Za-z_][A-Za-z0-9_]*$": "letters, digits and '_', starting with a letter or '_'",
    r"^[A-Za-z_][A-Za-z0-9_./-]*$": "letters, digits, '_', '.', '/' and '-', starting with a letter or '_'",
    r"^[A-Za-z0-9_][A-Za-z0-9_.@+ /-]*$": "a path relative to the project's root, such as examples/train.py",
}


@dataclass(frozen=True, kw_only=True)
class Complaint:
    """One thing that is wrong with a value, in words; its place in the file still to be looked up."""

    location: Location
    why: str
    valid: str | None = None
    on_key: bool = False
    """Whether the key is wrong, not its value."""
    missing: str | None = None
    """The key that the mapping at `location` lacks."""
    follows: bool = False
    """Whether it may only follow from a value below that was refused."""


def complaints(
    model: type[BaseModel], errors: Sequence[ErrorDetails], *, top: str, refused: Collection[Location] = ()
) -> list[Complaint]:
    """A validation's errors in words, without those that only follow from others.

    Args:
        model: what the value was validated as.
        errors: `ValidationError.errors()`.
        top: what the whole value is called, such as `the experiment`.
        refused: locations where a value was refused before, and None stands in its stead.
    """
    found: dict[Complaint, None] = {}
    misspelt: set[Location] = set()
    for error in errors:
        spot = _Spot.of(model, error["loc"], top)
        complaint = _complaint(spot, error)
        if complaint is None or _consequence(complaint, refused):
            continue
        found[complaint] = None
        if error["type"] == "extra_forbidden":
            meant = near(str(spot.location[-1]), spot.parent.get("properties", ()))[:1]
            misspelt |= {(*spot.location[:-1], key) for key in meant}
    return [c for c in found if c.missing is None or (*c.location, c.missing) not in misspelt]


def _consequence(complaint: Complaint, refused: Collection[Location]) -> bool:
    """Whether a value that was refused before explains the complaint."""
    at = complaint.location
    return any(at[: len(one)] == one or (complaint.follows and one[: len(at)] == at) for one in refused)


@dataclass(frozen=True, kw_only=True)
class _Spot:
    """Where an error is: its location without union tags, the schema there and the one around it."""

    location: Location
    schema: Schema
    parent: Schema
    top: str

    @classmethod
    def of(cls, model: type[BaseModel], loc: tuple[str | int, ...], top: str) -> _Spot:
        location: list[str | int] = []
        parent: Schema = {}
        schema = _without_null(_schema(model))
        for step in loc:
            if step == "[key]" or "anyOf" in schema:
                continue  # pydantic's marks for a key and for the member of a union
            if tags := schema.get("discriminator", {}).get("mapping"):
                if step in tags:
                    schema = next(one for one in schema["oneOf"] if one["properties"]["kind"]["const"] == step)
                continue
            location.append(step)
            parent, schema = schema, _without_null(_inside(schema, step))
        return cls(location=tuple(location), schema=schema, parent=parent, top=top)

    @property
    def name(self) -> str:
        """What a person calls the value here."""
        return named(self.location, self.top)

    @property
    def around(self) -> str:
        """What a person calls the mapping or list around."""
        return named(self.location[:-1], self.top)


def named(location: Location, top: str) -> str:
    """What a person calls a value: its key, or the list and the place in it, counted from 1."""
    if not location:
        return top
    if isinstance(location[-1], int):
        return f"item {location[-1] + 1} of {named(location[:-1], top)}"
    return location[-1]


@functools.cache
def _schema(model: type[BaseModel]) -> Schema:
    """A model's JSON Schema with every reference replaced by what it refers to."""
    schema = model.model_json_schema()
    definitions = schema.pop("$defs", {})

    def inlined(part: Any) -> Any:
        if isinstance(part, list):
            return [inlined(item) for item in part]
        if not isinstance(part, dict):
            return part
        if reference := part.get("$ref"):
            return inlined(definitions[reference.rpartition("/")[2]])
        return {key: inlined(item) for key, item in part.items()}

    whole: Schema = inlined(schema)
    return whole


def _without_null(schema: Schema) -> Schema:
    members = [one for one in schema.get("anyOf", ()) if one.get("type") != "null"]
    return members[0] if len(members) == 1 else schema


def _inside(schema: Schema, step: str | int) -> Schema:
    inner: Any
    if isinstance(step, int):
        heads = schema.get("prefixItems", ())
        inner = heads[step] if step < len(heads) else schema.get("items")
    else:
        patterns = schema.get("patternProperties", {})
        inner = schema.get("properties", {}).get(step, next(iter(patterns.values()), None))
    return inner if isinstance(inner, dict) else {}


def _complaint(spot: _Spot, error: ErrorDetails) -> Complaint | None:
    given, context, schema, name = error["input"], error.get("ctx", {}), spot.schema, spot.name
    at = spot.location
    match error["type"]:
        case "missing" if isinstance(at[-1], int):
            valid = f"write {expected(spot.parent)}"
            return Complaint(location=at[:-1], why=f"{spot.around} is too short", valid=valid, follows=True)
        case "missing":
            why, valid = f"{spot.around} lacks the key {at[-1]!r}", f"add {at[-1]}: {expected(schema)}"
            return Complaint(location=at[:-1], why=why, valid=valid, missing=str(at[-1]))
        case "extra_forbidden":
            valid = suggestion(str(at[-1]), spot.parent.get("properties", ()))
            return Complaint(location=at, why=f"unknown key {bare(at[-1])} in {spot.around}", valid=valid, on_key=True)
        case _ if error["loc"][-1:] == ("[key]",):
            why = f"{bare(at[-1])} cannot be a key in {spot.around}"
            rule = _rule(
                {**spot.parent.get("propertyNames", {}), "pattern": next(iter(spot.parent["patternProperties"]))}
            )
            return Complaint(location=at, why=why, valid=f"write {rule}", on_key=True)
        case "union_tag_not_found":
            valid = f"valid are {listed(schema['discriminator']['mapping'])}"
            return Complaint(location=at, why=f"{name} lacks the key 'kind'", valid=valid, missing="kind")
        case "union_tag_invalid":
            tag = given["kind"]
            valid = suggestion(str(tag), schema["discriminator"]["mapping"])
            return Complaint(location=(*at, "kind"), why=f"there is no {name} of the kind {bare(tag)}", valid=valid)
        case "literal_error" if isinstance(given, str):
            valid = suggestion(given, schema.get("enum", [schema.get("const")]))
            return Complaint(location=at, why=f"{name} cannot be {bare(given)}", valid=valid)
        case "value_error":
            return Complaint(location=at, why=f"{context['error']}", follows=True)
        case "greater_than" | "greater_than_equal" | "less_than" | "less_than_equal":
            return Complaint(
                location=at, why=f"{name}: {bare(given)} is out of range", valid=f"valid is {expected(schema)}"
            )
        case "string_too_short":
            return Complaint(location=at, why=f"{name} is empty", valid="write some text")
        case "string_too_long":
            longest = context["max_length"]
            why = f"{name} is {len(str(given))} characters long"
            return Complaint(location=at, why=why, valid=f"write at most {longest}")
        case "string_pattern_mismatch":
            return Complaint(location=at, why=f"{name} cannot be {bare(given)}", valid=f"write {_rule(schema)}")
        case "too_short" if isinstance(given, list | dict) and len(given) >= context["min_length"]:
            return None  # there are enough; pydantic counts only the items without an error
        case "too_short":
            return Complaint(location=at, why=f"{name} is empty", valid="write at least one")
        case "too_long":
            return Complaint(location=at, why=f"{name} is too long", valid=f"write {expected(schema)}")
    integral = error["type"] == "int_type" and isinstance(given, float) and given.is_integer()
    hint = f"write {given:.0f}" if integral else None
    return Complaint(location=at, why=f"{name}: expected {expected(schema)}, found {found(given)}", valid=hint)


def expected(schema: Schema) -> str:
    """What a schema wants, in the words of YAML: `a number from 0 to 1`."""
    if kinds := schema.get("discriminator", {}).get("mapping"):
        return f"a mapping whose kind is {_either(list(kinds))}"
    if choices := schema.get("enum", [schema["const"]] if "const" in schema else []):
        return _either([str(choice) for choice in choices])
    if members := schema.get("anyOf"):
        words = [expected(one) for one in members]
        return _either([word for word in words if word != "a whole number" or "a number" not in words])
    match schema.get("type"):
        case "integer" | "number" as number:
            return f"{'a whole number' if number == 'integer' else 'a number'}{_range(schema)}"
        case "string":
            return "text"
        case "boolean":
            return "true or false"
        case "array" if heads := schema.get("prefixItems"):
            return f"a list of {len(heads)} numbers, such as [0.9, 1.1]"
        case "array":
            return f"a list, each item {expected(schema['items'])}"
        case "object" if keys := schema.get("properties"):
            return f"a mapping with the keys {listed(keys)}"
        case "object":
            return "a mapping"
    return "another value"


def _range(schema: Schema) -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    if low is not None and high is not None:
        return f" from {low} to {high}"
    ends = [("of at least", low), ("above", above), ("at most", high), ("below", below)]
    given = [f"{words} {end}" for words, end in ends if end is not None]
    return f" {' and '.join(given)}" if given else ""


def _rule(schema: Schema) -> str:
    """What a name is made of."""
    longest = f", at most {schema['maxLength']} characters" if "maxLength" in schema else ""
    return f"{_PATTERNS.get(schema['pattern'], 'another name')}{longest}"


def found(value: object) -> str:
    """A plain value as a person sees it in a file: `the text 'ten'`."""
    match value:
        case None:
            return "nothing"
        case bool():
            return bare(value)
        case str():
            return f"the text {bare(value)}"
        case int() | float():
            return f"the number {bare(value)}"
        case list():
            return "a list"
    return "a mapping"


def bare(value: object) -> str:
    """A plain value as it stands in a file, shortened."""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = repr(value) if value is not None else "nothing"
    return text if len(text) <= 60 else f"{text[:57]}..."


def _either(choices: Sequence[str]) -> str:
    return choices[0] if len(choices) == 1 else f"{', '.join(choices[:-1])} or {choices[-1]}"
