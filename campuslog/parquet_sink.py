"""
Where results are put: a directory with a Parquet file for each table.
"""

import errno
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import polars as pl

from campuslog.errors import NotWritten
from campuslog.validation import path_of


class ParquetSink:
    """
    A directory for the files of some tables.

    Args:
        directory: it is made if it is not there.

    Raises:
        NotWritten: it cannot be made.
    """

    def __init__(self, directory: str | Path) -> None:
        self.directory = path_of(directory, "sink", NotWritten)
        with _told(self.directory):
            self.directory.mkdir(parents=True, exist_ok=True)

    def check(self, tables: Iterable[str]) -> None:
        """Whether a file of each table could be put there; raises NotWritten if not, and leaves nothing."""
        for table in tables:
            path = self._path(table)
            with _told(path), _scratch(path):
                pass

    def write(self, table: str, frame: pl.DataFrame) -> Path:
        """
        The file of a table; one of before is replaced when the new one is whole.

        Raises:
            NotWritten: it cannot be written; nothing is left of it.
        """
        path = self._path(table)
        with _told(path), _scratch(path) as (file, scratch):
            frame.write_parquet(file)
            file.close()
            scratch.replace(path)
        return path

    def _path(self, table: str) -> Path:
        return self.directory / f"{table}.parquet"


@contextmanager
def _scratch(path: Path) -> Iterator[tuple[IO[bytes], Path]]:
    """A new file that may take the place of the one at *path*; it is gone in the end if it has not."""
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    scratch = path.with_name(f".{path.stem}.{os.getpid()}.parquet")
    try:
        with scratch.open("wb") as file:
            yield file, scratch
    finally:
        scratch.unlink(missing_ok=True)


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Say in a sentence why *path* cannot be written."""
    try:
        yield
    except (OSError, pl.exceptions.PolarsError) as error:
        raise NotWritten(f"{path} cannot be written: {getattr(error, 'strerror', None) or error}") from error
