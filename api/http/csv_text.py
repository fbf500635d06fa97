"""
Lists as CSV (RFC 4180), for spreadsheets: lines end with CRLF, text is quoted, what is not known is empty.

A spreadsheet takes a cell for a formula by its first character, so such a text gets an apostrophe before it, as OWASP
says ("CSV Injection"). Numbers are written as they are.
"""

from collections.abc import Iterable

CSV = "text/csv"
CONTENT_TYPE = f"{CSV}; charset=utf-8; header=present"
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")  # the last four: full width

Cell = str | int | float | bool | None


def line(cells: Iterable[Cell]) -> str:
    """One line of the file."""
    return ",".join(map(_cell, cells)) + "\r\n"


def head_of_file(name: str) -> dict[str, str]:
    """The headers of an answer that a browser saves as a file; *name* is made of ids."""
    return {"content-type": CONTENT_TYPE, "content-disposition": f'attachment; filename="{name}.csv"'}


def _cell(value: Cell) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
    safe = f"'{value}" if value.startswith(FORMULA) else value
    return '"' + safe.replace('"', '""') + '"'
