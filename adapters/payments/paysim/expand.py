"""
What is shown of an object: `expand`, lists with paging, and the values that depend on the time.
"""

from collections.abc import Callable
from typing import Any

from adapters.payments.paysim.errors import absent, invalid
from adapters.payments.paysim.forms import TRUE_OR_FALSE, Params
from adapters.payments.paysim.sim import Sim, public
from adapters.payments.paysim.store import Object

COMPARISONS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
DEEPEST = 4
LONGEST_PAGE = 100
Include = Callable[[Sim, Object], Any]
INCLUDED: dict[tuple[str, str], Include] = {}
"""What is only part of an object if it is expanded, by kind and name; the modules of those kinds fill it in."""
AT_READ: dict[str, Callable[[Sim, Object], None]] = {}
"""What depends on the time, by kind."""


def listed(data: list[Object], url: str, *, more: bool = False) -> Object:
    """A list object."""
    return {"object": "list", "data": data, "has_more": more, "url": url}


def list_page(
    sim: Sim, params: Params, kind: str, url: str, equal: dict[str, str] | None = None, *,
    also: tuple[str, str, Any] | None = None,
) -> Object:  # fmt: skip
    """
    A page of a list, the newest first.

    Args:
        equal: parameter to the field that it must equal.
        also: one more condition.
    """
    limit = params.integer("limit", 10) or 0
    if not 1 <= limit <= LONGEST_PAGE:
        raise invalid(f"Invalid limit: {limit}: must be from 1 to {LONGEST_PAGE}", "limit")
    given = {field: params.text(name) for name, field in (equal or {}).items()}
    where: list[tuple[str, str, Any]] = [
        (field, "=", TRUE_OR_FALSE.get(value, value)) for field, value in given.items() if value
    ]
    where += [*_created(params), *([also] if also else [])]
    after, before = params.text("starting_after"), params.text("ending_before")
    for name, cursor in (("starting_after", after), ("ending_before", before)):
        if cursor and sim.store.get(kind, cursor) is None:
            raise absent(kind, cursor, name)
    found = sim.store.page(kind, where, limit=limit + 1, after=after, before=before)
    more = len(found) > limit
    return listed(found[-limit:] if before else found[:limit], url, more=more)


def _created(params: Params) -> list[tuple[str, str, Any]]:
    """The filter by the time of creation: one moment or a range."""
    if isinstance(params.values.get("created"), dict):
        table = params.table("created", " ".join(COMPARISONS))
        return [("created", COMPARISONS[name], table.count(name)) for name in table.values]
    moment = params.integer("created")
    return [] if moment is None else [("created", "=", moment)]


def show(sim: Sim, thing: Object, expand: list[str]) -> Object:
    """The answer: with what was to be expanded, without paysim's own names."""
    _at_read(sim, thing)
    for path in expand:
        parts = path.split(".")
        if len(parts) > DEEPEST + (parts[0] == "data"):
            raise invalid(f"You cannot expand more than {DEEPEST} levels of a property: {path}", "expand")
        _expand(sim, thing, parts, path)
    shown: Object = public(thing)
    return shown


def _expand(sim: Sim, node: Any, parts: list[str], path: str) -> None:
    if isinstance(node, list):
        for each in node:
            _expand(sim, each, parts, path)
        return
    if not parts or not isinstance(node, dict):
        return
    name, below = parts[0], node.get(parts[0])
    include = INCLUDED.get((str(node.get("object")), name))
    if include is not None and not isinstance(below, dict):
        below = node[name] = include(sim, node)
    elif isinstance(below, str):
        found = sim.store.any(below)
        if found is None:
            raise invalid(f"This property cannot be expanded ({path}).", "expand")
        below = node[name] = found
        _at_read(sim, found)
    elif name not in node:
        raise invalid(f"This property cannot be expanded ({path}).", "expand")
    _expand(sim, below, parts[1:], path)


def _at_read(sim: Sim, thing: Object) -> None:
    for each in thing["data"] if thing.get("object") == "list" else [thing]:
        if adjust := AT_READ.get(each.get("object", "")):
            adjust(sim, each)
