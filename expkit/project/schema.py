"""JSON Schemas of the declared files, for editors that complete and check YAML while it is typed."""

from __future__ import annotations

import ast
import inspect
import json
import textwrap
from functools import cache
from itertools import pairwise
from typing import Any

from expkit.specs.base import Spec
from expkit.specs.criterion import Difference, Ratio, Value
from expkit.specs.experiment import Experiment
from expkit.specs.metric import TABULAR_METRICS
from expkit.specs.question import ResearchQuestion

_DRAFT = "https://json-schema.org/draft/2020-12/schema"


def schemas() -> dict[str, str]:
    """The schema of each kind of declared file, as JSON text by file name; draft 2020-12."""
    question = _described(ResearchQuestion)
    for criterion in (Difference, Ratio, Value):
        regions = ("at_least", "at_most", "within")
        definition = question["$defs"][criterion.__name__]
        definition["oneOf"] = [{"required": [region]} for region in regions]
        _offer_metrics(definition["properties"]["metric"])
    experiment = _described(Experiment)
    _offer_metrics(experiment["properties"]["outputs"]["items"])
    # optional, since a program has neither; but whoever writes one of them means one
    whole, arm = experiment["properties"], experiment["$defs"]["Arm"]["properties"]
    for optional in (whole["environment"], whole["representation"], arm["agent"], arm["representation"]):
        optional |= next(one for one in optional.pop("anyOf") if "oneOf" in one)
    for part in ("environment", "trainer"):
        _type_overrides(experiment, part)
    elsewhere = experiment["properties"]["evaluate_on"]
    elsewhere["patternProperties"] = {
        name: {"$ref": "#/$defs/EnvironmentOverride"} for name in elsewhere["patternProperties"]
    }
    return {"question.schema.json": _text(question), "experiment.schema.json": _text(experiment)}


def _described(model: type[Spec]) -> dict[str, Any]:
    """A model's schema in which every key has its docstring.

    pydantic can read those itself, but would do so whenever a spec is imported: a tenth of a second of every command.
    """
    schema = model.model_json_schema()
    for name, definition in {model.__name__: schema, **schema["$defs"]}.items():
        for key, text in _docstrings(name).items():
            if key in definition.get("properties", {}):
                definition["properties"][key]["description"] = text
        if "const" in (kind := definition.get("properties", {}).get("kind", {})):
            kind.setdefault("description", definition["description"])  # what is of this kind
    return schema


@cache
def _docstrings(name: str) -> dict[str, str]:
    """The docstring under each field of the spec of that name, and of the specs that it extends."""
    found: dict[str, str] = {}
    for one in reversed(_specs().get(name, Spec).__mro__[:-1]):
        if one.__module__.startswith(Spec.__module__.rpartition(".")[0]):
            body = ast.parse(textwrap.dedent(inspect.getsource(one))).body[0]
            assert isinstance(body, ast.ClassDef)
            for field, below in pairwise(body.body):
                match field, below:
                    case ast.AnnAssign(target=ast.Name(id=key)), ast.Expr(value=ast.Constant(value=str(text))):
                        found[key] = inspect.cleandoc(text)
    return found


@cache
def _specs() -> dict[str, type[Spec]]:
    """Every spec by name."""
    found, unseen = dict[str, type[Spec]](), [Spec]
    while unseen:
        one = unseen.pop()
        found[one.__name__] = one
        unseen += one.__subclasses__()
    return found


def _offer_metrics(schema: dict[str, Any]) -> None:
    """An editor completes the metrics of the tabular trainer, and takes those that a program declares."""
    del schema["type"]
    schema["anyOf"] = [{"enum": list(TABULAR_METRICS)}, {"type": "string"}]


def _type_overrides(experiment: dict[str, Any], part: str) -> None:
    """An arm's override has the keys of what it overrides, and needs none of them."""
    definitions = experiment["$defs"]
    declared = experiment["properties"][part]
    kinds = [one["$ref"].rpartition("/")[2] for one in declared.get("oneOf", [declared])]
    name = f"{kinds[0] if len(kinds) == 1 else part.capitalize()}Override"
    properties: dict[str, Any] = {}
    for kind in kinds:
        for key, schema in definitions[kind]["properties"].items():
            properties.setdefault(key, {rule: value for rule, value in schema.items() if rule != "default"})
    if len(kinds) > 1:
        known = [definitions[kind]["properties"]["kind"]["const"] for kind in kinds]
        properties["kind"] = {"enum": known, "description": "Another kind than the experiment's."}
    told = f"Keys of the {part} that differ from the experiment's."
    definitions[name] = {
        "type": "object",
        "title": name,
        "description": told,
        "additionalProperties": False,
        "properties": properties,
    }
    override = definitions["Arm"]["properties"][part]
    definitions["Arm"]["properties"][part] = {"$ref": f"#/$defs/{name}", "description": override["description"]}


def _text(schema: dict[str, Any]) -> str:
    return json.dumps({"$schema": _DRAFT, **_plain(schema)}, indent=2, ensure_ascii=False) + "\n"


def _plain(schema: Any) -> Any:
    """A schema in the words of the standard alone, and without the titles that pydantic makes up for keys."""
    if isinstance(schema, list):
        return [_plain(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    plain: dict[str, Any] = {}
    for rule, value in schema.items():
        if rule == "discriminator" or (rule == "title" and isinstance(value, str) and not _named(schema)):
            continue
        if rule in ("properties", "$defs", "patternProperties"):
            plain[rule] = {key: _plain(item) for key, item in value.items()}
        elif rule == "description":
            plain[rule] = inspect.cleandoc(value)
        else:
            plain[rule] = _plain(value) if rule not in ("default", "const", "enum") else value
    if "patternProperties" in plain:
        plain["additionalProperties"] = False
    return plain


def _named(schema: dict[str, Any]) -> bool:
    """Whether a schema is that of a whole model, whose title is its name."""
    return "properties" in schema
