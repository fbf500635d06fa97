"""
Differing rows as CSV, one line for each field, for spreadsheets and scripts.

Texts stand as they are, all else as JSON; a side on which there is no row is empty, nothing in a row is `null`. A text
that a spreadsheet would take for a formula gets an apostrophe in front of it.
"""

import csv
from collections.abc import Iterable
from typing import Any, TextIO

import msgspec

from projections.engine.diff.report import RowDiff

COLUMNS = ("table", "key", "kind", "field", "old", "new")
FORMULA = tuple(
    "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"
)  # a cell that begins so is computed; the last four are wide = + - @

_encode = msgspec.json.Encoder(order="sorted").encode


def write_csv(file: TextIO, rows: Iterable[RowDiff]) -> int:
    """
    Write *rows* with a heading.

    Args:
        file: opened with `newline=""`, as UTF-8.

    Returns:
        How many lines were written, the heading not counted.
    """
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    lines = 0
    for row in rows:
        head = (_text(row.table), _key(row), row.kind)
        for name in sorted((row.old or {}) | (row.new or {})) or [""]:
            writer.writerow((*head, _text(name), *(_cell(side, name) for side in (row.old, row.new))))
            lines += 1
    return lines


def _key(row: RowDiff) -> str:
    """The parts of the key with colons between them; a number stays one."""
    if len(row.key) == 1 and isinstance(row.key[0], int):
        return str(row.key[0])
    return _text(":".join(map(str, row.key)))


def _cell(side: dict[str, Any] | None, name: str) -> str:
    if side is None or not name:
        return ""
    value = side[name]
    return _text(value) if isinstance(value, str) else _encode(value).decode()


def _text(text: str) -> str:
    return f"'{text}" if text.startswith(FORMULA) else text
