"""
One GET for the operator's commands; the standard library is enough, and imports at once.
"""

import asyncio
import json
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from typing import Any

TIMEOUT = 5.0  # seconds


@dataclass(frozen=True)
class HttpAnswer:
    """Status 0: no server answered."""

    status: int
    body: dict[str, Any] = field(default_factory=dict)


async def get_json(url: str, token: str | None = None) -> HttpAnswer:
    """Return what *url* answers, also when that is an error."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return await asyncio.to_thread(_get, urllib.request.Request(url, headers=headers))  # noqa: S310 - our own API's URL


def _get(request: urllib.request.Request) -> HttpAnswer:
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as response:  # noqa: S310
            return HttpAnswer(response.status, json.load(response))
    except urllib.error.HTTPError as error:
        with error:
            return HttpAnswer(error.code, _json_or_nothing(error.read()))
    except OSError:
        return HttpAnswer(0)


def _json_or_nothing(text: bytes) -> dict[str, Any]:
    try:
        body = json.loads(text)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
