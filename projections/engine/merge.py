"""
Rows of which each segment holds a part, put together: what readers see of a `partial` table.

Numbers and counts by name are added up, of texts and times the greatest stays, of yes and no the yes. In PostgreSQL the
view of a read model does the same (adapters/postgres/store/row_tables.py).
"""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from projections.engine.projection import RowKey, Table


def merged(parts: Iterable[tuple[int, RowKey, msgspec.Struct]]) -> Iterator[tuple[RowKey, msgspec.Struct]]:
    """The rows that readers see, from those of all segments, each with the number of its segment."""
    sums: dict[RowKey, msgspec.Struct] = {}
    for segment, key, row in parts:
        if key.table.distribution == "partial":
            found = sums.get(key)
            sums[key] = row if found is None else added(key.table, found, row)
        elif key.table.distribution == "partitioned" or segment == 0:
            yield key, row
    yield from sums.items()


def added(table: Table, one: msgspec.Struct, other: msgspec.Struct) -> msgspec.Struct:
    """Two parts of a row as one."""
    fields = {
        name: getattr(one, name) if name in table.key else sum_of(getattr(one, name), getattr(other, name))
        for name in table.row.__struct_fields__
    }
    return table.row(**fields)


def sum_of(one: Any, other: Any) -> Any:
    """Two parts of a field as one."""
    if one is None or other is None:
        return other if one is None else one
    if isinstance(one, dict):
        total = {name: one.get(name, 0) + other.get(name, 0) for name in {**one, **other}}
        return {name: count for name, count in total.items() if count}
    if isinstance(one, int | float) and not isinstance(one, bool):
        return one + other
    return max(one, other)
