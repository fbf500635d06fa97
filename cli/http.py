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
class Answer:
    """Status 0: nobody answered."""

    status: int
    body: dict[str, Any] = field(default_factory=dict)


async def get_json(url: str) -> Answer:
    """Return what *url* answers, also when that is an error."""
    return await asyncio.to_thread(_get, url)


def _get(url: str) -> Answer:
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT) as response:  # noqa: S310 - the URL is the campus's own
            return Answer(response.status, json.load(response))
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, _json_or_nothing(error.read()))
    except OSError:
        return Answer(0)


def _json_or_nothing(text: bytes) -> dict[str, Any]:
    try:
        body = json.loads(text)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
