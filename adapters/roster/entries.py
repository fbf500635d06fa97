"""What a line of a roster says of a person, and why a roster is refused."""

from collections.abc import Sequence
from typing import NamedTuple

from adapters.csv_lines import BadLine
from domain.errors import Rejected

MOST_BYTES = 16_000_000  # of a file, and of each file of a package
MOST_LINES = 20_000  # of each file


class BadRoster(Rejected):
    """A file is no roster, or one that is not read: too large, damaged, or made to do harm."""

    code = "bad_roster"


class Entry(NamedTuple):
    """
    A person of a roster, by what the line says; texts are empty where it says nothing.

    Attributes:
        source_id: what the person is called where the roster comes from.
        leaves: whether the person is to be on the run no more.
    """

    line: int
    learner_id: str = ""
    source_id: str = ""
    email: str = ""
    display_name: str = ""
    leaves: bool = False


class Skipped(NamedTuple):
    """A line that is about no learner of the run, and why."""

    line: int
    why: str


class RosterFile(NamedTuple):
    """A roster that was read: its format, its lines, and the columns that mean nothing here."""

    format: str
    lines: Sequence[Entry | BadLine | Skipped]
    ignored: Sequence[str] = ()


ENTERS = frozenset(
    ("", "active", "enabled", "enrolled", "enroll", "enrol", "add", "added", "new", "registered", "true", "enter")
)
LEAVES = frozenset(
    ("tobedeleted", "inactive", "dropped", "drop", "withdrawn", "withdraw", "delete", "deleted", "remove", "leave")
)


def leaves(status: str) -> bool | None:
    """Whether a word for the status of an enrollment says that the person leaves; None for an unknown word."""
    word = status.casefold().replace(" ", "").replace("_", "")
    return True if word in LEAVES else False if word in ENTERS else None


class LongRoster(Rejected):
    """A roster is longer than one request takes."""

    code = "long_roster"
    template = "the roster has {lines} lines, and one request takes {most}: divide it, or use `campus roster import`"
