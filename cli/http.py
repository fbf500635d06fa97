"""
One GET for the operator's commands; the standard library is enough, and imports at once.
"""

import asyncio
import json
import ssl
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from typing import Any

from adapters.settings import Settings
from adapters.tls import own_api_context

TIMEOUT = 5.0  # seconds


@dataclass(frozen=True)
class HttpAnswer:
    """Status 0: no server answered."""

    status: int
    body: dict[str, Any] = field(default_factory=dict)


async def get_json(url: str, token: str | None = None, trust: ssl.SSLContext | None = None) -> HttpAnswer:
    """Return what *url* answers, also when that is an error; *trust* is how an `https` one is believed."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 - our own API's URL
    return await asyncio.to_thread(_get, request, trust)


async def get_own(settings: Settings, path: str, token: str | None = None) -> HttpAnswer:
    """Return what the API of *settings* answers at *path*."""
    return await get_json(f"{settings.api_url}{path}", token, own_api_context(settings))


def _get(request: urllib.request.Request, trust: ssl.SSLContext | None) -> HttpAnswer:
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT, context=trust) as response:  # noqa: S310
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
