"""Errors of psycopg as errors of the `eventsourcing` library."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from eventsourcing import persistence

from adapters.postgres.connection import is_broken

# A class comes before its bases.
_IN_THE_LIBRARYS_WORDS: tuple[tuple[type[Exception], type[persistence.PersistenceError]], ...] = (
    (psycopg.DataError, persistence.DataError),
    (psycopg.OperationalError, persistence.OperationalError),
    (psycopg.IntegrityError, persistence.IntegrityError),
    (psycopg.InternalError, persistence.InternalError),
    (psycopg.ProgrammingError, persistence.ProgrammingError),
    (psycopg.NotSupportedError, persistence.NotSupportedError),
    (psycopg.InterfaceError, persistence.InterfaceError),
    (psycopg.DatabaseError, persistence.DatabaseError),
    (psycopg.Error, persistence.PersistenceError),
    (UnicodeError, persistence.DataError),
)


@contextmanager
def in_the_librarys_words() -> Iterator[None]:
    """Raise errors of the block as the library's own."""
    try:
        yield
    except tuple(theirs for theirs, _ in _IN_THE_LIBRARYS_WORDS) as error:
        ours = next(ours for theirs, ours in _IN_THE_LIBRARYS_WORDS if isinstance(error, theirs))
        if is_broken(error):  # such as a server that is read-only: it passes, and is no fault of the statement
            ours = persistence.OperationalError
        raise ours(str(error).strip()) from error


@contextmanager
def dropped_if_broken(connection: psycopg.Connection) -> Iterator[None]:
    """Close *connection* when its server cannot do its work: the pool would hand it out again."""
    try:
        yield
    except psycopg.Error as error:
        if is_broken(error):
            connection.close()
        raise


class LogWentBack(persistence.IntegrityError):
    """Events that a subscription has given out are no longer in the log."""

    def __init__(self, head: int, seen: int) -> None:
        super().__init__(
            f"the log ends at {head} by now, and the event at {seen} was given out: project it from the start"
        )
