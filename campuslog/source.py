"""
Where the facts come from: the log of a running campus, or an export of it.

Both are read in pages of positions, so that nothing is held open for long and memory stays small.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

from adapters.postgres.bulk.page_reader import PageReader
from adapters.postgres.connection import Connection, OperationalError, Unavailable, connect, is_broken
from adapters.postgres.log.pages import read_head
from adapters.postgres.log.search import Search
from adapters.settings import Settings
from domain.fact import Fact
from projections.engine.bulk.pages import PageSource

PAGE = 50_000  # positions
STATEMENT_TIMEOUT = 300_000  # milliseconds

POSITION_AT = "SELECT coalesce(max(position), 0) FROM events WHERE recorded_at <= %s"


@dataclass(frozen=True)
class Selection:
    """
    Which facts.

    Attributes:
        after, until: positions above the one, up to and with the other; None is the newest.
        types: None for all.
        since, by: times at which they happened, from the one on and up to and with the other.
    """

    after: int = 0
    until: int | None = None
    types: tuple[str, ...] | None = None
    learner: str | None = None
    since: datetime | None = None
    by: datetime | None = None


class FactPage(NamedTuple):
    """The facts that were looked for among the positions up to and with *until*, out of all up to *last*."""

    facts: list[Fact]
    until: int
    last: int


class Source(Protocol):
    """
    A log, to be read.

    Attributes:
        for_fold: the same facts as a fold over the whole log takes them.
    """

    for_fold: PageSource

    async def head(self) -> int:
        """The position of the last fact."""
        ...

    async def position_at(self, time: datetime) -> int:
        """The position of the last fact that was recorded by then; 0 for none."""
        ...

    def pages(self, selection: Selection) -> AsyncIterator[FactPage]:
        """The facts, page by page."""
        ...


class LiveSource:
    """The log of a running campus, over connections that can change nothing."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.for_fold: PageSource = PageReader(settings, ahead=True)

    async def head(self) -> int:
        """The position of the last fact."""
        async with await reading(self._settings) as connection:
            return await read_head(connection)

    async def position_at(self, time: datetime) -> int:
        """The position of the last fact that was recorded by then; 0 for none."""
        async with await reading(self._settings) as connection:
            row = await (await connection.execute(POSITION_AT, [time])).fetchone()
            return int(row[0]) if row else 0

    async def pages(self, selection: Selection) -> AsyncIterator[FactPage]:
        """The facts, page by page; those of one learner, of whom there are few, as one."""
        search = Search(types=selection.types, learner_id=selection.learner, since=selection.since, by=selection.by)
        async with await reading(self._settings) as connection:
            head = await read_head(connection)
            last = head if selection.until is None else min(selection.until, head)
            size = PAGE if selection.learner is None else max(last, 1)
            for after in range(selection.after, last, size):
                until = min(after + size, last)
                yield FactPage(await search.within(connection, after, until), until, last)


async def reading(settings: Settings) -> Connection:
    """
    A connection whose transactions are read-only, whatever is asked of it.

    Raises:
        Unavailable: PostgreSQL cannot be reached.
    """
    try:
        return await connect(
            settings, application="sdk", default_transaction_read_only="on", statement_timeout=STATEMENT_TIMEOUT
        )
    except OperationalError as error:
        if not is_broken(error):
            raise
        raise Unavailable(f"the campus {settings.name} does not answer: {str(error).strip()}") from error
