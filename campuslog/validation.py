"""
What analysts pass, looked over before it is used: text that can be a learner's id, the path of a directory.
"""

import os
from pathlib import Path
from typing import Any

from campuslog.errors import BadArgument, CampusError
from domain.aggregate import ID_PATTERN


def shown(text: str) -> str:
    """A name that was asked for, for a sentence: as it is, if it can be printed."""
    return text if text and text.isprintable() else repr(text)


def is_text(value: Any) -> bool:
    """Whether PostgreSQL can hold a text: without NUL, and without half of a character."""
    try:
        return isinstance(value, str) and b"\0" not in value.encode()
    except UnicodeEncodeError:
        return False


def learner_id(learner: Any) -> str | None:
    """
    The id of a learner, None for all of them.

    Raises:
        BadArgument: no learner can have this id.
    """
    if learner is None:
        return None
    if not isinstance(learner, str):
        raise BadArgument(f"learner={learner!r} is no id of a learner: those are text (str), one at a time")
    if not ID_PATTERN.match(learner):
        raise BadArgument(f"learner={learner!r} is no id of a learner: leave it out for all of them")
    return learner


def path_of(path: Any, name: str, refused: type[CampusError] = BadArgument) -> Path:
    """
    The path that the argument *name* gives; an empty one, such as an unset shell variable, is refused.

    Raises:
        BadArgument: it is none.
        CampusError: of the class *refused*, no file or directory can be called so.
    """
    if not isinstance(path, str | os.PathLike) or not isinstance(os.fspath(path), str):
        raise BadArgument(f"{name}={path!r} is no path (str or pathlib.Path)")
    text = os.fspath(path)
    if not text:
        raise refused(f"{name}={text!r} is no path: name a directory, {'.'!r} for the current one")
    try:
        possible = b"\0" not in os.fsencode(text)
    except UnicodeEncodeError:
        possible = False
    if not possible:
        raise refused(f"{name}={text!r} is no path: nothing can be called so")
    return Path(path)


def directory_of(path: Any, name: str) -> Path:
    """
    The directory that the argument *name* gives, be it there or not.

    Raises:
        BadArgument: it is none, or a file.
    """
    directory = path_of(path, name)
    try:
        file = directory.exists() and not directory.is_dir()
    except OSError as error:
        raise BadArgument(f"{name}={str(directory)!r} cannot be read: {error.strerror}") from error
    if file:
        raise BadArgument(f"{name}={str(directory)!r} is a file, and not a directory")
    return directory
