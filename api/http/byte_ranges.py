"""Which part of a file a request asks for, as RFC 9110, 14 has it: one range of bytes, or the whole."""

import re

ONE = re.compile(r"bytes\s*=\s*(\d{0,18})\s*-\s*(\d{0,18})\s*", re.IGNORECASE | re.ASCII)


class Unsatisfiable(Exception):
    """The range begins after the end of the file, or is the last 0 bytes of it."""


def wanted(header: str | None, size: int) -> tuple[int, int] | None:
    """
    First byte and the one after the last of a `Range`; None for the whole file.

    The whole is the answer to no range, to several, which a server may ignore, and to what is no range of bytes.

    Raises:
        Unsatisfiable: no byte of the file is in it.
    """
    match = ONE.fullmatch(header.strip()) if header is not None else None
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:
        if int(last) == 0 or size == 0:
            raise Unsatisfiable
        return max(size - int(last), 0), size
    if last and int(last) < int(first):
        return None
    if int(first) >= size:
        raise Unsatisfiable
    return int(first), min(int(last) + 1, size) if last else size
