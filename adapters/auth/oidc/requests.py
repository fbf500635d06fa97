"""
Requests to a provider: to the hosts that the settings name and no others, bounded in time and size, without redirects.

What a provider says in its discovery document chooses the addresses, so they are checked here, each time.
"""

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx
import msgspec

from adapters.oidc_settings import OidcProvider
from adapters.postgres.connection import Unavailable
from domain.identity_errors import ProviderRefused

LONGEST = 10.0  # seconds that one request may take in all
LARGEST = 512 * 1024  # bytes of an answer
JSON = {"accept": "application/json"}


class ProviderAway(Unavailable):
    """A provider does not answer, or not as one should."""

    def __init__(self, provider: OidcProvider, why: str) -> None:
        super().__init__(f"{provider.title} cannot be asked ({why}): try again later, or sign in with your password")


def must_be_of(provider: OidcProvider, url: object) -> str:
    """An address that a provider has named; raises ProviderRefused for one of a host that the settings do not name."""
    try:
        scheme, host = urlsplit(str(url))[:2]
    except ValueError:
        scheme = host = ""
    if f"{scheme}://{host.lower()}" not in provider.origins:
        why = "it leads to a host that the settings of the campus do not name"
        raise ProviderRefused(provider=provider.title, why=why)
    return str(url)


class ProviderRequests:
    """Asks the providers of one process."""

    def __init__(self) -> None:
        self._client: httpx.AsyncClient | None = None

    async def get(self, provider: OidcProvider, url: str) -> Any:
        """The JSON document at an address; raises ProviderAway, ProviderRefused."""
        status, answer = await self._send(provider, "GET", url, JSON, None)
        if status != httpx.codes.OK:
            raise ProviderAway(provider, f"it has answered {status}")
        return _decoded(provider, answer)

    async def post(self, provider: OidcProvider, url: str, headers: Mapping[str, str], body: str) -> tuple[int, Any]:
        """What is answered to a form, and with which status; raises ProviderAway, ProviderRefused."""
        form = {"content-type": "application/x-www-form-urlencoded", **JSON, **headers}
        status, answer = await self._send(provider, "POST", url, form, body.encode())
        if status >= httpx.codes.INTERNAL_SERVER_ERROR:
            raise ProviderAway(provider, f"it has answered {status}")
        return status, _decoded(provider, answer)

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.aclose()

    async def _send(
        self, provider: OidcProvider, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> tuple[int, bytes]:
        must_be_of(provider, url)
        if self._client is None:
            self._client = httpx.AsyncClient(follow_redirects=False, trust_env=False, timeout=LONGEST)
        try:
            async with (
                asyncio.timeout(LONGEST),
                self._client.stream(method, url, headers=headers, content=body) as response,
            ):
                return response.status_code, await _bounded(provider, response)
        except TimeoutError:
            raise ProviderAway(provider, f"it has not answered within {LONGEST:.0f} s") from None
        except httpx.HTTPError as error:
            raise ProviderAway(provider, type(error).__name__) from error


async def _bounded(provider: OidcProvider, response: httpx.Response) -> bytes:
    content = b""
    async for part in response.aiter_bytes():
        content += part
        if len(content) > LARGEST:
            raise ProviderAway(provider, f"its answer is larger than {LARGEST // 1024} KiB")
    return content


def _decoded(provider: OidcProvider, answer: bytes) -> Any:
    try:
        found = msgspec.json.decode(answer)
    except (msgspec.DecodeError, RecursionError):
        raise ProviderAway(provider, "its answer is not JSON") from None
    if not isinstance(found, dict):
        raise ProviderAway(provider, "its answer is not an object")
    return found
