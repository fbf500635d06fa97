"""Lists that people send as CSV: a head that names the columns, and a line for each thing (RFC 4180)."""

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import msgspec

from domain.errors import Rejected


class BadCsv(Rejected):
    """A file is no list of what is asked for."""

    code = "bad_csv"


class BadLine(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong with a line, without what was written there; *field* is empty if it is the whole line."""

    line: int
    field: str
    problem: str


class Cells(NamedTuple):
    """What a line says, by the names of the columns; it counts from 1 with the head, and has no empty cells."""

    line: int
    said: dict[str, str]


def read_lines(text: str, needed: Sequence[str], further: Sequence[str]) -> list[Cells | BadLine]:
    """
    The lines of a file, with commas or semicolons, in their order; blank ones are left out.

    Args:
        needed: columns that have to be there; *further* are those that may.

    Raises:
        BadCsv: the head does not name the columns, or names others; or it is no CSV.
    """
    text = text.removeprefix("\ufeff")
    head = text.partition("\n")[0]
    delimiter = ";" if head.count(";") > head.count(",") else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        names = [name.strip().lower() for name in next(reader, [])]
        unknown = [name for name in names if name not in (*needed, *further)]
        if set(needed) - set(names) or unknown or len(set(names)) < len(names):
            wanted = ", ".join(f"`{name}`" for name in needed)
            others = f", and any of {', '.join(further)}" if further else ""
            raise BadCsv(f"the first line has to name columns, each once: {wanted}{others}")
        return list(_cells(names, reader))
    except csv.Error as error:
        raise BadCsv(f"line {reader.line_num}: {error}") from None


def _cells(names: Sequence[str], reader: Any) -> Iterator[Cells | BadLine]:
    for cells in reader:
        line = reader.line_num
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(names):
            yield BadLine(line=line, field="", problem=f"there are {len(cells)} fields, and {len(names)} columns")
            continue
        yield Cells(line, {name: cell.strip() for name, cell in zip(names, cells, strict=True) if cell.strip()})
