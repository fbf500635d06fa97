"""
Pages: a cursor says where the last page ended, by value, so pages stay right while rows come and go.

To a client a cursor is opaque. One that we did not make, or that was made for another list, is refused.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as BinasciiError
from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from urllib.parse import urlencode

import msgspec
from fastapi import Query, Request, Response

from adapters.postgres.queries.reader import RowPage
from api.http.errors import BadRequest
from api.http.query import QueryContext

LONGEST_CURSOR = (
    2_000  # characters; a title of 200 characters with six bytes each, as JSON and then in Base64, takes 1,700
)
Cursor = Annotated[
    str | None,
    Query(
        max_length=LONGEST_CURSOR, description="`next` (or `prev`) of another page; leave it out for the first page."
    ),
]
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(list[str | int]).decode


BEFORE = "<"  # in the cursor of a page that ends before its values
NEXT = "WyJpZHMiLCJ4Il0"  # an example of a cursor


class BadCursor(BadRequest):
    """A cursor that does not belong to this list."""

    code = "bad_cursor"

    def __init__(self) -> None:
        super().__init__("the cursor does not belong to this list: begin at its first page")


def cursor_to(listing: str, after: Sequence[Any]) -> str:
    """The cursor of *listing* for what comes after these values."""
    return urlsafe_b64encode(_encode([listing, *after])).decode().rstrip("=")


def after(listing: str, cursor: str | None, types: Sequence[type]) -> list[Any] | None:
    """The values in a cursor of *listing*, None without a cursor; raises BadCursor."""
    if cursor is None:
        return None
    try:
        found, *values = _decode(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, BinasciiError, msgspec.DecodeError) as error:
        raise BadCursor from error
    if found != listing or [type(value) for value in values] != list(types):
        raise BadCursor
    if any("\x00" in value if isinstance(value, str) else abs(value) >= 2**63 for value in values):
        raise BadCursor
    return values


def reply(
    request: Request,
    ask: QueryContext,
    page: RowPage,
    listing: str,
    limit: int,
    *,
    members: bytes = b"",
    headers: Mapping[str, str] = {},
) -> Response:
    """A page over HTTP; of its rows, one more than *limit* says that another page follows; *members* stand first."""
    rows = page.rows[:limit]
    following = cursor_to(listing, rows[-1][:-1]) if len(page.rows) > limit else None
    items = ",".join(row[-1] for row in rows).encode()
    body = b'{%b"items":[%b],"next":%b}' % (members, items, _encode(following))
    return ask.reply(body, page.position, {**headers, **link_to(request, following)})


def place(listing: str, cursor: str | None, types: Sequence[type]) -> tuple[list[Any] | None, bool]:
    """As `after`, for a list that is read both ways: the values, and whether the page ends before them."""
    try:
        return after(listing, cursor, types), False
    except BadCursor:
        return after(f"{listing}{BEFORE}", cursor, types), True


def reply_both_ways(
    request: Request,
    ask: QueryContext,
    page: RowPage,
    listing: str,
    limit: int,
    *,
    backwards: bool,
    members: bytes,
    headers: Mapping[str, str] = {},
) -> Response:
    """As `reply`, with the way back: of a page that was read *backwards*, rows come in that order."""
    rows, more = page.rows[:limit], len(page.rows) > limit
    if backwards:
        rows.reverse()
    has_next, has_prev = (True, more) if backwards else (more, "cursor" in request.query_params)
    following = cursor_to(listing, rows[-1][:-1]) if rows and has_next else None
    before = cursor_to(f"{listing}{BEFORE}", rows[0][:-1]) if rows and has_prev else None
    items = ",".join(row[-1] for row in rows).encode()
    body = b'{%b"items":[%b],"next":%b,"prev":%b}' % (members, items, _encode(following), _encode(before))
    links = [link_to(request, following)["link"]] if following else []
    links += [link_to(request, before, "prev")["link"]] if before else []
    return ask.reply(body, page.position, {**headers, **({"link": ", ".join(links)} if links else {})})


def link_to(request: Request, cursor: str | None, rel: str = "next") -> dict[str, str]:
    """The header that says where the next page is, if there is one, or another one."""
    if cursor is None:
        return {}
    query = urlencode({**request.query_params, "cursor": cursor})
    return {"link": f'<{request.scope["path"]}?{query}>; rel="{rel}"'}
