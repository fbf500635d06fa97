"""
A fold step by step: what each fact changed in each row that is looked at, as JSON Patch (RFC 6902).

The facts are folded by the same lines as live. A fact that fails changes nothing and lets later ones of its key wait;
it is a step as well.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import jsonpatch
import msgspec

from domain.fact import Fact
from projections.engine.projection import Projection, RowKey, Rows
from projections.engine.rows import UndoableRows, apply_or_undo, needs_or_error

Patch = list[dict[str, Any]]
"""Operations of a JSON Patch; the whole document is their root."""

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


class Change(NamedTuple):
    """
    What one fact did to one row.

    Attributes:
        before: the row as plain JSON, None if there was none.
        after: the row as plain JSON, None if there is none.
    """

    row: RowKey
    before: Any
    after: Any

    @property
    def patch(self) -> Patch:
        """What leads from the row before to the row after."""
        return patch_between(self.before, self.after)


class Step(NamedTuple):
    """
    A fact and what it changed.

    Attributes:
        error: why the rules fail at the fact; it then changed nothing.
    """

    projection: Projection
    fact: Fact
    changes: list[Change]
    error: str | None = None


def steps(projection: Projection, facts: Iterable[Fact], looked_at: Callable[[RowKey, Any], bool]) -> Iterator[Step]:
    """
    Fold facts and tell of each one that changes a row which is looked at, or fails.

    Args:
        facts: in log order, all on which the rows depend; what the projection does not read does no harm.
        looked_at: whether changes of a row are wanted, by its key and the row.
    """
    rows, waits = Rows(), dict[str, int]()
    view = UndoableRows(rows, rows)
    held: dict[RowKey, bytes] = {}
    for fact in facts:
        handler = projection.handlers.get(fact.type)
        if handler is None or fact.position > waits.get(fact.key, fact.position):
            continue
        needed = needs_or_error(projection, fact)
        rows.changed.clear()
        error = apply_or_undo(handler, fact, needed, view)
        if error is not None:
            waits[fact.key] = fact.position
            yield Step(projection, fact, [], f"{type(error).__name__}: {error}")
            continue
        changes = []
        wanted = [key for key in rows.changed if looked_at(key, rows.rows[key])]
        for key in sorted(wanted, key=lambda key: (key.table.name, str(key.key))):
            before, after = held.get(key), _encode(rows.rows[key])
            if before != after:
                held[key] = after
                changes.append(Change(key, None if before is None else _decode(before), _decode(after)))
        if changes:
            yield Step(projection, fact, changes)


def patch_between(before: Any, after: Any) -> Patch:
    """The JSON Patch that makes one document of another; None is no document, and a new one is added at the root."""
    if before is None:
        return [{"op": "add", "path": "", "value": after}]
    if after is None:
        return [{"op": "remove", "path": ""}]
    if isinstance(before, Mapping) and isinstance(after, Mapping):  # most fields of a large document stay
        names = [name for name in {**before, **after} if _differs(before, after, name)]
        one = {name: before[name] for name in names if name in before}
        other = {name: after[name] for name in names if name in after}
        patch: Patch = jsonpatch.make_patch(one, other).patch
        return patch
    whole: Patch = jsonpatch.make_patch(before, after).patch
    return whole


def patched(document: Any, patch: Patch) -> Any:
    """The document that a patch of `patch_between` leads to; None is no document."""
    if patch and patch[0]["path"] == "" and patch[0]["op"] in {"add", "remove"}:
        document, patch = patch[0].get("value"), patch[1:]
    return jsonpatch.apply_patch(document, patch)


def _differs(before: Mapping[str, Any], after: Mapping[str, Any], name: str) -> bool:
    return name not in before or name not in after or _encode(before[name]) != _encode(after[name])
