"""
One import from file to report: read, look up what the log has, go through the calendar, write.

An advisory lock admits one import at a time for a campus. The import checks the whole file before it writes anything.
What it knows of the log belongs to one life of it: in another one it looks again, and appends what the log has lost.
"""

import asyncio
import time
from collections.abc import Collection, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import structlog

from adapters.oulad.stored import Stored, stored_between
from adapters.oulad.tables import Oulad, read, size_of
from adapters.postgres.connection import Connection, Unavailable, connect, life_of
from adapters.postgres.log.append import LifeEnded
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.postgres.ops.lease import try_acquire
from adapters.settings import Settings
from workers.importing.oulad.catalog import CatalogImport, ImportRefused
from workers.importing.oulad.history import SOURCE, Diary, History, facts_to_come
from workers.importing.oulad.report import ImportReport
from workers.importing.oulad.writer import Writer
from workers.support.progress import ProgressReporter, no_progress

BYTES = 1_000  # in a kilobyte, the unit of the progress of reading
MOST_LIVES = 20  # of the log in which one import goes on
PAUSE = 1.0  # seconds before it goes on in another one
LOOK_UP_TIMEOUT = 120_000  # milliseconds, to look up one page of stored facts

logger = structlog.get_logger()


async def import_oulad(
    settings: Settings, file: Path, wanted: Collection[str] = (), progress: ProgressReporter = no_progress
) -> ImportReport:
    """
    Append the facts of the presentations *wanted* (run ids; empty for all) of *file* that the log does not have.

    Raises:
        Malformed, UnknownPresentation: the file cannot be imported; nothing was written.
        ImportRefused: their names are taken in the log, or another import is running; nothing was written.
        Unavailable: PostgreSQL was lost; the same import, started again, goes on where this one stopped.
    """
    oulad, seconds_reading = _read(file, wanted, progress)
    started = time.perf_counter()
    log = await PostgresLog.open(settings)
    try:
        report = await _import(settings, log, oulad, str(file), progress)
    finally:
        await log.close()
    report.seconds, report.seconds_reading = time.perf_counter() - started, seconds_reading
    return report


async def _import(
    settings: Settings, log: PostgresLog, oulad: Oulad, file: str, progress: ProgressReporter
) -> ImportReport:
    """Import, in one life of the log after the other until all is there: what the log still has is found."""
    for _life in range(MOST_LIVES):
        connection = await connect(settings, application="import", statement_timeout=LOOK_UP_TIMEOUT)
        try:
            if not await try_acquire(connection, settings, "import"):
                raise ImportRefused(
                    f"another import into the campus {settings.name} is running: wait until it has ended"
                )
            return await _Import(log, connection, oulad, progress).run(file)
        except LifeEnded:
            logger.warning("import.log_opened_again")
            await log.reconnect(log.reconnected)
        finally:
            await connection.close()
        await asyncio.sleep(PAUSE)
    raise Unavailable(f"PostgreSQL was opened again {MOST_LIVES} times")


def _read(file: Path, wanted: Collection[str], progress: ProgressReporter) -> tuple[Oulad, float]:
    started = time.perf_counter()
    rest = 0

    with progress(f"reading {file.name}", total=size_of(file) // BYTES, unit="kB") as advance:

        def advance_bytes(amount: int) -> None:
            nonlocal rest
            kilobytes, rest = divmod(rest + amount, BYTES)
            advance(kilobytes)

        oulad = read(file, wanted, advance_bytes)
    return oulad, time.perf_counter() - started


class Day(NamedTuple):
    """One day of one presentation; *number* is the presentation's index, *day* counts from its start."""

    at: datetime
    number: int
    day: int


class _Import:
    """One import while it runs."""

    def __init__(self, log: PostgresLog, connection: Connection, oulad: Oulad, progress: ProgressReporter) -> None:
        self._log = log
        self._connection = connection
        self._oulad = oulad
        self._progress = progress

    async def run(self, file: str) -> ImportReport:
        report = ImportReport(file, self._oulad.rows, self._oulad.presentations)
        life = await self._log.life()
        if await life_of(self._connection) != life:
            raise LifeEnded
        catalogs = [CatalogImport(self._log, SOURCE, each, life) for each in self._oulad.presentations]
        for catalog in catalogs:
            await catalog.look()
        report.before = {catalog.presentation.run_id for catalog in catalogs if catalog.finished}
        todo = [catalog for catalog in catalogs if not catalog.finished]
        head = await self._log.head()
        stored = await self._stored(todo, head)
        to_come = sum(facts_to_come(catalog.presentation) for catalog in todo)
        with self._progress("appending", total=to_come, unit="facts") as advance:
            writer = Writer(self._log, self._connection, SOURCE, stored, advance, life=life)
            if todo:
                await _go_through(todo, writer)
        report.appended, report.found, report.irregular = writer.appended, writer.found, writer.irregular
        report.add_catalog({position for catalog in todo for position in catalog.positions}, head)
        report.units = sum(len(catalog.presentation.sites) for catalog in todo)
        report.position = await self._log.head()
        return report

    async def _stored(self, todo: Sequence[CatalogImport], head: int) -> dict[str, Stored]:
        """Count the stored facts of presentations whose import was interrupted."""
        begun = {catalog.begun_at: catalog.presentation for catalog in todo if catalog.begun_at is not None}
        if not begun:
            return {}
        ids = [name for presentation in begun.values() for name in (presentation.run_id, *presentation.assessments)]
        after = min(begun)
        with self._progress("looking up stored facts", total=head - after, unit="facts") as advance:
            return await stored_between(self._connection, SOURCE, ids, after=after, until=head, advance=advance)


async def _go_through(catalogs: Sequence[CatalogImport], writer: Writer) -> None:
    """Write all facts in the order of the calendar; those of one day by presentation."""
    diaries = [Diary(catalog.presentation) for catalog in catalogs]
    histories: dict[int, History] = {}
    for at, number, day in sorted(
        Day(catalog.presentation.at(day), number, day)
        for number, (catalog, diary) in enumerate(zip(catalogs, diaries, strict=True))
        for day in diary.days
    ):
        catalog, days = catalogs[number], diaries[number].days
        if day == days[0]:
            await writer.flush()
            histories[number] = History(catalog.presentation, diaries[number], *await catalog.begin(day))
        for event in histories[number].on(day):
            if writer.take(event, at):
                await writer.pause()
        if day == catalog.presentation.days:
            await writer.flush()
            await catalog.close_run()
        if day == days[-1]:
            await writer.flush()
            await catalog.finish()
            del histories[number]
