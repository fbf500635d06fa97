"""
Content of courses that no version and no draft names any more: found, and removed after a time of grace.

An edit that names content says so at the content's row before it is recorded (`Contents.want`), and content is only
removed if that was long ago: so whatever an edit has found there stays until its fact tells that it is in use.

Reads     contents, facts of courses and of their drafts
Writes    contents
"""

from datetime import datetime, timedelta
from typing import NamedTuple

from adapters.command_bus.replay import replayed
from adapters.postgres.connection import Connection
from adapters.postgres.log.postgres_log import PostgresLog
from domain.catalog import CourseDraft
from domain.catalog.unit import hashes_of

GRACE = timedelta(days=7)  # since content was uploaded, or named by an edit, for the last time
AT_ONCE = 20  # contents that are removed in one statement; each has 1 GiB at most

BEFORE = "SELECT now() - %s::interval"
OLD = """
SELECT sha256, size, wanted_at FROM contents
 WHERE of_course AND sha256 IS NOT NULL AND wanted_at < %s ORDER BY wanted_at, sha256
"""
IN_VERSIONS = """
SELECT DISTINCT found[1] FROM events
 CROSS JOIN LATERAL regexp_matches(convert_from(data, 'UTF8'), '"([0-9a-f]{64})"', 'g') AS found
 WHERE stream_id >= 'course-' AND stream_id < 'course.' AND type = 'course.version_published'
"""
DRAFTS = "SELECT DISTINCT stream_id FROM events WHERE stream_id >= 'course_draft-' AND stream_id < 'course_draft.'"
REMOVE = "DELETE FROM contents WHERE sha256 = ANY(%s) AND of_course AND wanted_at < %s RETURNING sha256"


class UnusedContent(NamedTuple):
    """Content that nothing names; `wanted_at` is when it was uploaded, or named, for the last time."""

    sha256: str
    size: int
    wanted_at: datetime


async def unused(log: PostgresLog, connection: Connection, grace: timedelta = GRACE) -> list[UnusedContent]:
    """What `remove_unused` would remove now, the oldest first."""
    _, found = await _unused(log, connection, grace)
    return found


async def remove_unused(log: PostgresLog, connection: Connection, grace: timedelta = GRACE) -> list[UnusedContent]:
    """Remove content that nothing has named for the time of *grace*; returns what was removed."""
    before, found = await _unused(log, connection, grace)
    removed: set[str] = set()
    for first in range(0, len(found), AT_ONCE):
        hashes = [each.sha256 for each in found[first : first + AT_ONCE]]
        cursor = await connection.execute(REMOVE, (hashes, before))
        removed.update(sha256 for (sha256,) in await cursor.fetchall())
    return [each for each in found if each.sha256 in removed]


async def _unused(
    log: PostgresLog, connection: Connection, grace: timedelta
) -> tuple[datetime | None, list[UnusedContent]]:
    """The time before which content must have been wanted for the last time, and what nothing names."""
    row = await (await connection.execute(BEFORE, (grace,))).fetchone()
    before = row[0] if row else None
    old = [UnusedContent(*each) for each in await (await connection.execute(OLD, (before,))).fetchall()]
    if not old:
        return before, []
    used: set[str] = set()
    for (stream,) in await (await connection.execute(DRAFTS)).fetchall():
        draft = await replayed(log, CourseDraft, stream)
        used.update(sha256 for unit in draft.units.values() for sha256 in hashes_of(unit))
    # After the drafts: what is published meanwhile stands in one of both.
    used |= {sha256 for (sha256,) in await (await connection.execute(IN_VERSIONS)).fetchall()}
    return before, [each for each in old if each.sha256 not in used]
