"""Lists of courses and of runs: filtered, sorted, counted on request, and read in both directions."""

from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from adapters.postgres.queries.catalog import RUN_ROWS, CourseRun
from adapters.postgres.queries.json_answer import json_object
from adapters.postgres.queries.reader import CHECKPOINT, Reader, RowPage
from projections.catalog import CatalogCourse

MOST_COUNTED = 10_000  # entries; one more stands for any number above

CourseSort = Literal["id", "title", "created_at"]
RunSort = Literal["id", "title", "starts_at", "ends_at"]

MICROSECONDS = "coalesce((extract(epoch FROM {}) * 1e6)::bigint, -1e18::bigint)"
TIMES = {name: MICROSECONDS.format(name) for name in ("created_at", "starts_at", "ends_at")}
SORTS = {"title": "lower(title)", **TIMES}
CONDITIONS = {
    "q": "position(lower(%(q)s) IN lower(title || ' ' || {id})) > 0",
    "language": "language = %(language)s",
    "course_id": "course_id = %(course_id)s",
    "status": "status = %(status)s",
    "starts_after": "starts_at > %(starts_after)s",
    "starts_before": "starts_at < %(starts_before)s",
    "ends_after": "ends_at > %(ends_after)s",
    "ends_before": "ends_at < %(ends_before)s",
}
"""By filter, which entries fit it."""

LIST = """
SELECT {checkpoint}, {total}, page.sorted, page.id, page.body FROM (SELECT) AS once LEFT JOIN LATERAL (
    SELECT {sort} AS sorted, {id} AS id, {entry}::text AS body FROM {rows} WHERE true{narrowed}{after}
     ORDER BY {sort} {direction}, {id} {direction} LIMIT %(limit)s) AS page ON true
 ORDER BY page.sorted {direction}, page.id {direction}
"""
TOTAL = "(SELECT count(*) FROM (SELECT FROM {rows} WHERE true{narrowed} LIMIT %(most)s) AS counted)"


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """
    Which entries are asked for, and in which order.

    Attributes:
        filters: by name of `CONDITIONS`, what an entry has to fit; None narrows nothing.
        sort: `id`, or a name of `SORTS`.
        total: whether to count the entries of all pages.
    """

    filters: dict[str, Any] = {}
    sort: str = "id"
    descending: bool = False
    total: bool = False

    @property
    def types(self) -> list[type]:
        """The types of the values by which a page is found."""
        return [int if self.sort in TIMES else str, str]


class Listed(msgspec.Struct, frozen=True):
    """A page, as many entries as there are on all pages if that was asked for, and the position."""

    page: RowPage
    total: int | None

    @property
    def position(self) -> int:
        """The position for which it is true."""
        return self.page.position


async def courses(reader: Reader, asked: Asked, after: Sequence[Any] | None, limit: int, *, backwards: bool) -> Listed:
    """Up to *limit* courses after the two values *after* (sort value, id); those before, from there, if *backwards*."""
    return await _list(
        reader, ("course_id", "catalog_courses", CatalogCourse), asked, after, limit, backwards=backwards
    )


async def runs(reader: Reader, asked: Asked, after: Sequence[Any] | None, limit: int, *, backwards: bool) -> Listed:
    """As `courses`, for runs."""
    return await _list(reader, ("run_id", RUN_ROWS, CourseRun), asked, after, limit, backwards=backwards)


async def _list(
    reader: Reader,
    what: tuple[str, str, type[msgspec.Struct]],
    asked: Asked,
    after: Sequence[Any] | None,
    limit: int,
    *,
    backwards: bool,
) -> Listed:
    key, rows, entry = what
    filters = {name: value for name, value in asked.filters.items() if value is not None}
    narrowed = "".join(f" AND {CONDITIONS[name].format(id=key)}" for name in filters)
    sort, descending = SORTS.get(asked.sort, key), asked.descending != backwards
    query = LIST.format(
        checkpoint=CHECKPOINT.format("catalog"),
        total=TOTAL.format(rows=rows, narrowed=narrowed) if asked.total else "NULL::bigint",
        sort=sort,
        id=key,
        entry=json_object(entry),
        rows=rows,
        narrowed=narrowed,
        after=f" AND ({sort}, {key}) {'<' if descending else '>'} (%(a)s, %(b)s)" if after else "",
        direction="DESC" if descending else "ASC",
    )
    a, b = after or (None, None)
    found = await reader.rows(query, {**filters, "a": a, "b": b, "limit": limit, "most": MOST_COUNTED + 1})
    page = RowPage([row[2:] for row in found if row[-1] is not None], found[0][0] or 0)
    return Listed(page, found[0][1])
