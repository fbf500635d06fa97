"""
Plain text over HTTP between a notary, its log and witnesses: rare requests, for which the standard library is enough.

No redirection is followed: what is asked are the addresses of the settings, and no other that an answer names.
"""

import asyncio
import urllib.error
import urllib.request
from typing import NamedTuple

TIMEOUT = 5.0  # seconds
LARGEST = 1 << 20  # bytes of an answer


class TextAnswer(NamedTuple):
    """Status 0: nothing has answered, and `text` says why."""

    status: int
    text: str
    content_type: str = ""


def _opener_of_http() -> urllib.request.OpenerDirector:
    """HTTP alone, without what would follow redirections."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        *(urllib.request.ProxyHandler(), urllib.request.UnknownHandler()),
        *(urllib.request.HTTPHandler(), urllib.request.HTTPSHandler()),
        *(urllib.request.HTTPDefaultErrorHandler(), urllib.request.HTTPErrorProcessor()),
    ):
        opener.add_handler(handler)
    return opener


_opener = _opener_of_http()


async def ask(url: str, body: str | None = None) -> TextAnswer:
    """What *url* answers to GET, or to POST of a *body*."""
    return await asyncio.to_thread(_ask, url, body)


def _ask(url: str, body: str | None) -> TextAnswer:
    data = None if body is None else body.encode()
    try:
        request = urllib.request.Request(url, data, {"content-type": "text/plain"} if data else {})  # noqa: S310
        with _opener.open(request, timeout=TIMEOUT) as answer:
            return _read(answer.status, answer)
    except urllib.error.HTTPError as error:
        with error:
            return _read(error.code, error)
    except (OSError, ValueError) as error:
        return TextAnswer(0, f"{url}: {getattr(error, 'reason', error)}")


def _read(status: int, answer: urllib.error.HTTPError) -> TextAnswer:
    text = answer.read(LARGEST).decode(errors="replace")
    return TextAnswer(status, text, answer.headers.get("content-type", ""))
