"""
Checks the log from end to end while everything runs, in pages, in bounded memory.

    positions   1 to the head, without a gap, and none after it
    versions    1 to n in every stream
    facts       each of a known type and version, its fields and meta readable, its partition the right one
    causes      a fact that is named as cause stands before; what names none is counted (workers/consistency/causes.py)
    tree        the facts are those under the signed checkpoints; else the first that is not, where tiles name it

What a stock `eventsourcing` application has recorded here (adapters/recorder) is in that application's own form: it is
counted, and its place in the log checked, but not its contents.
"""

import asyncio
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from adapters.postgres.connection import Connection, connect
from adapters.postgres.log.pages import read_head
from adapters.settings import Settings
from domain.proofs.tiles import WIDTH
from workers.consistency.kept_checkpoints import KeptCheckpoint, judge
from workers.consistency.log_part import (
    PART,
    TIMEOUT,
    Findings,
    Hashes,
    Part,
    Reference,
    check_part,
    check_part_in_process,
)

FEW_PARTS = 4  # of which one process is as fast as several, which have to start

PAGE_OF_VERSIONS = 100_000  # facts whose versions are looked at in one query

BEHIND_HEAD = """
SELECT count(*) FROM events, log_head WHERE events.position > log_head.position
"""

# The next page in the order of the streams, and what versions each stream has in it.
VERSIONS = """
WITH page AS (
    SELECT stream_id, stream_version FROM events WHERE (stream_id, stream_version) > (%s, %s)
     ORDER BY stream_id, stream_version LIMIT %s)
SELECT stream_id, min(stream_version), max(stream_version), count(*) FROM page GROUP BY stream_id ORDER BY stream_id
"""


async def head_of(settings: Settings) -> int:
    """How far the log goes."""
    async with await connect(settings, application="log check") as connection:
        return await read_head(connection)


async def check(
    settings: Settings,
    until: int,
    advance: Callable[[int], None] = lambda _: None,
    *,
    checkpoints: Sequence[KeptCheckpoint] = (),
    published: Path | None = None,
) -> Findings:
    """
    Look at every fact up to the position *until*.

    Args:
        advance: called with the number of facts that have been looked at since.
        checkpoints: signed ones, that the log is held against.
        published: tiles that were published and kept elsewhere; those of the database if there are none.
    """
    last = max(until, max((each.checkpoint.size for each in checkpoints), default=0))
    async with await connect(settings, application="log check", statement_timeout=TIMEOUT) as connection:
        if last <= FEW_PARTS * PART:
            return await check_on(connection, until, advance, checkpoints=checkpoints, published=published)
        findings, hashes, reference, parts = _planned(until, checkpoints, published)
        of_streams = asyncio.create_task(_check_streams(connection, findings))
        await _check_in_processes(settings, parts, reference, findings, hashes, advance)
        await of_streams
    judge(checkpoints, hashes, findings)
    return findings


async def check_on(
    connection: Connection,
    until: int,
    advance: Callable[[int], None] = lambda _: None,
    *,
    checkpoints: Sequence[KeptCheckpoint] = (),
    published: Path | None = None,
) -> Findings:
    """As `check`, by one connection, in this process."""
    findings, hashes, reference, parts = _planned(until, checkpoints, published)
    for part in parts:
        _join(findings, hashes, await check_part(connection, part, reference))
        advance(max(min(part.until, part.head) - part.after, 0))
    await _check_streams(connection, findings)
    judge(checkpoints, hashes, findings)
    return findings


def _planned(
    until: int, checkpoints: Sequence[KeptCheckpoint], published: Path | None
) -> tuple[Findings, Hashes, Reference, list[Part]]:
    """Nothing found yet, what leaves are held against, and the parts of the log."""
    sizes = [each.checkpoint.size for each in checkpoints]
    reference = Reference(max(sizes, default=0), frozenset(size // WIDTH for size in sizes), published)
    last = max(until, reference.signed)
    parts = [Part(after, min(after + PART, last), until) for after in range(0, last, PART)]
    return Findings(head=until), Hashes(), reference, parts


async def _check_in_processes(  # noqa: PLR0917
    settings: Settings,
    parts: Sequence[Part],
    reference: Reference,
    findings: Findings,
    hashes: Hashes,
    advance: Callable[[int], None],
) -> None:
    """Check parts in as many processes as there are cores; what they find is put together in the order of the log."""
    loop = asyncio.get_running_loop()
    pool = ProcessPoolExecutor(min(os.cpu_count() or 1, len(parts)), mp_context=get_context("spawn"))
    try:
        running = [loop.run_in_executor(pool, check_part_in_process, settings, part, reference) for part in parts]
        for part, result in zip(parts, running, strict=True):
            _join(findings, hashes, await result)
            advance(max(min(part.until, part.head) - part.after, 0))
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _join(findings: Findings, hashes: Hashes, part: tuple[Findings, Hashes]) -> None:
    findings.join(part[0])
    hashes.join(part[1])


async def _check_streams(connection: Connection, findings: Findings) -> None:
    await _check_versions(connection, findings)
    await _check_behind_head(connection, findings)


async def _check_versions(connection: Connection, findings: Findings) -> None:
    last_stream, last_version = "", 0
    while True:
        cursor = await connection.execute(VERSIONS, [last_stream, last_version, PAGE_OF_VERSIONS])
        groups = await cursor.fetchall()
        if not groups:
            return
        for stream, lowest, highest, count in groups:
            first = last_version + 1 if stream == last_stream else 1
            if lowest != first or highest - lowest + 1 != count:
                findings.add(f"versions are not {first} to {first + count - 1} without a gap", stream=stream)
            findings.streams += stream != last_stream
            last_stream, last_version = stream, highest


async def _check_behind_head(connection: Connection, findings: Findings) -> None:
    row = await (await connection.execute(BEHIND_HEAD)).fetchone()
    if row and row[0]:
        findings.add(f"{row[0]} facts stand after the head of the log", position=findings.head + 1)
