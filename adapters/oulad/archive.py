"""
CSV files in a zip file, row by row; every error names file and line.

Rows are streamed: `studentVle.csv` of the full release has 10.6 million rows.
"""

import csv
import io
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from operator import itemgetter
from pathlib import Path
from typing import IO, Self

from adapters.oulad.values import BadValue

REPORT_EVERY = 20_000  # rows between two reports of progress

Advance = Callable[[int], None]


class Malformed(Exception):
    """The file cannot be imported; the sentence names the file in the zip, and the line where there is one."""


class Archive:
    """
    An open zip file; close it by leaving its `with` block.

    Args:
        advance: called with the number of bytes (unpacked) that have been read since.

    Raises:
        Malformed: there is no such file, or it is not a zip file, or it is truncated.
    """

    def __init__(self, path: Path, advance: Advance = lambda _: None) -> None:
        self.path = path
        self._advance = advance
        try:
            self._zip = zipfile.ZipFile(path)
        except FileNotFoundError:
            raise Malformed(f"there is no file {path}") from None
        except OSError as error:
            raise Malformed(f"{path} cannot be read: {error.strerror or error}") from error
        except zipfile.BadZipFile as error:
            raise Malformed(f"{path} is not a whole zip file: {error}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()

    def size(self, *names: str) -> int:
        """
        Bytes of the files *names*, unpacked.

        Raises:
            Malformed: one of them is missing.
        """
        missing = [name for name in names if name not in self._zip.namelist()]
        if missing:
            raise Malformed(f"{self.path} lacks {', '.join(missing)}")
        return sum(self._zip.getinfo(name).file_size for name in names)

    @contextmanager
    def table(self, name: str, columns: tuple[str, ...]) -> Iterator["CsvTable"]:
        """Yield the rows of the file *name*; an error that its block raises becomes `Malformed`, with the line."""
        table = None
        try:
            with ExitStack() as files:
                raw = files.enter_context(self._zip.open(name))
                text = files.enter_context(io.TextIOWrapper(raw, encoding="utf-8", newline=""))
                table = CsvTable(raw, text, columns, self._advance)
                yield table
        except BadValue as error:
            where = f"{name}, line {table.line}" if table else f"{name}, line 1"
            raise Malformed(f"{where}: {error}") from error
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
            reason = str(error) or "it was cut off"
            raise Malformed(f"{name} in {self.path} cannot be unpacked: {reason}") from error
        except csv.Error as error:
            raise Malformed(f"{name}, line {table.line if table else 1}: {error}") from error
        except UnicodeDecodeError as error:
            raise Malformed(f"{name}, after line {table.line if table else 0}: not UTF-8 ({error.reason})") from error


class CsvTable:
    """
    Rows of one file as tuples of text, in the order of *columns*.

    Attributes:
        rows: how many have been read, without the line of names.
    """

    def __init__(self, raw: IO[bytes], text: IO[str], columns: tuple[str, ...], advance: Advance) -> None:
        self.rows = 0
        self._raw = raw
        self._advance = advance
        self._reader = csv.reader(text, strict=True)
        names = next(self._reader, None)
        if names is None:
            raise BadValue("the file is empty; its first line has to name the columns")
        missing = [column for column in columns if column not in names]
        if missing:
            raise BadValue(f"column {', '.join(missing)} is missing")
        self._width = len(names)
        self._pick = itemgetter(*(names.index(column) for column in columns))

    @property
    def line(self) -> int:
        """Number of the line that was read last."""
        return self._reader.line_num

    def __iter__(self) -> Iterator[tuple[str, ...]]:
        width, pick, reported = self._width, self._pick, 0
        for row in self._reader:
            if len(row) != width:
                raise BadValue(f"{len(row)} values for {width} columns")
            yield pick(row)
            self.rows += 1
            if self.rows % REPORT_EVERY == 0:
                self._advance(self._raw.tell() - reported)
                reported = self._raw.tell()
        self._advance(self._raw.tell() - reported)
