"""
A list over HTTP as CSV: one page where a limit is given, else all of it, streamed page by page.

A streamed list is read in several statements: a row that changes meanwhile stands there as it was or as it is. If the
list is sorted by what changes, a row may move from what is still to be read to what was read, or back: it is written
once, and at the end of the file if it was missed. `Campus-Position` is that of the first page, and there is no ETag.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from adapters.postgres.queries.reader import RowPage
from api.http import paging
from api.http.csv_text import CSV, Cell, head_of_file, line
from api.http.negotiation import wanted
from api.http.query import JSON, PRIVATE, QueryContext
from api.http.sessions import while_signed_in

PART = 500  # rows that are read and written at a time
VARY = {"vary": "accept"}

Row = tuple[Any, ...]
Read = Callable[[Sequence[Any]], Awaitable[tuple[RowPage, int]]]
"""What comes after some values: the rows and one more if there is one, and how many a page may have."""


class CsvTable(NamedTuple):
    """A list as a table; `cells` makes a line of the JSON text of a row."""

    name: str
    listing: str
    heads: Sequence[str]
    cells: Callable[[str], Iterable[Cell]]

    def text(self, rows: Iterable[Row], *, begin: bool) -> bytes:
        """Lines for *rows*, after the heads of the columns where the file begins."""
        heads = line(self.heads) if begin else ""
        return (heads + "".join(line(self.cells(row[-1])) for row in rows)).encode()


def is_wanted(request: Request) -> bool:
    """Whether the client would rather have CSV than JSON."""
    return wanted(request.headers.get("accept", ""), (JSON, CSV)) == CSV


def reply(
    request: Request,
    ask: QueryContext,
    table: CsvTable,
    first: tuple[RowPage, int],
    rest: Read | None,
    *,
    steady: Read | None = None,
    headers: Mapping[str, str] = {},
) -> Response:
    """
    The list over HTTP.

    Args:
        first: its first page.
        rest: what follows; None: that page only, with a link to the next one.
        steady: the list in an order in which no row moves, where that is another one.
    """
    page, size = first
    headers = {**VARY, **head_of_file(table.name), **headers}
    if rest is None:
        following = paging.cursor_to(table.listing, page.rows[size - 1][:-1]) if len(page.rows) > size else None
        body = table.text(page.rows[:size], begin=True)
        return ask.reply(body, page.position, {**headers, **paging.link_to(request, following)})
    ask.refuse_match()
    headers = {"cache-control": PRIVATE, **headers, "campus-position": str(page.position)}
    services, user = ask.services, ask.user
    text = parts(table, first, rest, steady)
    while_valid = while_signed_in(text, user, services.people, services.grants, ends=user.expires_at, says=None)
    return StreamingResponse(while_valid, headers=headers)


async def parts(
    table: CsvTable, first: tuple[RowPage, int], rest: Read, steady: Read | None = None
) -> AsyncGenerator[bytes]:
    """The text of the whole list, part by part; see `reply`."""
    written: set[int] = set()
    yield table.text((), begin=True)
    async for rows in _pages(*first, rest):
        yield table.text(rows if steady is None else _unwritten(rows, written), begin=False)
    if steady is not None:
        async for rows in _pages(*await steady(()), steady):
            yield table.text(_unwritten(rows, written), begin=False)


async def _pages(page: RowPage, size: int, following: Read) -> AsyncIterator[list[Row]]:
    yield page.rows[:size]
    while len(page.rows) > size:
        page, size = await following(page.rows[size - 1][:-1])
        yield page.rows[:size]


def _unwritten(rows: Sequence[Row], written: set[int]) -> list[Row]:
    """The rows with other ids than those *written*, to which they are added; ids stand between sort value and text."""
    fresh = [row for row in rows if hash(row[1:-1]) not in written]
    written.update(hash(row[1:-1]) for row in fresh)
    return fresh
