"""
Packages: zip files that strangers have made, read in memory and within limits, whatever their directory says.

Nothing is ever written anywhere, and of an entry no more is unpacked than its limit.
"""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

UNPACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""Methods of which the library unpacks no more than is asked for: of bzip2 and LZMA it unpacks a whole block first."""
BEGINNINGS = (b"PK\x03\x04", b"PK\x05\x06")
_BROKEN = (
    *(zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, ValueError, RuntimeError, NotImplementedError),
    *(IndexError, OverflowError),
)
"""What the library raises for broken entries; zip files are read by the library's own rules, which are not strict."""


class BadPackage(Exception):
    """It is no whole zip file, or has too many entries."""


class Limits(NamedTuple):
    """How many entries a package may have, and how many bytes unpacked, of one entry and of all that are read."""

    entries: int
    of_entry: int
    of_all: int


class Entry(NamedTuple):
    """A file of a package: its bytes, or why they are not read."""

    name: str
    data: bytes
    reason: str = ""


def is_zip(content: bytes) -> bool:
    """Whether a file begins like a zip file."""
    return content.startswith(BEGINNINGS)


def leads_out(name: str) -> bool:
    """Whether the name of an entry leads out of the package."""
    return name.startswith(("/", "\\")) or ".." in name.replace("\\", "/").split("/") or ":" in name


def read_entries(
    content: bytes,
    wanted: Callable[[str], bool],
    limits: Limits,
    check: Callable[[Sequence[zipfile.ZipInfo]], None] | None = None,
) -> Iterator[Entry]:
    """
    The entries of a package that are *wanted*, by their names, in its order.

    Args:
        check: is asked about all entries before any is read, and may refuse the package with an error of its own.

    Raises:
        BadPackage: see there.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            entries = package.infolist()
            if len(entries) > limits.entries:
                raise BadPackage(f"the package has {len(entries):,} files, {limits.entries:,} are the most")
            if check is not None:
                check(entries)
            left = limits.of_all
            for info in entries:
                if wanted(info.filename):
                    most = min(left, limits.of_entry)
                    entry = _read(package, info, most)
                    left -= most if entry.reason else len(entry.data)  # what was unpacked in vain counts as well
                    yield entry
    except _BROKEN as error:
        raise BadPackage(f"the package is no whole zip file: {str(error)[:100]}") from None


def _read(package: zipfile.ZipFile, info: zipfile.ZipInfo, most: int) -> Entry:
    name = info.filename[:200]
    if leads_out(name):
        return Entry(name, b"", "its name leads out of the package")
    if info.compress_type not in UNPACKED:
        return Entry(name, b"", "it is packed by another method than deflate")
    try:
        with package.open(info) as file:
            data = file.read(most + 1)  # what the entry says of its size is not believed
    except _BROKEN as error:
        return Entry(name, b"", f"it cannot be unpacked: {str(error)[:100]}")
    if len(data) > most:
        return Entry(name, b"", f"it is larger than {most} bytes when it is unpacked")
    return Entry(name, data)
