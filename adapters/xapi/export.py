"""
Writes the statements of a log to one file, a line each (JSON Lines), in the order of the log.

The log is read in short pages, so memory is the same for any log. The file is another one until it is whole: what has
its name is complete, up to the position that is answered, from where a later run goes on.
"""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import IO

import msgspec

from adapters.postgres.connection import Link
from adapters.postgres.log.pages import read_head
from adapters.postgres.log.search import Search
from adapters.settings import Settings
from adapters.xapi.statements import LEARNING_FACTS, Statements
from projections.engine.rows import Unreadable

PAGE = 2_000  # positions
PATIENCE = 10.0  # seconds to wait for a server that has gone

Advance = Callable[[int], None]


class StatementReport(msgspec.Struct):
    """
    The result of an export of statements.

    Attributes:
        position: up to which facts were looked at.
        unreadable: facts that this code cannot read, which are no statements.
    """

    file: str
    after: int
    position: int
    statements: int
    unreadable: int


class NotThatLog(Exception):
    """The log ends before the position after which statements are wanted."""


async def export_statements(
    settings: Settings,
    file: Path,
    begin: Callable[[int], Advance] = lambda _: lambda _: None,
    *,
    after: int = 0,
) -> StatementReport:
    """
    Write the statements of all facts after a position, up to the end of the log as it is now.

    Args:
        begin: called with the number of positions to look at; gives the function to call with those looked at since.

    Raises:
        NotThatLog: the log has no such position.
    """
    link = Link(settings, "xapi export", patience=PATIENCE)
    scratch = file.with_name(f".{file.name}.tmp")
    try:
        head = await link.run(read_head)
        if after > head:
            raise NotThatLog(f"the log ends at position {head:,}, before {after:,}: is this the campus you mean?")
        report = StatementReport(str(file), after, head, 0, 0)
        with scratch.open("wb") as out:
            await _write(link, settings, out, report, begin(head - after))
        scratch.replace(file)
    finally:
        scratch.unlink(missing_ok=True)
        await link.close()
    return report


async def _write(link: Link, settings: Settings, out: IO[bytes], report: StatementReport, advance: Advance) -> None:
    statements, search, encode = Statements(settings.web_url), Search(types=LEARNING_FACTS), msgspec.json.encode
    last = report.after
    while last < report.position:
        until = min(last + PAGE, report.position)
        facts = await link.run(functools.partial(search.within, after=last, until=until))
        for fact in facts:
            if isinstance(fact, Unreadable):
                report.unreadable += 1
            else:
                out.write(encode(statements.of(fact)) + b"\n")
                report.statements += 1
        advance(until - last)
        last = until
