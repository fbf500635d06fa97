"""Tables of the auditor: how many keys it has checked, and the rows that differ from the log."""

from collections.abc import Sequence
from typing import Any

import msgspec
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from adapters.postgres.connection import Connection

MOST = 100  # findings kept of each generation

NOTE = """
INSERT INTO audits (projection, generation, checked, wrong)
SELECT name, generation, %(checked)s, %(wrong)s FROM projections
 WHERE name = %(projection)s AND generation = %(generation)s
ON CONFLICT (projection, generation) DO UPDATE
   SET checked = audits.checked + excluded.checked, wrong = audits.wrong + excluded.wrong, checked_at = now()
"""
ALL = """
SELECT a.projection, a.generation, a.checked, a.wrong FROM audits AS a
  JOIN projections AS p ON p.name = a.projection AND p.generation = a.generation AND p.status = 'live'
 ORDER BY a.projection
"""
FIND = """
INSERT INTO audit_findings (projection, generation, learner, table_name, key, position, reason)
SELECT name, generation, %(owner)s, %(table)s, %(key)s, %(position)s, %(reason)s FROM projections
 WHERE name = %(projection)s AND generation = %(generation)s
ON CONFLICT (projection, generation, table_name, key) DO UPDATE
   SET position = excluded.position, reason = excluded.reason, seen_at = now()
"""
RIGHT_AGAIN = """
DELETE FROM audit_findings WHERE projection = %s AND generation = %s AND learner = %s AND key <> ALL(%s::jsonb[])
"""
FORGET_OLD = """
DELETE FROM audit_findings WHERE projection = %(projection)s AND generation = %(generation)s AND id <= (
    SELECT id FROM audit_findings WHERE projection = %(projection)s AND generation = %(generation)s
     ORDER BY id DESC OFFSET %(most)s LIMIT 1)
"""
FINDINGS = """
SELECT f.projection, f.generation, f.learner AS owner, f.table_name AS table, f.key, f.position, f.reason
  FROM audit_findings AS f
  JOIN projections AS p ON p.name = f.projection AND p.generation = f.generation AND p.status = 'live'
 ORDER BY f.id DESC
"""


class AuditCounts(msgspec.Struct):
    """
    The audit of the live generation of a read model.

    Attributes:
        checked: comparisons of a key's rows with the log.
        wrong: those in which a row was wrong.
    """

    projection: str
    generation: int
    checked: int
    wrong: int


class Finding(msgspec.Struct):
    """
    A row that differs from the log.

    Attributes:
        owner: the key whose row it is: the id of a learner, or of a stream that is its own key.
        position: of the first fact after which the row differs; None if it is not known.
    """

    projection: str
    generation: int
    owner: str
    table: str
    key: list[Any]
    position: int | None
    reason: str


async def note_checked(connection: Connection, projection: str, generation: int, *, checked: int, wrong: int) -> None:
    """Count keys whose rows were compared."""
    values = {"projection": projection, "generation": generation, "checked": checked, "wrong": wrong}
    await connection.execute(NOTE, values)


async def note_findings(
    connection: Connection, projection: str, generation: int, owner: str, found: Sequence[Finding]
) -> None:
    """Store the wrong rows of a key, and delete its findings about rows that are right again."""
    keys = [Jsonb(finding.key) for finding in found]
    async with connection.transaction():
        await connection.execute(RIGHT_AGAIN, (projection, generation, owner, keys))
        for finding, key in zip(found, keys, strict=True):
            await connection.execute(FIND, {**msgspec.structs.asdict(finding), "key": key})
        await connection.execute(FORGET_OLD, {"projection": projection, "generation": generation, "most": MOST})


async def audits(connection: Connection) -> list[AuditCounts]:
    """The audits of all live generations."""
    async with connection.cursor(row_factory=class_row(AuditCounts)) as cursor:
        return await (await cursor.execute(ALL)).fetchall()


async def findings(connection: Connection) -> list[Finding]:
    """The findings about live generations, the newest first."""
    async with connection.cursor(row_factory=class_row(Finding)) as cursor:
        return await (await cursor.execute(FINDINGS)).fetchall()
