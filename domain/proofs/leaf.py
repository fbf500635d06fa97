"""
The entry of a fact in the tree, byte by byte as docs/proofs.md says: stored for ever in what others have signed.

An entry holds the envelope of a fact and a hash of what is in it, so it is short however long the fact is.
"""

import struct
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, NamedTuple

VERSION = 1
LONGEST_ENTRY = 0xFFFF  # bytes: entry bundles count them in 16 bits
CONTENT = b"\x02"  # before what is hashed of the content, as 0 is before a leaf and 1 before a node
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

_head = struct.Struct(">BQIIHqqH").pack
_leaf_head = struct.Struct(">BBQIIHqqH").pack  # the same after the byte that makes a leaf of it
_length16 = struct.Struct(">H").pack
_length64 = struct.Struct(">Q").pack
_content_head = struct.Struct(">cQ").pack
_LONGEST_NAMES = LONGEST_ENTRY - struct.calcsize(">BQIIHqqHH") - sha256().digest_size
_read_head = struct.Struct(">BQIIHqqH")

RawRow = tuple[int, bytes, int, bytes, int, int, bytes, bytes, int, int]
"""A row of the log, in the order of its columns: texts in UTF-8, times in microseconds."""


class NoEntry(ValueError):
    """A row of the log that no entry can stand for, or bytes that are no entry."""


class Entry(NamedTuple):
    """An entry, read; times are microseconds since 1970 in UTC, `content` is what `content_hash` gives."""

    position: int
    stream_id: str
    stream_version: int
    type: str
    schema_version: int
    partition: int
    content: bytes
    occurred_at: int
    recorded_at: int


def entry_of(row: tuple[Any, ...]) -> bytes:
    """
    The entry of a row of the log, in the order of its columns.

    Raises:
        NoEntry: a value is out of the range that the log allows; only a change past `append_events()` makes one.
    """
    position, stream_id, stream_version, name, schema_version, partition, data, meta, occurred_at, recorded_at = row
    try:
        times = (occurred_at - EPOCH) // MICROSECOND, (recorded_at - EPOCH) // MICROSECOND
        envelope = (position, stream_version, schema_version, partition, *times)
        return encode_entry(envelope, stream_id.encode(), name.encode(), content_hash(data, meta))
    except (struct.error, TypeError, OverflowError, AttributeError) as error:
        raise NoEntry(f"the fact at position {position} has no entry: {error}") from None


def encode_entry(envelope: tuple[int, ...], stream_id: bytes, name: bytes, content: bytes) -> bytes:
    """
    The bytes of an entry.

    Args:
        envelope: position, versions in the stream and of the type, partition; both times in microseconds since 1970.

    Raises:
        struct.error: a number is out of its range.
        NoEntry: the names are too long.
    """
    entry = b"".join((_head(VERSION, *envelope, len(stream_id)), stream_id, _length16(len(name)), name, content))
    if len(entry) > LONGEST_ENTRY:
        raise NoEntry(f"the fact at position {envelope[0]} has no entry: its names take {len(entry)} bytes")
    return entry


def leaf_of(row: RawRow, began: int = 0) -> bytes:
    """
    The hash of a fact as a leaf: that of its entry, made at once, in half the time.

    Args:
        began: microseconds from 1970 to where the times of the row begin to count.

    Raises:
        NoEntry: as `entry_of`.
    """
    position, stream_id, version, name, schema_version, partition, data, meta, occurred_at, recorded_at = row
    try:
        if len(stream_id) + len(name) > _LONGEST_NAMES:
            raise NoEntry(f"the fact at position {position} has no entry: its names are too long")
        content = sha256(_content_head(CONTENT, len(data)) + data + _length64(len(meta)) + meta).digest()
        times = occurred_at + began, recorded_at + began
        head = _leaf_head(0, VERSION, position, version, schema_version, partition, *times, len(stream_id))
        return sha256(head + stream_id + _length16(len(name)) + name + content).digest()
    except (struct.error, TypeError) as error:
        raise NoEntry(f"the fact at position {position} has no entry: {error}") from None


def content_hash(data: bytes, meta: bytes) -> bytes:
    """What stands for the stored bytes of a fact in its entry; `meta` has a random id, so it cannot be guessed."""
    return sha256(b"".join((CONTENT, _length64(len(data)), data, _length64(len(meta)), meta))).digest()


def read_entry(entry: bytes) -> Entry:
    """
    Take an entry apart.

    Raises:
        NoEntry: these bytes are none of version 1.
    """
    if len(entry) < _read_head.size or entry[0] != VERSION:
        raise NoEntry(f"not an entry of version {VERSION}")
    _, position, version, schema_version, partition, occurred_at, recorded_at, length = _read_head.unpack_from(entry)
    stream, rest = entry[_read_head.size :][:length], entry[_read_head.size + length :]
    type_length = int.from_bytes(rest[:2])
    name, content = rest[2 : 2 + type_length], rest[2 + type_length :]
    try:
        names = stream.decode(), name.decode()
    except UnicodeDecodeError:
        raise NoEntry("an entry with a name that is no UTF-8") from None
    if len(stream) != length or len(content) != 32 or len(name) != type_length:
        raise NoEntry("an entry that is too short or too long")
    return Entry(position, names[0], version, names[1], schema_version, partition, content, occurred_at, recorded_at)
