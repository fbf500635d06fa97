"""
A temporary file for the documents of a read model: copied from their store without pause, read afterwards.

The file has no name and is gone with the process. It is where SQLite puts such files: in SQLITE_TMPDIR, TMPDIR or
/var/tmp.
"""

import os
import struct
from collections.abc import Iterator
from tempfile import SpooledTemporaryFile
from typing import Self

IN_MEMORY = 32 << 20  # bytes; only more than that go to a file
DIRECTORY = "/var/tmp"  # noqa: S108 - the file has no name

_head = struct.Struct(">HHI")


class Spool:
    """Documents, each with its segment and the number of its table; deleted when the context ends."""

    def __init__(self) -> None:
        named = os.environ.get("SQLITE_TMPDIR") or os.environ.get("TMPDIR")
        directory = named or (DIRECTORY if os.access(DIRECTORY, os.W_OK) else None)
        self._file = SpooledTemporaryFile(max_size=IN_MEMORY, dir=directory)  # noqa: SIM115 - closed by `__exit__`

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def add(self, segment: int, table: int, document: bytes) -> None:
        """Append a document."""
        self._file.write(_head.pack(segment, table, len(document)))
        self._file.write(document)

    def mark(self) -> int:
        """The present end, for `cut`."""
        return self._file.tell()

    def cut(self, mark: int) -> None:
        """Delete all documents that were added after *mark*."""
        self._file.seek(mark)
        self._file.truncate()

    def documents(self) -> Iterator[tuple[int, int, bytes]]:
        """Yield all documents, in the order in which they were added."""
        self._file.seek(0)
        while head := self._file.read(_head.size):
            segment, table, length = _head.unpack(head)
            yield segment, table, self._file.read(length)
