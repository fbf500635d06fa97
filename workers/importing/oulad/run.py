"""
One import from file to report: read, look up what the log has, go through the calendar, write.

An advisory lock admits one import at a time for a campus. The import checks the whole file before it writes anything.
What it knows of the log belongs to one life of it: in another one it looks again, and appends what the log has lost.
"""

import asyncio
import time
from collections.abc import Collection, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import msgspec
import structlog
import uuid_utils

from adapters.oulad.archive import Malformed
from adapters.oulad.stored import Stored, stored_between
from adapters.oulad.tables import Oulad, UnknownPresentation, read, size_of
from adapters.postgres.connection import Connection, Unavailable, connect, life_of
from adapters.postgres.log.append import LifeEnded
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.postgres.ops.lease import try_acquire
from adapters.settings import Settings
from commands.log import Context
from domain.admin import ImportedFile, ImportedTable
from workers.importing.oulad.catalog import PLAN, CatalogImport, ImportRefused
from workers.importing.oulad.history import SOURCE, Diary, History, facts_to_come
from workers.importing.oulad.report import ImportReport
from workers.importing.oulad.writer import Writer
from workers.importing.refused import note_refused, sha256_of
from workers.importing.register import Register
from workers.support.progress import ProgressReporter, no_progress

BYTES = 1_000  # in a kilobyte, the unit of the progress of reading
MOST_LIVES = 20  # of the log in which one import goes on
PAUSE = 1.0  # seconds before it goes on in another one
LOOK_UP_TIMEOUT = 120_000  # milliseconds, to look up one page of stored facts
NAME = SOURCE.removeprefix("import:")  # of the source, in the streams of its imports

logger = structlog.get_logger()


async def import_oulad(
    settings: Settings,
    file: Path,
    wanted: Collection[str] = (),
    progress: ProgressReporter = no_progress,
    context: Context | None = None,
) -> ImportReport:
    """
    Append the facts of the presentations *wanted* (run ids; empty for all) of *file* that the log does not have.

    That it begins and ends are facts as well, in the name of the actor of *context*.

    Raises:
        Malformed, UnknownPresentation: the file cannot be imported; no fact was appended.
        ImportRefused: their names are taken in the log, or another import is running; no fact was appended.
        Unavailable: PostgreSQL was lost; the same import, started again, goes on where this one stopped.
    """
    context = context or Context("import", source="cli", correlation_id=uuid_utils.uuid7().hex)
    try:
        brought, oulad, seconds_reading = _read(file, wanted, progress)
        started = time.perf_counter()
        log = await PostgresLog.open(settings)
        try:
            running = _Import(log, oulad, brought, progress=progress, context=context)
            report = await _import(settings, log, running)
        finally:
            await log.close()
    except (Malformed, UnknownPresentation, ImportRefused) as error:
        await note_refused(settings, file, error, context)
        raise
    report.file = str(file)
    report.seconds, report.seconds_reading = time.perf_counter() - started, seconds_reading
    return report


async def _import(settings: Settings, log: PostgresLog, running: "_Import") -> ImportReport:
    """Import, in one life of the log after the other until all is there: what the log still has is found."""
    for _life in range(MOST_LIVES):
        connection = await connect(settings, application="import", statement_timeout=LOOK_UP_TIMEOUT)
        try:
            if not await try_acquire(connection, settings, "import"):
                raise ImportRefused(
                    f"another import into the campus {settings.name} is running: wait until it has ended"
                )
            return await running.run(connection)
        except LifeEnded:
            logger.warning("import.log_opened_again")
            await log.reconnect(log.reconnected)
        finally:
            await connection.close()
        await asyncio.sleep(PAUSE)
    raise Unavailable(f"PostgreSQL was opened again {MOST_LIVES} times")


def _read(file: Path, wanted: Collection[str], progress: ProgressReporter) -> tuple[ImportedFile, Oulad, float]:
    """What is brought, its rows, and the seconds that reading took."""
    started = time.perf_counter()
    rest = 0

    with progress(f"reading {file.name}", total=size_of(file) // BYTES, unit="kB") as advance:

        def advance_bytes(amount: int) -> None:
            nonlocal rest
            kilobytes, rest = divmod(rest + amount, BYTES)
            advance(kilobytes)

        before, sha256 = file.stat(), sha256_of(file)
        oulad = read(file, wanted, advance_bytes)
    after = file.stat()
    if (before.st_ino, before.st_size, before.st_mtime_ns) != (after.st_ino, after.st_size, after.st_mtime_ns):
        raise Malformed(f"{file} was changed while it was read: import it again when it is whole")
    parts = [presentation.run_id for presentation in oulad.presentations]
    tables = [ImportedTable(name=name, rows=rows) for name, rows in oulad.rows.items()]
    brought = ImportedFile(
        file=file.name, sha256=sha256, size=after.st_size, plan=PLAN, tables=tables, parts=parts, before=[]
    )
    return brought, oulad, time.perf_counter() - started


class Day(NamedTuple):
    """One day of one presentation; *number* is the presentation's index, *day* counts from its start."""

    at: datetime
    number: int
    day: int


class _Import:
    """One import while it runs, in one life of the log after the other."""

    def __init__(
        self, log: PostgresLog, oulad: Oulad, brought: ImportedFile, *, progress: ProgressReporter, context: Context
    ) -> None:
        self._log = log
        self._oulad = oulad
        self._brought = brought
        self._progress = progress
        self._context = context

    async def run(self, connection: Connection) -> ImportReport:
        report = ImportReport(self._brought.file, self._oulad.rows, self._oulad.presentations)
        life = await self._log.life()
        if await life_of(connection) != life:
            raise LifeEnded
        catalogs = [CatalogImport(self._log, SOURCE, each, life) for each in self._oulad.presentations]
        for catalog in catalogs:
            await catalog.look()
        report.before = {catalog.presentation.run_id for catalog in catalogs if catalog.finished}
        todo = [catalog for catalog in catalogs if not catalog.finished]
        register = Register(self._log, NAME, self._context, life)
        brought = msgspec.structs.replace(self._brought, before=[c.presentation.run_id for c in catalogs if c.finished])
        begun = {catalog.presentation.run_id for catalog in todo if catalog.begun_at is not None}
        await register.begin(connection, brought, begun)
        for catalog in todo:
            catalog.number = register.number
        try:
            await self._append(connection, todo, report, register.number, life)
            await register.finish(report.brought(), report.appended.total(), report.found.total(), report.irregular)
        except LifeEnded:
            raise  # it goes on in the next life, in which this one may never have begun
        except BaseException as error:
            await register.interrupt(error)
            raise
        report.number, report.position = register.number, await self._log.head()
        return report

    async def _append(
        self, connection: Connection, todo: Sequence[CatalogImport], report: ImportReport, number: int, life: str
    ) -> None:
        """Append what is missing, and count it in the report."""
        head = await self._log.head()
        stored = await self._stored(connection, todo, head)
        to_come = sum(facts_to_come(catalog.presentation) for catalog in todo)
        with self._progress("appending", total=to_come, unit="facts") as advance:
            writer = Writer(self._log, connection, SOURCE, stored, advance, number=number, life=life)
            try:
                await _go_through(todo, writer)
            except BaseException:
                with suppress(Exception, asyncio.CancelledError):  # why it ends is known already
                    await writer.landed()
                raise
        report.appended, report.found, report.irregular = writer.appended, writer.found, writer.irregular
        report.add_catalog({position for catalog in todo for position in catalog.positions}, head)
        report.units = sum(len(catalog.presentation.sites) for catalog in todo)

    async def _stored(self, connection: Connection, todo: Sequence[CatalogImport], head: int) -> dict[str, Stored]:
        """Count the stored facts of presentations whose import was interrupted."""
        begun = {catalog.begun_at: catalog.presentation for catalog in todo if catalog.begun_at is not None}
        if not begun:
            return {}
        ids = [name for presentation in begun.values() for name in (presentation.run_id, *presentation.assessments)]
        after = min(begun)
        with self._progress("looking up stored facts", total=head - after, unit="facts") as advance:
            return await stored_between(connection, SOURCE, ids, after=after, until=head, advance=advance)


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
        for event, row in histories[number].on(day):
            if writer.take(event, row, at):
                await writer.pause()
        if day == catalog.presentation.days:
            await writer.flush()
            await catalog.close_run()
        if day == days[-1]:
            await writer.flush()
            await catalog.finish()
            del histories[number]
