"""
A ZIP file that strangers have made, read in memory.

Nothing is unpacked to a disk. Only files that are needed are read, each up to a limit of what comes out of it.
"""

import io
import zipfile
import zlib
from collections.abc import Collection, Sequence

from adapters.roster.entries import MOST_BYTES, BadRoster

MOST_FILES = 100


def is_zip(content: bytes) -> bool:
    """Whether a file begins like a ZIP file."""
    return content.startswith((b"PK\x03\x04", b"PK\x05\x06"))


def files_of(content: bytes, needed: Collection[str]) -> dict[str, bytes]:
    """
    Those files of a package that are *needed*.

    Raises:
        BadRoster: it is damaged, or made to do harm.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            entries = package.infolist()
            _check(entries)
            return {each.filename: _unpacked(package, each) for each in entries if each.filename in needed}
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError):
        raise BadRoster("the package is damaged, or packed in a way that is not read") from None


def _check(entries: Sequence[zipfile.ZipInfo]) -> None:
    names = [each.filename for each in entries]
    if len(names) > MOST_FILES:
        raise BadRoster(f"the package has {len(names):,} files, and a OneRoster package has at most {MOST_FILES}")
    for name in names:
        if "/" in name or "\\" in name or ":" in name:
            raise BadRoster(f"the package has {name[:80]!r} in it: a OneRoster package has its files at the top")
        if names.count(name) > 1:
            raise BadRoster(f"the package has {name[:80]!r} twice")
    if any(each.flag_bits & 1 for each in entries):
        raise BadRoster("the package is encrypted")


def _unpacked(package: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    with package.open(entry) as file:
        found = file.read(MOST_BYTES + 1)  # what the entry says of its size is not believed
    if len(found) > MOST_BYTES:
        raise BadRoster(f"{entry.filename} has more than {MOST_BYTES:,} bytes when it is unpacked")
    return found
