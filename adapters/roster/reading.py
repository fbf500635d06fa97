"""A roster is read by what it is, whatever its file is called."""

from adapters.roster.entries import MOST_BYTES, BadRoster, RosterFile
from adapters.roster.oneroster import read_package
from adapters.roster.plain import read_list
from adapters.zip_package import is_zip


def read_roster(content: bytes, run_id: str, class_id: str = "") -> RosterFile:
    """
    The lines of a OneRoster package or a plain list.

    Args:
        run_id: the run that the roster is for; a package's class of this id or code is meant.
        class_id: the id or code of another class.

    Raises:
        BadRoster: it is neither, or not read.
    """
    if len(content) > MOST_BYTES:
        raise BadRoster(f"the file has {len(content):,} bytes, and at most {MOST_BYTES:,} are read: divide it")
    if is_zip(content):
        return read_package(content, run_id, class_id)
    return read_list(content, "the list")
