"""
What can be wrong with a question to the SDK; every message is a sentence for the analyst.

    CampusError
        UnknownType, UnknownView       no such name; the message lists those that there are
        BadArgument                    what is asked for makes no sense: text that is no id, a file for a directory
        BadTime                        a moment without a time zone, or no moment at all; a position not reached yet
        BadQuery                       SQL that PostgreSQL refuses or gives up, or whose answer is too large
        BadProjection                  a class or a file that is no projection
        KeysParked                     a projection that fails at facts; its result lacks the keys that they are of
        NotThere                       the source has no such thing: an export holds facts, and no read models
        NotWritten                     results that cannot be put where they were wanted
"""

from typing import TYPE_CHECKING

from projections.engine.rows import Interrupted

if TYPE_CHECKING:
    from campuslog.rebuild import Rebuilt


class CampusError(Exception):
    """A question that cannot be answered as it was put."""


class UnknownType(CampusError, ValueError):
    """No fact has this type."""


class UnknownView(CampusError, AttributeError):
    """No read model has a table of this name."""


class BadArgument(CampusError, ValueError):
    """An argument that means nothing."""


class BadTime(CampusError, ValueError):
    """Neither a position of the log nor a moment."""


class BadQuery(CampusError, ValueError):
    """A question in SQL that is not answered."""


class BadProjection(CampusError, Interrupted, TypeError):
    """A class that cannot be run as a projection, or a file without one; a fold that finds it out ends."""


class KeysParked(CampusError):
    """
    A projection has failed at some facts.

    Attributes:
        result: what it has made of all other keys; `result.parked` says where it failed, and how.
    """

    def __init__(self, sentence: str, result: "Rebuilt") -> None:
        super().__init__(sentence)
        self.result = result


class ParkedWarning(UserWarning):
    """A result lacks keys at which its projection has failed, as was allowed."""


class NotThere(CampusError):
    """What was asked for is not in this source."""


class NotWritten(CampusError, OSError):
    """A file that cannot be written."""
