"""
Tables as spreadsheets and school systems write them: with or without a byte order mark, in UTF-8, UTF-16 or the code
page of Windows, with commas, semicolons or tabs.
"""

import codecs
import csv
import io
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from adapters.csv_lines import BadLine
from adapters.roster.entries import MOST_BYTES, MOST_LINES, BadRoster

MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
DELIMITERS = (",", ";", "\t", "|")
LONGEST_CELL = 10_000  # characters
WINDOWS = "cp1252"


class Line(NamedTuple):
    """A line that is not blank: its number from 1 with the head, and its cells, as many as the head has."""

    number: int
    cells: Sequence[str]


class Table(NamedTuple):
    """The names of the columns as they are written, and the lines."""

    head: Sequence[str]
    lines: Sequence[Line | BadLine]


def decoded(content: bytes, name: str) -> str:
    """The text of a file; raises BadRoster for what is no text."""
    if len(content) > MOST_BYTES:
        raise BadRoster(f"{name} has {len(content):,} bytes, and at most {MOST_BYTES:,} are read: divide it")
    text = _text(content, name)
    if any(character < " " and character not in "\t\r\n" for character in text):
        raise BadRoster(f"{name} is no text: it has control characters in it")
    return text


def _text(content: bytes, name: str) -> str:
    for mark, encoding in MARKS:
        if content.startswith(mark):
            return _in(encoding, content[len(mark) :], name)
    sample = content[:2_000]
    if sample and sample[1::2].count(0) > len(sample) // 4:  # every second byte of Western text in UTF-16 is 0
        return _in("utf-16-le", content, name)
    if sample and sample[::2].count(0) > len(sample) // 4:
        return _in("utf-16-be", content, name)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return _in(WINDOWS, content, name)


def _in(encoding: str, content: bytes, name: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise BadRoster(f"{name} is no text in UTF-8, UTF-16 or {WINDOWS}: see byte {error.start:,}") from None


def table(content: bytes, name: str) -> Table:
    """The table of a file; raises BadRoster if it is empty, no text, no CSV, or longer than is read."""
    text = decoded(content, name)
    if not text.strip():
        raise BadRoster(f"{name} is empty")
    head = text.lstrip("\r\n").partition("\n")[0]
    delimiter = max(DELIMITERS, key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        names: list[str] = []
        while not any(names):
            names = [cell.strip() for cell in next(reader)]
        return Table(names, [*_lines(reader, len(names), name)])
    except csv.Error as error:
        raise BadRoster(f"{name}, line {reader.line_num:,}: {error}") from None


def _lines(reader: Any, columns: int, name: str) -> Iterator[Line | BadLine]:
    for number, cells in enumerate(reader, 1):
        if number > MOST_LINES:
            raise BadRoster(f"{name} has more than {MOST_LINES:,} lines: divide it")
        line = reader.line_num
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != columns:
            yield BadLine(line=line, field="", problem=f"there are {len(cells)} fields, and {columns} columns")
        elif max(map(len, cells)) > LONGEST_CELL:
            yield BadLine(line=line, field="", problem=f"a field has more than {LONGEST_CELL:,} characters")
        else:
            yield Line(line, [cell.strip() for cell in cells])
