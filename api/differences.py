"""
What a promotion would change: two generations of a read model, from how many rows differ to the rows themselves.

Values are shown of tables only that the views of analysts read as well, but for answers and questions; of others it is
counted what differs. Documents in Valkey are compared by `campus projections diff`, which also folds what one
generation lacks.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any, NamedTuple

import msgspec
from fastapi import Query, Request, Response

from adapters.postgres.analytics import VIEWS
from adapters.postgres.connection import Connection, connect
from adapters.postgres.ops.segments import segments_of
from adapters.postgres.store.differences import (
    ChangeBin,
    Sides,
    Transition,
    count,
    different_rows,
    histogram,
    sides_of,
    transitions,
)
from adapters.postgres.store.generations import Generation, generations
from adapters.stores.registry import is_in_tables
from api.http import paging
from api.http.openapi import open_query
from api.http.query import JSON, QueryContext, QueryDep
from api.http.routing import router as strict_router
from api.http.types import Limit, ReadModelName
from domain.admin.read_models import (
    NoSuchColumn,
    NoSuchGenerationHere,
    NoSuchReadModel,
    NothingServed,
    NotStoredHere,
)
from projections.engine.projection import Projection, Table
from projections.registry import PROJECTIONS

router = strict_router("operations", "/v1")

STATEMENT_TIMEOUT = 20_000  # milliseconds
HIDDEN = frozenset(("item_attempts", "catalog_quizzes"))  # answers of learners, and what is asked
SHOWN = frozenset(name for view in VIEWS for name in view.reads) - HIDDEN
BY_NAME = {each.name: each for each in PROJECTIONS}
LISTING = "differences"
NO_STORE = {"cache-control": "no-store"}


class ColumnDifference(msgspec.Struct, kw_only=True):
    """In how many rows a column has another value."""

    column: str
    rows: int


class TableDifference(msgspec.Struct, kw_only=True):
    """
    How a table differs.

    Attributes:
        old, new: rows on each side; *added* and *removed* are on one side only, *changed* on both and not the same.
        columns: those that have changed, the most often first.
        only_old, only_new: columns that one side has.
        shown: whether rows and values may be asked for.
        comparable: whether both generations have the table with the same key; without it the counts are 0.
    """

    table: str
    comparable: bool
    shown: bool
    old: int
    new: int
    added: int
    removed: int
    changed: int
    columns: list[ColumnDifference]
    only_old: list[str]
    only_new: list[str]


class ReadModelDifference(msgspec.Struct, kw_only=True):
    """The generation that is served and another one; *old_position* and *new_position* are how far each is."""

    name: str
    old: int
    new: int
    old_version: int
    new_version: int
    old_position: int
    new_position: int
    tables: list[TableDifference]


class ChangeOfColumn(msgspec.Struct, kw_only=True):
    """By how much a column has changed where it has numbers, and which values most often became which."""

    table: str
    column: str
    bins: list[ChangeBin]
    transitions: list[Transition]


class RowDifference(msgspec.Struct, kw_only=True):
    """A row that differs; null for the side that does not have it."""

    key: list[str]
    old: dict[str, Any] | None
    new: dict[str, Any] | None


class RowDifferencePage(msgspec.Struct, kw_only=True):
    """Rows that differ, in the order of their keys."""

    items: list[RowDifference]
    next: str | None


TABLE = TableDifference(
    table="gradebook",
    comparable=True,
    shown=True,
    old=173_912,
    new=173_912,
    added=0,
    removed=0,
    changed=6_164,
    columns=[ColumnDifference(column="late_by", rows=6_164)],
    only_old=[],
    only_new=[],
)
EXAMPLE = ReadModelDifference(
    name="gradebook",
    old=1,
    new=2,
    old_version=4,
    new_version=5,
    old_position=1713,
    new_position=1713,
    tables=[TABLE],
)
CHANGE = ChangeOfColumn(
    table="gradebook",
    column="late_by",
    bins=[ChangeBin(-86_400.0, 0.0, 6_164)],
    transitions=[Transition("86400", "0", 411)],
)
ROW = RowDifference(key=["algebra-2026", "q1", "28400"], old={"late_by": 86_400}, new={"late_by": 0})

GenerationNo = Annotated[
    int | None, Query(ge=1, le=2**31 - 1, description="The other generation; the newest that is ready.", examples=[2])
]
TableName = Annotated[
    str, Query(pattern=r"^[a-z_]{1,63}$", max_length=63, description="The table.", examples=["gradebook"])
]
ColumnName = Annotated[
    str, Query(pattern=r"^[a-z_0-9]{1,63}$", max_length=63, description="The column.", examples=["late_by"])
]


class Chosen(NamedTuple):
    """What is compared."""

    projection: Projection
    old: Generation
    new: Generation


@router.get("/projections/{name}/differences", responses=open_query(EXAMPLE, 401, 403, 404, 409, 503))
async def list_differences(name: ReadModelName, ask: QueryDep, generation: GenerationNo = None) -> Response:
    """How many rows of each table differ between what is served and another generation, and in which columns."""
    async with _comparing(ask) as connection:
        chosen = await _chosen(connection, name, generation)
        schema = ask.services.settings.read_schema
        tables = [await _compared(connection, schema, chosen, table) for table in chosen.projection.tables]
        positions = {each.generation: each.position for each in reversed(await segments_of(connection, name))}
    found = ReadModelDifference(
        name=name,
        old=chosen.old.number,
        new=chosen.new.number,
        old_version=chosen.old.version,
        new_version=chosen.new.version,
        old_position=positions.get(chosen.old.number, 0),
        new_position=positions.get(chosen.new.number, 0),
        tables=tables,
    )
    return Response(msgspec.json.encode(found), headers=NO_STORE, media_type=JSON)


@router.get("/projections/{name}/differences/column", responses=open_query(CHANGE, 401, 403, 404, 409, 503))
async def column_difference(
    name: ReadModelName, ask: QueryDep, table: TableName, column: ColumnName, generation: GenerationNo = None
) -> Response:
    """By how much one column has changed, and which of its values most often became which."""
    async with _comparing(ask) as connection:
        chosen = await _chosen(connection, name, generation)
        sides = await _sides(connection, ask.services.settings.read_schema, chosen, table, column)
        found = ChangeOfColumn(
            table=table,
            column=column,
            bins=await histogram(connection, sides, column),
            transitions=await transitions(connection, sides, column),
        )
    return Response(msgspec.json.encode(found), headers=NO_STORE, media_type=JSON)


@router.get(
    "/projections/{name}/differences/rows",
    responses=open_query(RowDifferencePage(items=[ROW], next=paging.NEXT), 401, 403, 404, 409, 503),
)
async def list_row_differences(
    *,
    request: Request,
    name: ReadModelName,
    ask: QueryDep,
    table: TableName,
    column: ColumnName | None = None,
    generation: GenerationNo = None,
    cursor: paging.Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Rows that differ, at all or in one column, with what each side has."""
    async with _comparing(ask) as connection:
        chosen = await _chosen(connection, name, generation)
        sides = await _sides(connection, ask.services.settings.read_schema, chosen, table, column)
        listing = f"{LISTING}:{name}:{table}:{column or ''}"
        after = paging.after(listing, cursor, [str] * len(sides.table.key)) or None
        found = await different_rows(connection, sides, column, after, limit + 1)
    following = None if len(found) <= limit else paging.cursor_to(listing, found[limit - 1].key)
    items = [RowDifference(**each._asdict()) for each in found[:limit]]
    headers = {**NO_STORE, **paging.link_to(request, following)}
    return Response(
        msgspec.json.encode(RowDifferencePage(items=items, next=following)), headers=headers, media_type=JSON
    )


@asynccontextmanager
async def _comparing(ask: QueryContext) -> AsyncIterator[Connection]:
    """A connection of its own, so that no other request waits for a comparison; two at once for a person."""
    services = ask.services
    with services.questioners.asking(ask.user.by):
        more: dict[str, Any] = {"statement_timeout": STATEMENT_TIMEOUT, "default_transaction_read_only": "on"}
        async with await connect(services.settings, application="differences", **more) as connection:
            yield connection


async def _chosen(connection: Connection, name: str, number: int | None) -> Chosen:
    if name not in BY_NAME:
        raise NoSuchReadModel(name=name)
    projection = BY_NAME[name]
    if not is_in_tables(projection):
        raise NotStoredHere(name=name)
    known = await generations(connection, name)
    served = next((each for each in known if each.status == "live"), None)
    if served is None:
        raise NothingServed(name=name)
    ready = [each for each in known if each.status == "ready"]
    wanted = [each for each in known if each.number == number and each.status in ("ready", "retired")]
    found = wanted if number is not None else ready[-1:]
    if not found:
        raise NoSuchGenerationHere(name=name, generation=number or "")
    return Chosen(projection, served, found[0])


async def _sides(connection: Connection, schema: str, chosen: Chosen, table: str, column: str | None) -> Sides:
    """The table in both generations; raises NoSuchColumn where it is not compared, or its values are not shown."""
    found = next((each for each in chosen.projection.tables if each.name == table and table in SHOWN), None)
    sides = None if found is None else await sides_of(connection, schema, found, chosen.old, chosen.new)
    if sides is None or (column is not None and column not in sides.columns):
        raise NoSuchColumn(table=table, column=column or "")
    return sides


async def _compared(connection: Connection, schema: str, chosen: Chosen, table: Table) -> TableDifference:
    sides = await sides_of(connection, schema, table, chosen.old, chosen.new)
    if sides is None:
        return TableDifference(
            table=table.name, comparable=False, shown=False, old=0, new=0, added=0, removed=0, changed=0,
            columns=[], only_old=[], only_new=[],
        )  # fmt: skip
    counts = await count(connection, sides)
    changed = sorted(counts.by_column.items(), key=lambda pair: (-pair[1], pair[0]))
    return TableDifference(
        table=table.name,
        comparable=True,
        shown=table.name in SHOWN,
        old=counts.old,
        new=counts.new,
        added=counts.added,
        removed=counts.removed,
        changed=counts.changed,
        columns=[ColumnDifference(column=name, rows=rows) for name, rows in changed if rows],
        only_old=list(sides.only_old),
        only_new=list(sides.only_new),
    )
