"""A witness that answers without a socket."""

import httpx
from starlette.applications import Starlette

from adapters.proofs.http import TextAnswer


async def through(app: Starlette, url: str, body: str | None = None) -> TextAnswer:
    """One request to the application."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app)) as client:
        answer = await client.request("POST" if body else "GET", url, content=body)
    return TextAnswer(answer.status_code, answer.text, answer.headers["content-type"])
