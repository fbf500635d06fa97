"""
Fields of requests in which a person can write markup, by the OpenAPI description.

A field is known by the schema that has it (`NewBank.title`), a body that is no JSON by its operation (`uploadContent`).
Text is free unless its pattern refuses each of `PROBES`, or its format or a list of words says what it has to be.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

from tests.support.description import description

PROBES = ("<i>", "a<i>", "1<i>", "https://a.example/<i>", "a@b.example<i>", "\"'><i a=b>", "[a](javascript:a)")
JSON = "application/json"


class Operation(NamedTuple):
    """
    An operation that changes something.

    Attributes:
        schema: of the body, and an example of it; both empty for what is no JSON.
        takes: whether it takes a body at all.
    """

    name: str
    method: str
    path: str
    schema: Mapping[str, Any]
    example: Mapping[str, Any]
    takes: bool


@cache
def operations() -> Mapping[str, Operation]:
    """By name, all but queries."""
    found = {}
    for path, methods in description()["paths"].items():
        for method, each in methods.items():
            if method != "get":
                body = each.get("requestBody", {"content": {}})["content"].get(JSON, {})
                schema, name = body.get("schema", {}), each["operationId"]
                examples = [body.get("example"), *resolved(schema).get("examples", ()), {}]
                example = next(one for one in examples if one is not None)
                found[name] = Operation(name, method.upper(), path, schema, example, "requestBody" in each)
    return found


def resolved(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema itself, where it is named elsewhere."""
    name = schema.get("$ref", "").rpartition("/")[2]
    found: Mapping[str, Any] = description()["components"]["schemas"][name] if name else schema
    return found


@cache
def free_fields() -> Mapping[str, str]:
    """All of them, each with an operation that takes it."""
    found: dict[str, str] = {}
    for name, each in operations().items():
        for place in _free(each.schema, name, frozenset()) if each.schema else [name] * each.takes:
            found.setdefault(place, name)
    return found


def _free(schema: Mapping[str, Any], place: str, within: frozenset[str]) -> Iterator[str]:
    if (name := schema.get("$ref", "").rpartition("/")[2]) in within:
        return
    own, within = resolved(schema), within | {name} - {""}
    for either in ("anyOf", "oneOf", "allOf"):
        for one in own.get(either, ()):
            yield from _free(one, place, within)
    owner = name or place
    for field, inner in own.get("properties", {}).items():
        yield from _free(inner, f"{owner}.{field}", within)
    if isinstance(own.get("items"), dict):
        yield from _free(own["items"], place, within)
    if own.get("type") == "object" and "properties" not in own:
        more = own.get("additionalProperties", True)
        yield from [place] if more is True else _free(more or {"enum": []}, place, within)
    if is_free(own):
        yield place


def is_free(schema: Mapping[str, Any]) -> bool:
    """Whether a text can have markup in it."""
    if schema.get("type") != "string" or {"enum", "const", "x-extensible-enum"} & schema.keys():
        return False
    if schema.get("format") in ("date-time", "date", "uuid"):
        return False
    pattern = schema.get("pattern")
    longest = schema.get("maxLength", 1_000)
    fit = [each for each in PROBES if len(each) <= longest]
    return bool(fit) and (pattern is None or any(re.search(pattern, each) for each in fit))
