"""
Checks the log from end to end while everything runs, in pages, in bounded memory.

    positions   1 to the head, without a gap, and none after it
    versions    1 to n in every stream
    facts       each of a known type and version, its fields and meta readable, its partition the right one
    causes      a fact that is named as cause stands before; what names none is counted (workers/consistency/causes.py)

What a stock `eventsourcing` application has recorded here (adapters/recorder) is in that application's own form: it is
counted, and its place in the log checked, but not its contents.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from adapters.postgres.connection import Connection, connect
from adapters.postgres.log.pages import LogRow, read_head, read_rows
from adapters.recorder.recorder import NAME as STOCK
from adapters.settings import Settings
from domain.codec import decode_event
from domain.fact import Meta
from domain.streams import partition_of
from workers.consistency.causes import Causes

PAGE = 10_000  # facts
PAGE_OF_VERSIONS = 100_000  # facts whose versions are looked at in one query
MOST_PROBLEMS = 100  # that are described; all are counted
TIMEOUT = 120_000  # milliseconds, for one page

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

_decode_meta = msgspec.json.Decoder(Meta).decode


@dataclass
class Findings:
    """
    What was found.

    Attributes:
        foreign: events of stock `eventsourcing` applications among them.
        causes: whether facts name their cause.
        problems: the first of them, each with the position or the stream it is about.
        count: how many there are in all.
    """

    head: int = 0
    events: int = 0
    foreign: int = 0
    streams: int = 0
    causes: Causes = field(default_factory=Causes)
    count: int = 0
    problems: list[dict[str, Any]] = field(default_factory=list)

    def add(self, problem: str, **where: Any) -> None:
        """Note a problem."""
        self.count += 1
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append({**where, "problem": problem})

    def as_json(self) -> dict[str, Any]:
        """The verdict, and what it is based on."""
        return {
            "ok": not self.count,
            "events": self.events,
            "foreign": self.foreign,
            "streams": self.streams,
            "head": self.head,
            "without_cause": self.causes.unnamed,
            "first_without_cause": self.causes.first,
            "problem_count": self.count,
            "problems": self.problems,
        }


async def head_of(settings: Settings) -> int:
    """How far the log goes."""
    async with await connect(settings, application="log check") as connection:
        return await read_head(connection)


async def check(settings: Settings, until: int, advance: Callable[[int], None] = lambda _: None) -> Findings:
    """
    Look at every fact up to the position *until*.

    Args:
        advance: called with the number of facts that have been looked at since.
    """
    findings = Findings(head=until)
    async with await connect(settings, application="log check", statement_timeout=TIMEOUT) as connection:
        for after in range(0, until, PAGE):
            end = min(after + PAGE, until)
            _check_page(await read_rows(connection, after, end), after, end, findings)
            for position, cause in await findings.causes.missing(connection):
                findings.add(f"its cause {cause} does not stand before it", position=position)
            advance(end - after)
        await _check_versions(connection, findings)
        await _check_behind_head(connection, findings)
    return findings


def _check_page(rows: list[LogRow], after: int, until: int, findings: Findings) -> None:
    """The facts with positions above *after*, up to *until*, of which there has to be one for each position."""
    expected = after + 1
    for row in rows:
        if row[0] > expected:
            _missing(expected, row[0] - 1, findings)
        expected = row[0] + 1
        _check_fact(row, findings)
    if expected <= until:
        _missing(expected, until, findings)
    findings.events += len(rows)


def _missing(first: int, last: int, findings: Findings) -> None:
    which = f"position {first} is" if first == last else f"positions {first} to {last} are"
    findings.add(f"{which} missing", position=first)


def _check_fact(row: LogRow, findings: Findings) -> None:
    position, stream, version, name, schema_version, partition, data, meta, occurred_at, _ = row
    source = ""
    try:
        found = _decode_meta(meta)
        source = found.source
        if source != STOCK:
            findings.causes.add(position, found)
    except msgspec.MsgspecError as error:
        findings.add(f"the meta of {name} cannot be decoded: {error}", position=position, stream=stream)
    try:
        if source == STOCK:
            findings.foreign += 1
        else:
            decode_event(name, schema_version, data, stream=stream, version=version, occurred_at=occurred_at)
    except Exception as error:  # noqa: BLE001 - upcasters are our code, and may raise anything
        findings.add(f"{name} cannot be decoded: {error}", position=position, stream=stream)
    if partition != partition_of(stream):
        findings.add(f"partition is {partition}, not {partition_of(stream)}", position=position, stream=stream)


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
