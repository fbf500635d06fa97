"""Files that a command writes: checked before the work begins, and named in the error if they fail later."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import typer

from cli.console import Failure


def file_named(text: str) -> Path:
    """The file of that name; an empty name, such as an unset `"$FILE"`, is refused."""
    if not text:
        raise typer.BadParameter("the name of the file is empty")
    return Path(text)


def check_writable(path: Path) -> None:
    """Refuse what is certain to fail, before anything is read; raises Failure."""
    directory = path.absolute().parent
    with naming_errors(path):
        exists = path.exists()
    if path.is_dir():
        raise Failure(f"{path} cannot be written: it is a directory")
    if not directory.is_dir():
        raise Failure(f"{path} cannot be written: there is no directory {directory}")
    if not os.access(path if exists else directory, os.W_OK):
        raise Failure(f"{path} cannot be written: it is not allowed")


@contextmanager
def naming_errors(path: Path) -> Iterator[None]:
    """Say in a sentence why *path* cannot be written."""
    try:
        yield
    except OSError as error:
        raise Failure(f"{path} cannot be written: {error.strerror or error}") from error
