"""Files that a command is asked to write: whether it can be done is asked before the work, and told after it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import typer

from cli.console import Failure


def file_named(text: str) -> Path:
    """The file of that name; none is called nothing, as `"$FILE"` is where nobody has set it."""
    if not text:
        raise typer.BadParameter("the name of the file is empty")
    return Path(text)


def check_writable(path: Path) -> None:
    """Refuse what is certain to fail, before anything is read; raises Failure."""
    directory = path.absolute().parent
    with told(path):
        exists = path.exists()
    if path.is_dir():
        raise Failure(f"{path} cannot be written: it is a directory")
    if not directory.is_dir():
        raise Failure(f"{path} cannot be written: there is no directory {directory}")
    if not os.access(path if exists else directory, os.W_OK):
        raise Failure(f"{path} cannot be written: it is not allowed")


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Say in a sentence why *path* cannot be written."""
    try:
        yield
    except OSError as error:
        raise Failure(f"{path} cannot be written: {error.strerror or error}") from error
