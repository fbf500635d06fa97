"""
Table `segments`: checkpoint, epoch and fact counts of each segment of a generation.

For rows in PostgreSQL, `move_segments()` changes them in the statement that writes the rows. For rows elsewhere,
checkpoints and counts are a copy, for `campus projections status` and health checks.
"""

from collections.abc import Mapping

from adapters.postgres.connection import Connection
from adapters.postgres.store.row_tables import array
from projections.engine.live import FactCounts

POSITIONS = "SELECT segment, position FROM segments WHERE projection = %s AND generation = %s ORDER BY segment"
EPOCHS = "SELECT segment, epoch FROM segments WHERE projection = %s AND generation = %s ORDER BY segment"
NOTE_IGNORED = "UPDATE segments SET ignored = %s WHERE projection = %s AND generation = %s AND segment = %s"
RESET = """
UPDATE segments SET position = 0, applied = 0, ignored = 0, parked = 0, skipped = 0
 WHERE projection = %s AND generation = %s AND segment = %s
"""
NOTE_ACCOUNTS = """
UPDATE segments AS s
   SET position = a.position, applied = a.applied, ignored = a.ignored, parked = a.parked, skipped = a.skipped,
       updated_at = now()
  FROM unnest(%(segments)s::smallint[], %(epochs)s::bigint[], %(positions)s::bigint[], %(applied)s::bigint[],
              %(ignored)s::bigint[], %(parked)s::bigint[], %(skipped)s::bigint[])
       AS a(segment, epoch, position, applied, ignored, parked, skipped)
 WHERE s.projection = %(name)s AND s.generation = %(generation)s AND s.segment = a.segment AND s.epoch = a.epoch
"""


async def positions(connection: Connection, projection: str, generation: int) -> dict[int, int]:
    """The checkpoint of each segment; empty if the generation was dropped."""
    return dict(await (await connection.execute(POSITIONS, (projection, generation))).fetchall())


async def epochs(connection: Connection, projection: str, generation: int) -> dict[int, int]:
    """The epoch of each segment, in order."""
    return dict(await (await connection.execute(EPOCHS, (projection, generation))).fetchall())


async def note_ignored(connection: Connection, projection: str, generation: int, segment: int, facts: int) -> None:
    """Set how many facts of a segment the projection does not read, up to its checkpoint."""
    await connection.execute(NOTE_IGNORED, (facts, projection, generation, segment))


async def reset(connection: Connection, projection: str, generation: int, segment: int) -> None:
    """Set the checkpoint and the counts of a segment to 0."""
    await connection.execute(RESET, (projection, generation, segment))


async def note_accounts(
    connection: Connection,
    projection: str,
    generation: int,
    accounts: Mapping[int, tuple[int, FactCounts]],
    epochs: Mapping[int, int],
) -> None:
    """Copy checkpoints and counts from another store, for the segments that are still in these epochs."""
    parameters = {
        "name": projection,
        "generation": generation,
        "segments": array(accounts),
        "epochs": array(epochs[segment] for segment in accounts),
        "positions": array(position for position, _ in accounts.values()),
        **counts({segment: account for segment, (_, account) in accounts.items()}),
    }
    await connection.execute(NOTE_ACCOUNTS, parameters)


def counts(accounts: Mapping[int, FactCounts]) -> dict[str, str]:
    """The four counts of some segments, as parameters."""
    return {
        name: array(getattr(account, name) for account in accounts.values())
        for name in ("applied", "ignored", "parked", "skipped")
    }
