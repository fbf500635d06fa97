"""
Arrays in PostgreSQL's binary form, for a statement that takes a hundred thousand elements a second.

psycopg dumps a list element by element, each by a call in Python, and chooses its type by the largest element, so that
the same statement is prepared in many forms. Here a list is packed at once, and its type is known.
"""

import struct
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import chain, repeat
from typing import Any, ClassVar

import psycopg
from psycopg.abc import AdaptContext
from psycopg.adapt import Dumper
from psycopg.postgres import types
from psycopg.pq import Format
from psycopg.types import TypeInfo

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
NULL = b"\xff\xff\xff\xff"

_head = struct.Struct(">iiIii").pack  # dimensions, whether there may be NULLs, type of an element, length, first index
_short, _integer, _long = struct.Struct(">ih").pack, struct.Struct(">ii").pack, struct.Struct(">iq").pack
_length = struct.Struct(">i").pack


class PackedArray:
    """
    An array as it is sent.

    Attributes:
        OF: the type of its elements.
    """

    __slots__ = ("packed",)
    OF: ClassVar[TypeInfo]

    def __init__(self, values: Sequence[Any]) -> None:
        try:
            self.packed = b"".join((_head(1, True, self.OF.oid, len(values), 1), *self._elements(values)))
        except struct.error as error:
            raise psycopg.errors.NumericValueOutOfRange(str(error)) from error

    @staticmethod
    def _elements(values: Sequence[Any]) -> Iterable[bytes]:
        """The elements, each with its length before it."""
        raise NotImplementedError


class _PackedDumper(Dumper):
    """Sends an array as it is."""

    format = Format.BINARY

    def __init__(self, cls: type[PackedArray], context: AdaptContext | None = None) -> None:
        super().__init__(cls, context)
        self.oid = cls.OF.array_oid

    def dump(self, obj: PackedArray) -> bytes:
        return obj.packed


psycopg.adapters.register_dumper(PackedArray, _PackedDumper)


class Smallints(PackedArray):
    """A `smallint[]`."""

    OF = types["int2"]

    @staticmethod
    def _elements(values: Sequence[int]) -> Iterable[bytes]:
        return map(_short, repeat(2), values)


class Integers(PackedArray):
    """An `integer[]`."""

    OF = types["int4"]

    @staticmethod
    def _elements(values: Sequence[int]) -> Iterable[bytes]:
        return map(_integer, repeat(4), values)


class Bigints(PackedArray):
    """A `bigint[]`."""

    OF = types["int8"]

    @staticmethod
    def _elements(values: Sequence[int]) -> Iterable[bytes]:
        return map(_long, repeat(8), values)


class Timestamps(PackedArray):
    """A `timestamptz[]`."""

    OF = types["timestamptz"]

    @staticmethod
    def _elements(values: Sequence[datetime]) -> Iterable[bytes]:
        return map(_long, repeat(8), [(value - EPOCH) // MICROSECOND for value in values])


class Byteas(PackedArray):
    """A `bytea[]`."""

    OF = types["bytea"]

    @staticmethod
    def _elements(values: Sequence[bytes]) -> Iterable[bytes]:
        return _with_lengths(values)


class Texts(PackedArray):
    """A `text[]`."""

    OF = types["text"]

    @staticmethod
    def _elements(values: Sequence[str]) -> Iterable[bytes]:
        return _with_lengths([value.encode() for value in values])


class NullableTexts(PackedArray):
    """A `text[]` in which there may be NULLs."""

    OF = types["text"]

    @staticmethod
    def _elements(values: Sequence[str | None]) -> Iterable[bytes]:
        return [NULL if value is None else b"".join(_with_lengths([value.encode()])) for value in values]


def _with_lengths(values: Sequence[bytes]) -> Iterable[bytes]:
    return chain.from_iterable(zip(map(_length, map(len, values)), values, strict=True))
