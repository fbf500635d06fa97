"""OneRoster packages: the files in them that are needed; one with folders or doubles in it is refused."""

import zipfile
from collections.abc import Collection, Sequence

from adapters.roster.entries import MOST_BYTES, BadRoster
from adapters.zip_package import BadPackage, Limits, read_entries

MOST_FILES = 100


def files_of(content: bytes, needed: Collection[str]) -> dict[str, bytes]:
    """
    Those files of a package that are *needed*.

    Raises:
        BadRoster: it is damaged, or made to do harm.
    """
    limits = Limits(MOST_FILES, MOST_BYTES, MOST_BYTES * max(1, len(needed)))
    found: dict[str, bytes] = {}
    try:
        for entry in read_entries(content, needed.__contains__, limits, _check):
            if entry.reason:
                raise BadRoster(f"{entry.name} is damaged or too large: {entry.reason}")
            found[entry.name] = entry.data
    except BadPackage as error:
        raise BadRoster(f"the file is damaged, or no OneRoster package: {error}") from None
    return found


def _check(entries: Sequence[zipfile.ZipInfo]) -> None:
    names = [each.filename for each in entries]
    for name in names:
        if "/" in name or "\\" in name or ":" in name:
            raise BadRoster(f"the package has {name[:80]!r} in it: a OneRoster package has its files at the top")
        if names.count(name) > 1:
            raise BadRoster(f"the package has {name[:80]!r} twice")
    if any(each.flag_bits & 1 for each in entries):
        raise BadRoster("the package is encrypted")
