"""
Packages: zip files with XML in them, read in memory and within limits, whatever their directory says about sizes.

No entry is ever written anywhere; one whose name leads out of the package is refused all the same, and so are encrypted
ones.
"""

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import NamedTuple

from adapters.questions.found import UnreadableFile

ZIP = b"PK\x03\x04"
MOST_ENTRIES = 20_000
MOST_BYTES_OF_ENTRY = 16 * 1024 * 1024
MOST_BYTES = 128 * 1024 * 1024  # of all XML files together, unpacked
SKIPPED = ("imsmanifest.xml", "assessment_meta.xml")
_BROKEN = (
    *(zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, ValueError, RuntimeError, NotImplementedError),
    *(IndexError, OverflowError),
)
"""What the library raises for broken entries; zip files are read by the library's own rules, which are not strict."""


class Entry(NamedTuple):
    """A file of a package: its bytes, or why they are not read."""

    name: str
    data: bytes
    reason: str = ""


def xml_entries(data: bytes) -> Iterator[Entry]:
    """
    The XML files of a package that may have questions, in its order.

    Raises:
        UnreadableFile: it is no zip file, or too large.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            names = package.infolist()
            if len(names) > MOST_ENTRIES:
                raise UnreadableFile(f"the package has {len(names)} files, {MOST_ENTRIES} are the most")
            left = MOST_BYTES
            for info in names:
                name = info.filename
                if not name.lower().endswith(".xml") or name.rpartition("/")[2].lower() in SKIPPED:
                    continue
                entry = _read(package, info, min(left, MOST_BYTES_OF_ENTRY))
                left -= len(entry.data)
                yield entry
    except _BROKEN as error:
        raise UnreadableFile(f"the package is no whole zip file: {str(error)[:100]}") from None


def _read(package: zipfile.ZipFile, info: zipfile.ZipInfo, most: int) -> Entry:
    name = info.filename[:200]
    if name.startswith(("/", "\\")) or ".." in name.replace("\\", "/").split("/") or ":" in name:
        return Entry(name, b"", "its name leads out of the package")
    try:
        with package.open(info) as file:
            data = file.read(most + 1)
    except _BROKEN as error:
        return Entry(name, b"", f"it cannot be unpacked: {str(error)[:100]}")
    if len(data) > most:
        return Entry(name, b"", f"it is larger than {most} bytes when it is unpacked")
    return Entry(name, data)
