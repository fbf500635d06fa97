"""
Plain text over HTTP between a notary, its log and witnesses: rare requests, for which the standard library is enough.
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


async def ask(url: str, body: str | None = None) -> TextAnswer:
    """What *url* answers to GET, or to POST of a *body*."""
    return await asyncio.to_thread(_ask, url, body)


def _ask(url: str, body: str | None) -> TextAnswer:
    data = None if body is None else body.encode()
    request = urllib.request.Request(url, data, {"content-type": "text/plain"} if data else {})  # noqa: S310 - of a setting
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:  # noqa: S310
            return _read(answer.status, answer)
    except urllib.error.HTTPError as error:
        with error:
            return _read(error.code, error)
    except (OSError, ValueError) as error:
        return TextAnswer(0, f"{url}: {getattr(error, 'reason', error)}")


def _read(status: int, answer: urllib.error.HTTPError) -> TextAnswer:
    text = answer.read(LARGEST).decode(errors="replace")
    return TextAnswer(status, text, answer.headers.get("content-type", ""))
