"""
Snapshots of read models: all rows at a position, in chunks that are named by their content.

A chunk has the rows of one table, segment and bucket, in the order of their keys, as MessagePack, compressed. What has
not changed from one snapshot to the next is the same chunk, and stored once. A bucket is chosen by the first value of
the key, so that the rows of one run are in few chunks.

A snapshot is of use only to the code that has made it, and in a log that has the same fact at its position. It can be
deleted at any time: what is asked for then is folded from an earlier one, or from the first fact.
"""

import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from hashlib import blake2b
from typing import Any, NamedTuple

import msgspec
import psycopg
from psycopg.conninfo import make_conninfo

from adapters.postgres.connection import CONNECT_TIMEOUT, SILENCE, PatientSyncConnection, options
from adapters.settings import Settings
from projections.engine.bulk.fold import BulkFold, Task, UndoTypes
from projections.engine.bulk.rows import MemoryBudget
from projections.engine.fingerprint import code_digest
from projections.engine.projection import KeyedRow, Projection, RowKey, Table, key_values

BUCKETS = 16
LEVEL = 1  # of zlib, the quickest: a fold is waited for
LATEST_OF_NONE = "-infinity"

ANCHOR = "(SELECT sha256(meta) FROM events WHERE events.position = {})"  # `meta` has the id of the event
SAME_LOG = f"anchor = {ANCHOR.format('s.position')}"
NEAREST = f"""
SELECT snapshot_id, position, waiting, latest::text FROM snapshots_of_read_models AS s
 WHERE projection = %(projection)s AND code = %(code)s AND position <= %(position)s AND {SAME_LOG}
   AND (valid_at IS NOT DISTINCT FROM %(valid_at)s OR valid_at IS NULL AND latest <= %(valid_at)s)
 ORDER BY position DESC LIMIT 1
"""
LATEST = """
SELECT greatest(%(before)s::timestamptz, (
    SELECT max(occurred_at) FROM events WHERE position > %(after)s AND position <= %(until)s))::text
"""
CHUNKS = """
SELECT table_name, segment, rows FROM snapshot_parts JOIN snapshot_chunks USING (digest)
 WHERE snapshot_id = %(snapshot)s AND table_name = ANY(%(tables)s) AND (bucket = %(bucket)s OR %(bucket)s IS NULL)
 ORDER BY table_name, segment, bucket
"""
KEEP = f"""
INSERT INTO snapshots_of_read_models AS kept
       (projection, code, position, anchor, valid_at, latest, waiting, is_regular)
SELECT %(projection)s, %(code)s, %(position)s, {ANCHOR.format("%(position)s")}, %(valid_at)s, %(latest)s, %(waiting)s,
       %(is_regular)s
    ON CONFLICT (projection, code, position, anchor, valid_at) DO UPDATE
   SET is_regular = kept.is_regular OR excluded.is_regular
RETURNING snapshot_id, xmax = 0
"""
KNOWN = "SELECT digest FROM snapshot_chunks WHERE digest = ANY(%s)"
ADD_CHUNK = "INSERT INTO snapshot_chunks (digest, rows) VALUES (%s, %s) ON CONFLICT DO NOTHING"
ADD_PART = "INSERT INTO snapshot_parts (snapshot_id, table_name, segment, bucket, digest) VALUES (%s, %s, %s, %s, %s)"

_encode = msgspec.msgpack.Encoder().encode


class Snapshot(NamedTuple):
    """
    A snapshot to fold from.

    Attributes:
        waiting: keys that wait, by segment and key, since the position of a fact that has failed.
        latest: when the latest fact up to the position happened, as PostgreSQL writes it.
    """

    number: int | None
    position: int
    waiting: Mapping[tuple[int, str], int]
    latest: str


BEGINNING = Snapshot(None, 0, {}, LATEST_OF_NONE)


def open_connection(settings: Settings) -> PatientSyncConnection:
    """A connection for a fold, in autocommit mode, whose statements may take as long as they like."""
    return PatientSyncConnection.connect(
        make_conninfo(settings.postgres_url, **SILENCE),
        autocommit=True,
        options=options(settings.schema_name, statement_timeout=0),
        application_name="campus:as-of-fold",
        connect_timeout=CONNECT_TIMEOUT,
    )


def place_of(projection: Projection, position: int, valid_at: datetime | None) -> dict[str, Any]:
    """The parameters that name the rows of a read model, by the code that runs, at a moment."""
    return {
        "projection": projection.name,
        "code": code_digest(projection),
        "position": position,
        "valid_at": valid_at,
    }


def bucket_of(value: object) -> int:
    """The bucket of the rows with this first value of their key."""
    return zlib.crc32(str(value).encode()) % BUCKETS


def nearest(
    connection: psycopg.Connection, projection: Projection, position: int, valid_at: datetime | None
) -> Snapshot:
    """The last snapshot from which the rows at a moment can be folded; the empty log if there is none."""
    row = connection.execute(NEAREST, place_of(projection, position, valid_at)).fetchone()
    if row is None:
        return BEGINNING
    return Snapshot(row[0], row[1], {(segment, key): first for segment, key, first in row[2]}, row[3])


def begin_fold(
    connection: psycopg.Connection,
    projection: Projection,
    snapshot: Snapshot,
    undo_types: UndoTypes,
    budget: MemoryBudget,
) -> BulkFold:
    """A fold of all segments of a read model that goes on where a snapshot was taken."""
    segments = tuple(range(projection.segments))
    fold = BulkFold([Task(projection, segments, waiting=snapshot.waiting)], undo_types, budget)
    if snapshot.number is not None:
        parameters = {"snapshot": snapshot.number, "tables": [each.name for each in projection.tables], "bucket": None}
        with connection.transaction(), connection.cursor("chunks") as cursor:
            cursor.itersize = BUCKETS
            for name, segment, body in cursor.execute(CHUNKS, parameters):
                fold.begin_with(projection.name, segment, rows_in(projection.tables, name, body))
    return fold


def keep(
    connection: psycopg.Connection,
    fold: BulkFold,
    projection: Projection,
    snapshot: Snapshot,
    *,
    position: int,
    valid_at: datetime | None,
    is_regular: bool,
) -> int:
    """
    Keep the rows of a fold that began with *snapshot*, in one transaction; returns the number of the new one.

    Raises:
        ChangedKey: a rule has assigned to a field of a row's key.
    """
    waiting = [
        [segment, key, first]
        for segment in range(projection.segments)
        for key, first in fold.waiting(projection.name, segment).items()
    ]
    spans = {"before": snapshot.latest, "after": snapshot.position, "until": position}
    with connection.transaction():
        latest = _only(connection.execute(LATEST, spans))
        place = place_of(projection, position, valid_at)
        more = {"latest": latest, "waiting": msgspec.json.encode(waiting).decode(), "is_regular": is_regular}
        number, is_new = connection.execute(KEEP, {**place, **more}).fetchone() or (0, False)
        if is_new:
            for segment in range(projection.segments):
                _keep_segment(connection, number, segment, fold.rows(projection.name, segment))
    return int(number)


def _only(cursor: psycopg.Cursor[Any]) -> Any:
    row = cursor.fetchone()
    return None if row is None else row[0]


def _keep_segment(connection: psycopg.Connection, number: int, segment: int, rows: Iterable[KeyedRow]) -> None:
    chunks = {place: _body(found) for place, found in _by_bucket(rows)}
    digests = {place: blake2b(body, digest_size=32).digest() for place, body in chunks.items()}
    known = {digest for (digest,) in connection.execute(KNOWN, [list(digests.values())]).fetchall()}
    with connection.cursor() as cursor:
        for (table_name, bucket), digest in digests.items():
            if digest not in known:
                cursor.execute(ADD_CHUNK, (digest, zlib.compress(chunks[table_name, bucket], LEVEL)))
            cursor.execute(ADD_PART, (number, table_name, segment, bucket, digest))


def _by_bucket(rows: Iterable[KeyedRow]) -> Iterator[tuple[tuple[str, int], list[KeyedRow]]]:
    found: defaultdict[tuple[str, int], list[KeyedRow]] = defaultdict(list)
    for row in rows:
        found[row[0].table.name, bucket_of(row[0].key[0])].append(row)
    yield from found.items()


def _body(rows: list[KeyedRow]) -> bytes:
    return _encode([row for _, row in sorted(rows, key=lambda each: each[0].key)])


def rows_in(tables: Sequence[Table], name: str, body: bytes) -> Iterator[KeyedRow]:
    """The rows of a chunk of the table *name*."""
    table = next(each for each in tables if each.name == name)
    for row in msgspec.msgpack.decode(zlib.decompress(body), type=list[table.row]):  # type: ignore[name-defined]
        yield RowKey(table, key_values(table, row)), row
