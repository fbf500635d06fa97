"""
A list over HTTP as CSV: one page where a limit is given, else all of it, streamed page by page.

A streamed list is read in several statements: a row that changes meanwhile stands there as it was or as it is (twice or
not at all, if the list is sorted by what changes). `Campus-Position` is that of its first page, and there is no ETag.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from typing import Any, NamedTuple

from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from adapters.postgres.queries.reader import RowPage
from api.http import paging
from api.http.csv_text import CSV, Cell, head_of_file, line
from api.http.negotiation import wanted
from api.http.query import JSON, PRIVATE, QueryContext

PART = 500  # rows that are read and written at a time
VARY = {"vary": "accept"}

Read = Callable[[Sequence[Any]], Awaitable[tuple[RowPage, int]]]
"""What comes after some values: the rows and one more if there is one, and how many a page may have."""


class CsvTable(NamedTuple):
    """A list as a table; `cells` makes a line of the JSON text of a row."""

    name: str
    listing: str
    heads: Sequence[str]
    cells: Callable[[str], Iterable[Cell]]

    def text(self, rows: Iterable[tuple[Any, ...]], *, begin: bool) -> bytes:
        """Lines for *rows*, after the heads of the columns where the file begins."""
        heads = line(self.heads) if begin else ""
        return (heads + "".join(line(self.cells(row[-1])) for row in rows)).encode()


def is_wanted(request: Request) -> bool:
    """Whether the client would rather have CSV than JSON."""
    return wanted(request.headers.get("accept", ""), (JSON, CSV)) == CSV


def reply(
    request: Request, ask: QueryContext, table: CsvTable, first: tuple[RowPage, int], rest: Read | None
) -> Response:
    """The list from its *first* page on; without a *rest*, that page only, with a link to the next one."""
    page, size = first
    headers = {**VARY, **head_of_file(table.name)}
    if rest is None:
        following = paging.cursor_to(table.listing, page.rows[size - 1][:-1]) if len(page.rows) > size else None
        body = table.text(page.rows[:size], begin=True)
        return ask.reply(body, page.position, {**headers, **paging.link_to(request, following)})
    ask.refuse_match()
    headers |= {"campus-position": str(page.position), "cache-control": PRIVATE}
    return StreamingResponse(_parts(table, page, size, rest), headers=headers)


async def _parts(table: CsvTable, page: RowPage, size: int, rest: Read) -> AsyncIterator[bytes]:
    yield table.text(page.rows[:size], begin=True)
    while len(page.rows) > size:
        page, size = await rest(page.rows[size - 1][:-1])
        yield table.text(page.rows[:size], begin=False)
