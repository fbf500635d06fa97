"""
CSV files in a zip file, row by row; every error names file and line.

Rows are streamed: `studentVle.csv` of the full release has 10.6 million rows. Files are read as usual tools write
them: in a folder of the zip, with a byte-order mark, with blank lines. What cannot be read is refused with its cause.
"""

import csv
import io
import zipfile
import zlib
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import chain
from operator import itemgetter
from pathlib import Path, PurePosixPath
from typing import IO, Self

from adapters.oulad.values import BadValue

REPORT_EVERY = 20_000  # rows between two reports of progress
OTHER_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}
SHOWN = 10  # names of files in a sentence

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
        except IsADirectoryError:
            raise Malformed(f"{path} is a folder: pack its CSV files into a zip file") from None
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
        return sum(self._zip.getinfo(member).file_size for member in self._members(names))

    def _members(self, names: Sequence[str]) -> list[str]:
        """The paths of the files *names* in the zip, in whichever folder they lie."""
        found: dict[str, list[str]] = {}
        for member in self._zip.namelist():
            path = PurePosixPath(member.replace("\\", "/"))
            if not member.endswith("/") and "__MACOSX" not in path.parts and not path.name.startswith("."):
                found.setdefault(path.name.casefold(), []).append(member)
        members = [found.get(name.casefold(), []) for name in names]
        missing = [name for name, places in zip(names, members, strict=True) if not places]
        if missing:
            raise Malformed(f"{self.path} lacks {', '.join(missing)}; {_contents(found)}")
        for name, places in zip(names, members, strict=True):
            if len(places) > 1:
                raise Malformed(f"{self.path} has {name} more than once: {', '.join(places)}")
        return [places[0] for places in members]

    @contextmanager
    def table(self, name: str, columns: tuple[str, ...]) -> Iterator["CsvTable"]:
        """Yield the rows of the file *name*; an error that its block raises becomes `Malformed`, with the line."""
        table = None
        try:
            with ExitStack() as files:
                member = self._members([name])[0]
                with self._zip.open(member) as beginning:
                    _check_encoding(beginning.read(4))
                raw = files.enter_context(self._zip.open(member))
                text = files.enter_context(io.TextIOWrapper(raw, encoding="utf-8-sig", newline=""))
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
            raise Malformed(
                f"{name}, after line {table.line if table else 0}: not UTF-8 ({error.reason}): save the file as UTF-8"
            ) from error


def _contents(found: dict[str, list[str]]) -> str:
    """What a zip file has, as the end of a sentence."""
    members = [member for places in found.values() for member in places]
    more = f" and {len(members) - SHOWN} more" if len(members) > SHOWN else ""
    return f"it has {', '.join(members[:SHOWN])}{more}" if members else "it has no files"


def _check_encoding(head: bytes) -> None:
    """Refuse UTF-16 and UTF-32, with or without a byte-order mark, by the first bytes of a file."""
    if head.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) or b"\0" in head:
        raise BadValue("the file is UTF-16 or UTF-32: save it as UTF-8")


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
        self._above, first = next(((above, line) for above, line in enumerate(text) if line.strip()), (0, ""))
        separator = next((each for each in OTHER_SEPARATORS if each in first), None)
        if separator is not None and "," not in first:
            raise BadValue(f"values are separated by {OTHER_SEPARATORS[separator]}: save the file with commas")
        self._reader = csv.reader(chain([first], text), strict=True, skipinitialspace=True)
        names = [name.strip() for name in next(self._reader, [])]
        if not names:
            raise BadValue("the file is empty; its first line has to name the columns")
        missing = [column for column in columns if column not in names]
        if missing:
            raise BadValue(f"column {', '.join(missing)} is missing; the first line names {', '.join(names)}")
        self._width = len(names)
        self._pick = itemgetter(*(names.index(column) for column in columns))

    @property
    def line(self) -> int:
        """Number of the line that was read last."""
        return self._above + self._reader.line_num

    def __iter__(self) -> Iterator[tuple[str, ...]]:
        width, pick, reported = self._width, self._pick, 0
        for row in self._reader:
            if not any(row):
                continue  # a blank line, or one of commas as spreadsheets append them
            if len(row) != width:
                raise BadValue(f"{len(row)} values for {width} columns")
            yield pick(row)
            self.rows += 1
            if self.rows % REPORT_EVERY == 0:
                self._advance(self._raw.tell() - reported)
                reported = self._raw.tell()
        self._advance(self._raw.tell() - reported)
