"""
The catalog of facts: types, their streams, fields, and which read models fold them.

It comes from the code that runs (domain/registry.py, projections/registry.py), not from the log, so it names no person.
Who may see it is who may see the read models: the API is asked for these.
"""

import types
from datetime import datetime
from inspect import getdoc
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

from fastapi import Response

from domain.aggregate import Aggregate
from domain.personal import Personal, Words
from domain.registry import AGGREGATE_OF, FACTS, REFERENCE_FACTS, context_of
from projections.registry import PROJECTIONS
from web.client import NoSuchThing
from web.page import Page
from web.routing import Pages

pages = Pages()
OF_ALL = frozenset(Aggregate.Event.__dataclass_fields__)  # type: ignore[attr-defined]
NAMES = {str: "text", int: "integer", bool: "boolean", float: "number", datetime: "time (UTC)"}
UNIONS, LISTS = (Union, types.UnionType), (list, tuple)


class Field(NamedTuple):
    """A field of a fact: its type in words, whether it may be null, and whether it has sealed words about a person."""

    name: str
    kind: str
    nullable: bool
    sealed: bool


class FactType(NamedTuple):
    """
    A type of fact.

    Attributes:
        about: what its stream is, in a sentence.
        folded_by: names of read models.
        is_reference: whether every segment of a read model folds it.
    """

    name: str
    version: int
    context: str
    stream: str
    about: str
    fields: tuple[Field, ...]
    folded_by: tuple[str, ...]
    is_reference: bool


@pages.get("/analyze/facts")
async def facts_page(page: Page) -> Response:
    """All types; those of a context, those that a read model folds, or those with a text in their name or fields."""
    await page.api.get("/v1/projections")
    wanted = {name: page.query.get(name, "") for name in ("q", "context", "projection")}
    found = [each for each in map(described, FACTS) if _fits(each, wanted)]
    streams: dict[str, list[FactType]] = {}
    for each in found:
        streams.setdefault(each.stream, []).append(each)
    return page.html(
        "analyze/facts.html",
        streams=streams,
        count=len(found),
        wanted=wanted,
        contexts=sorted({context_of(name) for name in FACTS}),
        projections=[each.name for each in PROJECTIONS],
    )


@pages.get("/analyze/facts/{type}")
async def fact_page(page: Page) -> Response:
    """One type of fact."""
    await page.api.get("/v1/projections")
    if page.parts["type"] not in FACTS:
        raise NoSuchThing
    return page.html("analyze/fact.html", fact=described(page.parts["type"]))


def described(name: str) -> FactType:
    """The type of fact with this name; KeyError if there is none."""
    fact, aggregate = FACTS[name], AGGREGATE_OF[name]
    ids = ":".join(f"{{{each}}}" for each in aggregate.ids)
    declared = fact.__dataclass_fields__  # type: ignore[attr-defined]
    return FactType(
        name=name,
        version=getattr(fact, "class_version", 1),
        context=context_of(name),
        stream=f"{aggregate.category}-{ids}",
        about=(getdoc(aggregate) or "").partition("\n")[0],
        fields=tuple(_field(each.name, each.type) for each in declared.values() if each.name not in OF_ALL),
        folded_by=tuple(each.name for each in PROJECTIONS if name in each.handlers),
        is_reference=name in REFERENCE_FACTS,
    )


def _field(name: str, annotation: Any) -> Field:
    parts = get_args(annotation) if get_origin(annotation) in UNIONS else (annotation,)
    kinds = [_kind(part) for part in parts if part is not type(None)]
    return Field(name, " | ".join(kinds), nullable=type(None) in parts, sealed=_is_sealed(annotation))


def _kind(annotation: Any) -> str:
    """The type of a value in words."""
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _kind(parts[0])
    if origin in UNIONS:
        return " | ".join(_kind(part) for part in parts if part is not type(None))
    if origin in LISTS:
        return f"list of {_kind(parts[0])}"
    if origin is Literal:
        return f"one of {', '.join(map(str, parts))}"
    if isinstance(origin, type):
        return f"{origin.__name__} of {', '.join(map(_kind, parts))}"
    return NAMES[annotation] if annotation in NAMES else str(getattr(annotation, "__name__", annotation))


def _is_sealed(annotation: Any) -> bool:
    """Whether a value, or a part of it, is kept sealed."""
    return annotation in (Words, Personal) or any(_is_sealed(part) for part in get_args(annotation))


def _fits(fact: FactType, wanted: dict[str, str]) -> bool:
    text = wanted["q"].lower()
    named = text in fact.name or any(text in field.name for field in fact.fields)
    in_context = wanted["context"] in ("", fact.context)
    return named and in_context and (not wanted["projection"] or wanted["projection"] in fact.folded_by)
