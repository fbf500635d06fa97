"""
The tree over the log in PostgreSQL: each tile in its newest form, how large the tree is, and its newest checkpoint.

Tiles and size change in one statement, so a notary that dies leaves a tree that is whole, if smaller than the log.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from adapters.postgres.connection import Connection
from adapters.postgres.queries.reader import Reader
from domain.admin import SignedTrees, trees_stream
from domain.proofs.merkle import HASH_SIZE
from domain.proofs.note import Verifier
from domain.proofs.tiles import TileId, Tiles, Tree, edge_of

STORED = "SELECT origin, size, checkpoint, keys, cosigned, witness_trouble, witness_keys FROM proof_tree"
BEGIN = """
INSERT INTO proof_tree (origin, size, checkpoint, keys) VALUES (%s, 0, %s, %s)
ON CONFLICT (only_row) DO UPDATE
   SET origin = excluded.origin, size = 0, checkpoint = excluded.checkpoint, keys = excluded.keys, cosigned = '',
       witness_keys = '', signed_at = DEFAULT
"""
FORGET = "DELETE FROM proof_tiles"
EMPTIED = "UPDATE proof_tree SET size = 0"
KEEP = """
WITH grown AS (UPDATE proof_tree SET size = %(size)s WHERE origin = %(origin)s AND size = %(before)s RETURNING size),
kept AS (
    INSERT INTO proof_tiles (level, number, hashes)
    SELECT changed.* FROM grown
     CROSS JOIN unnest(%(levels)s::smallint[], %(numbers)s::bigint[], %(hashes)s::bytea[]) AS changed
    ON CONFLICT (level, number) DO UPDATE SET hashes = excluded.hashes)
SELECT count(*) FROM grown
"""
PUBLISH = """
UPDATE proof_tree SET checkpoint = %s, keys = %s, signed_at = clock_timestamp() WHERE origin = %s RETURNING size
"""
COSIGNED = "UPDATE proof_tree SET cosigned = %s, witness_keys = %s WHERE origin = %s"
WITNESS_TROUBLE = "UPDATE proof_tree SET witness_trouble = %s"
GIVEN_UP = "SELECT convert_from(data, 'UTF8')::jsonb ->> 'origin' FROM events WHERE stream_id = %s AND type = %s"
TILES = """
SELECT wanted.level, wanted.number, substr(hashes, 1, wanted.bytes)
  FROM unnest(%(levels)s::smallint[], %(numbers)s::bigint[], %(bytes)s::integer[]) AS wanted (level, number, bytes)
  JOIN proof_tiles USING (level, number)
"""


class StoredTree(NamedTuple):
    """
    What PostgreSQL says of the tree.

    Attributes:
        size: how many leaves the tiles have.
        checkpoint: the newest one, a signed note; it may be of fewer.
        keys: the keys that have signed it, as verifier keys, a line each.
        cosigned: the newest checkpoint with a cosignature; empty if there is none.
        witness_trouble: why witnesses give none; empty if they do.
        witness_keys: the keys of those who have cosigned, as verifier keys, a line each.
    """

    origin: str
    size: int
    checkpoint: str
    keys: str
    cosigned: str
    witness_trouble: str
    witness_keys: str


class NotAlone(Exception):
    """The tree is not as this notary has left it: another one has gone on with it."""


async def stored_tree(connection: Connection) -> StoredTree | None:
    """The tree; None before a notary has begun one."""
    row = await (await connection.execute(STORED)).fetchone()
    return StoredTree(*row) if row else None


async def begin_tree(connection: Connection, origin: str, checkpoint: str, keys: str) -> None:
    """Begin a tree without leaves, in place of the one that there is."""
    async with connection.transaction():
        await connection.execute(FORGET)
        await connection.execute(BEGIN, [origin, checkpoint, keys])


async def forget_tiles(connection: Connection) -> None:
    """Empty the tree, whose tiles are to be made again of the log."""
    async with connection.transaction():
        await connection.execute(FORGET)
        await connection.execute(EMPTIED)


async def load_tree(connection: Connection) -> Tree:
    """The tree as it is stored, to go on with; emptied if a tile at its edge is missing."""
    stored = await stored_tree(connection)
    edge = edge_of(stored.size) if stored else []
    found = await tiles_of(connection, {tile: width for tile, width in edge if width})
    hashes = [found.get(tile, b"") if width else b"" for tile, width in edge]
    if stored is not None and all(
        len(each) == width * HASH_SIZE for each, (_, width) in zip(hashes, edge, strict=True)
    ):
        return Tree(stored.size, hashes)
    await forget_tiles(connection)
    return Tree()


async def keep_tiles(
    connection: Connection, origin: str, before: int, size: int, changed: Mapping[TileId, bytes]
) -> None:
    """
    Store what has changed while the tree grew from *before* to *size* leaves.

    Raises:
        NotAlone: it was not that large.
    """
    values = {
        "origin": origin,
        "before": before,
        "size": size,
        "levels": [tile.level for tile in changed],
        "numbers": [tile.number for tile in changed],
        "hashes": list(changed.values()),
    }
    row = await (await connection.execute(KEEP, values)).fetchone()
    if row is None or not row[0]:
        raise NotAlone(f"the tree {origin} is not of size {before} any more")


async def publish(connection: Connection, origin: str, checkpoint: str, keys: str) -> None:
    """Show a checkpoint to readers; raises NotAlone if the tree is another one."""
    cursor = await connection.execute(PUBLISH, [checkpoint, keys, origin])
    if await cursor.fetchone() is None:
        raise NotAlone(f"the tree is not {origin} any more")


async def keep_cosigned(connection: Connection, origin: str, note: str, keys: Iterable[Verifier]) -> None:
    """Show a checkpoint with cosignatures to readers, and the keys of these, if the tree is still this one."""
    await connection.execute(COSIGNED, [note, "".join(f"{each.vkey}\n" for each in keys), origin])


async def keep_witness_trouble(connection: Connection, trouble: str) -> None:
    """Let `campus doctor` see why witnesses give no cosignature."""
    await connection.execute(WITNESS_TROUBLE, [trouble])


async def given_up(connection: Connection) -> frozenset[str]:
    """The origins of trees that persons have given up, by their facts in the log."""
    cursor = await connection.execute(GIVEN_UP, [trees_stream(), SignedTrees.DisputeResolved.TOPIC])
    return frozenset(row[0] for row in await cursor.fetchall())


async def tiles_of(connection: Connection, needed: Mapping[TileId, int]) -> Tiles:
    """The first hashes of each tile, as many as are *needed*; without those that are missing."""
    cursor = await connection.execute(TILES, _wanted(needed), binary=True)
    return {TileId(level, number): hashes for level, number, hashes in await cursor.fetchall()}


async def read_tiles(reader: Reader, needed: Mapping[TileId, int]) -> Tiles:
    """As `tiles_of`, for the API."""
    rows = await reader.rows(TILES, _wanted(needed))
    return {TileId(level, number): hashes for level, number, hashes in rows}


async def read_tree(reader: Reader) -> StoredTree | None:
    """As `stored_tree`, for the API."""
    rows = await reader.rows(STORED, {})
    return StoredTree(*rows[0]) if rows else None


def _wanted(needed: Mapping[TileId, int]) -> dict[str, list[int]]:
    return {
        "levels": [tile.level for tile in needed],
        "numbers": [tile.number for tile in needed],
        "bytes": [width * HASH_SIZE for width in needed.values()],
    }
