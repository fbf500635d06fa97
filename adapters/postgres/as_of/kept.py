"""Snapshots of read models for those who read them, and for the one process that takes and deletes them."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import msgspec
import psycopg

from adapters.postgres.as_of.snapshots import CHUNKS, SAME_LOG, bucket_of, place_of, rows_in
from projections.engine.fingerprint import code_digest
from projections.engine.merge import merged
from projections.engine.projection import Projection, RowKey, Table

UNUSED_DAYS = 7  # after which a snapshot or a fold is deleted
MOST_RESULTS = 256  # snapshots that folds have left, those used last; and parts of numbers, those found last

EXACT = f"""
SELECT snapshot_id FROM snapshots_of_read_models AS s
 WHERE projection = %(projection)s AND code = %(code)s AND position = %(position)s AND {SAME_LOG}
   AND (valid_at IS NOT DISTINCT FROM %(valid_at)s OR valid_at IS NULL AND latest <= %(valid_at)s) LIMIT 1
"""
USED = """
UPDATE snapshots_of_read_models SET used_at = clock_timestamp()
 WHERE snapshot_id = %s AND used_at < clock_timestamp() - interval '10 minutes'
"""
TAKEN = f"""
SELECT position, made_at FROM snapshots_of_read_models AS s
 WHERE projection = %s AND code = %s AND is_regular AND {SAME_LOG} ORDER BY position DESC LIMIT 1
"""
FORGET = f"""
WITH old AS (
    DELETE FROM folds_as_of WHERE ended_at < clock_timestamp() - interval '{UNUSED_DAYS} days'
        OR fold_id IN (SELECT fold_id FROM folds_as_of WHERE found IS NOT NULL
                        ORDER BY ended_at DESC OFFSET {MOST_RESULTS}))
DELETE FROM snapshots_of_read_models
 WHERE used_at < clock_timestamp() - interval '{UNUSED_DAYS} days' AND NOT (is_regular AND code = ANY(%s))
    OR snapshot_id IN (
       SELECT snapshot_id FROM snapshots_of_read_models WHERE NOT is_regular
        ORDER BY used_at DESC OFFSET {MOST_RESULTS})
"""
SWEEP = """
DELETE FROM snapshot_chunks AS c WHERE NOT EXISTS (SELECT FROM snapshot_parts AS p WHERE p.digest = c.digest)
"""


async def find(
    connection: psycopg.AsyncConnection, projection: Projection, position: int, valid_at: datetime | None
) -> int | None:
    """The snapshot of just this moment, if one is kept."""
    row = await (await connection.execute(EXACT, place_of(projection, position, valid_at))).fetchone()
    if row is None:
        return None
    await connection.execute(USED, [row[0]])
    return int(row[0])


async def chunks_of(
    connection: psycopg.AsyncConnection, snapshot: int, tables: Iterable[Table], first: str | None
) -> list[tuple[str, int, bytes]]:
    """The chunks of some tables, all or those that have the rows with this first value of their key."""
    parameters = {"snapshot": snapshot, "tables": [each.name for each in tables]}
    bucket = None if first is None else bucket_of(first)
    return await (await connection.execute(CHUNKS, {**parameters, "bucket": bucket})).fetchall()


def rows_of(projection: Projection, chunks: Iterable[tuple[str, int, bytes]]) -> dict[RowKey, msgspec.Struct]:
    """The rows of chunks, as readers see them."""
    parts = ((segment, *row) for name, segment, body in chunks for row in rows_in(projection.tables, name, body))
    return dict(merged(parts))


async def last_taken(connection: psycopg.AsyncConnection, projection: Projection) -> tuple[int, datetime]:
    """Position of the last regular snapshot by the code that runs, and when it was made; 0 and long ago for none."""
    row = await (await connection.execute(TAKEN, (projection.name, code_digest(projection)))).fetchone()
    return (row[0], row[1]) if row else (0, datetime.min.replace(tzinfo=UTC))


async def forget_old(connection: psycopg.AsyncConnection, projections: Sequence[Projection]) -> None:
    """
    Delete what was not used for UNUSED_DAYS, and results beyond MOST_RESULTS; then chunks that no snapshot has.

    Args:
        projections: those whose regular snapshots stay.
    """
    await connection.execute(FORGET, [[code_digest(each) for each in projections]])
    await connection.execute(SWEEP)
