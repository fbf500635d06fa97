"""
The head of a request: its size, and what may stand in it only once.

Two values of a field that has one are read differently by a gateway and by what stands after it, which is how requests
are smuggled; so they are refused, by each of them.
"""

from collections.abc import Iterable, Mapping, Sequence

from api.http.door.refused import Refused

MOST_FIELDS = 100
LONGEST_HEAD = 32_768  # bytes of values; the server limits what a head has in all
LONGEST_TARGET = 49_152  # characters of the path and the query; a cursor in any script takes some thousands
ONCE = frozenset(
    (
        *(b"authorization", b"content-length", b"content-type", b"host", b"idempotency-key", b"if-match"),
        *(b"origin", b"sec-fetch-site", b"transfer-encoding"),
    )
)


class BadHead(Refused):
    """The head of the request is none of a client that means well: the connection is closed, too."""

    headers = {"connection": "close"}  # noqa: RUF012 - never changed


class HeadTooLarge(BadHead):
    """There are too many headers, or they are too long."""

    status, code = 431, "head_too_large"


class TargetTooLong(BadHead):
    """The path and the query of the request are too long."""

    status, code = 414, "target_too_long"


class SaidTwice(BadHead):
    """A field stands twice that has one value."""

    status, code = 400, "header_twice"


def check(headers: Sequence[tuple[bytes, bytes]], fields: Mapping[bytes, bytes], target: int) -> None:
    """
    Refuse a head that is too large, or says something twice.

    Args:
        fields: the headers by their names.
        target: how long path and query are.

    Raises:
        HeadTooLarge, TargetTooLong, SaidTwice.
    """
    if len(headers) > MOST_FIELDS:
        raise HeadTooLarge(f"a request has at most {MOST_FIELDS} headers")
    if target > LONGEST_TARGET:
        raise TargetTooLong(f"path and query have at most {LONGEST_TARGET:,} characters")
    if len(fields) != len(headers):
        _check_once(name for name, _ in headers)
    if sum(map(len, fields.values())) > LONGEST_HEAD:
        raise HeadTooLarge(f"the headers of a request have at most {LONGEST_HEAD:,} bytes")


def _check_once(names: Iterable[bytes]) -> None:
    seen: set[bytes] = set()
    for name in names:
        if name in ONCE and name in seen:
            raise SaidTwice(f"the header {name.decode()} is there twice: send it once")
        seen.add(name)
