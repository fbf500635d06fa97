"""What PostgreSQL and psycopg say, in the library's words."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from eventsourcing import persistence

# A class comes before those that it inherits from.
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
    """Raise what goes wrong inside as the library's own error."""
    try:
        yield
    except tuple(theirs for theirs, _ in _IN_THE_LIBRARYS_WORDS) as error:
        ours = next(ours for theirs, ours in _IN_THE_LIBRARYS_WORDS if isinstance(error, theirs))
        raise ours(str(error).strip()) from error
