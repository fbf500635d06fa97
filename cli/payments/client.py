"""
The campus's API as learners and staff use it, and paysim as customers do, for `campus payments simulate`.

A request that got no answer, or an error of the server, is sent again with the same key: processes may die on the way.
"""

import asyncio
import json
import uuid
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx

from adapters.jwt import claims_of, sign
from adapters.settings import Settings
from adapters.tls import own_api_context
from cli.console import Failure

TIMEOUT = 30.0  # seconds for one answer
PATIENCE = 600.0  # seconds until somewhere nothing answers, or what was waited for has not come
FIRST_PAUSE, LONGEST_PAUSE = 0.05, 1.0  # seconds between two looks
TOKENS_LAST = timedelta(hours=12)
STAFF = "admin"
PAGE = 100  # objects of the provider, its most


class Refused(Failure):
    """The campus has refused a command; *code* is that of the problem."""

    def __init__(self, path: str, answer: httpx.Response) -> None:
        problem = answer.json()
        super().__init__(f"POST {path} was refused: {problem.get('detail') or problem.get('title')}")
        self.code = str(problem.get("code"))


class Client:
    """The campus of *settings*, and its paysim."""

    def __init__(self, settings: Settings) -> None:
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=100)
        self._http = httpx.AsyncClient(timeout=TIMEOUT, limits=limits, verify=own_api_context(settings) or True)
        self._settings = settings
        self._tokens: dict[str, str] = {}

    async def close(self) -> None:
        """Let go of connections."""
        await self._http.aclose()

    async def send(self, path: str, body: dict[str, Any] | None = None, *, user: str = STAFF) -> dict[str, Any]:
        """
        Send a command, until it is answered.

        Raises:
            Refused: the campus does not do it.
        """
        headers = {**self._token(user), "idempotency-key": uuid.uuid4().hex}
        url = f"{self._settings.api_url}/v1{path}"
        answer = await self._answer("POST", url, headers=headers, json=body or {})
        if answer.status_code >= 400:
            raise Refused(path, answer)
        found: dict[str, Any] = answer.json()
        return found

    async def get(self, path: str, **parameters: Any) -> dict[str, Any]:
        """Ask a query, as staff."""
        url = f"{self._settings.api_url}/v1{path}"
        answer = await self._answer("GET", url, headers=self._token(STAFF), params=parameters)
        if answer.status_code != 200:
            raise Failure(f"GET {path} answers {answer.status_code}: {answer.text[:200]}")
        found: dict[str, Any] = answer.json()
        return found

    async def ready(self) -> dict[str, Any]:
        """How far the campus's readers and workers are; empty if it does not say."""
        try:
            answer = await self._http.get(f"{self._settings.api_url}/readyz")
        except httpx.TransportError:
            return {}
        found: dict[str, Any] = answer.json()
        return found

    async def page_of(self, checkout_url: str) -> str | None:
        """The provider's page to which the address of an order leads; None if it leads nowhere (yet)."""
        parts = urlsplit(checkout_url)
        answer = await self._answer("GET", f"{self._settings.api_url}{parts.path}?{parts.query}")
        return answer.headers["location"] if answer.status_code == 303 else None

    async def control(self, path: str, body: dict[str, Any] | None = None, *, method: str = "POST") -> dict[str, Any]:
        """What a control route of paysim answers."""
        url = f"{self._settings.stripe_api_base}/_paysim/{path}"
        content = json.dumps(body or {}).encode() if method == "POST" else None
        answer = await self._http.request(method, url, content=content)
        if answer.status_code != 200:
            raise Failure(f"paysim refuses {method} {path}: {answer.text[:200]}")
        found: dict[str, Any] = answer.json()
        return found

    async def objects(self, kind: str, **parameters: Any) -> list[dict[str, Any]]:
        """All objects of a list of the provider's API, the newest first."""
        headers = {"authorization": f"Bearer {self._settings.stripe_key}"}
        url = f"{self._settings.stripe_api_base}/v1/{kind}"
        found: list[dict[str, Any]] = []
        more = True
        while more:
            after = {"starting_after": found[-1]["id"]} if found else {}
            asked = {**parameters, **after, "limit": PAGE}
            answer = await self._answer("GET", url, headers=headers, params=asked)
            if answer.status_code != 200:
                raise Failure(f"paysim refuses GET {kind}: {answer.text[:200]}")
            page = answer.json()
            found += page["data"]
            more = page["has_more"]
        return found

    async def refund_at_provider(self, intent: str) -> None:
        """
        Give all that is left of a payment back, as staff do in the provider's dashboard.

        Without a key, under which a failure would be kept: there is nothing left to give back after a lost answer.
        """
        answer = await self._at_provider("refunds", payment_intent=intent)
        if answer.status_code != 200 and answer.json()["error"].get("code") != "charge_already_refunded":
            raise Failure(f"paysim refuses a refund: {answer.text[:200]}")

    async def pay_invoice(self, invoice: str, card: str) -> None:
        """Pay an invoice with a card, as a customer does on its page; after a lost answer it is paid."""
        answer = await self._at_provider(f"invoices/{invoice}/pay", payment_method=card)
        if answer.status_code != 200 and "already paid" not in answer.text:
            raise Failure(f"paysim refuses to have an invoice paid: {answer.text[:200]}")

    async def _at_provider(self, path: str, **form: str) -> httpx.Response:
        headers = {"authorization": f"Bearer {self._settings.stripe_key}"}
        return await self._answer("POST", f"{self._settings.stripe_api_base}/v1/{path}", headers=headers, data=form)

    async def _answer(self, method: str, url: str, **more: Any) -> httpx.Response:
        """The answer, once there is one that is not an error of the server."""
        found: list[httpx.Response] = []

        async def answered() -> bool:
            with suppress(httpx.TransportError):
                found.append(await self._http.request(method, url, **more))
            return bool(found) and found[-1].status_code < 500

        await until(answered, f"nothing answers {method} {urlsplit(url).path}")
        return found[-1]

    def _token(self, user: str) -> dict[str, str]:
        if user not in self._tokens:
            now = datetime.now(UTC)
            secret = self._settings.token_secret
            self._tokens[user] = sign(claims_of(user), secret, now=now, lifetime=TOKENS_LAST)
        return {"authorization": f"Bearer {self._tokens[user]}"}


async def until(holds: Callable[[], Awaitable[bool]], otherwise: str) -> None:
    """
    Look again and again, with growing pauses, until it holds.

    Raises:
        Failure: it does not hold within PATIENCE; the message is *otherwise*.
    """
    pause, end = FIRST_PAUSE, asyncio.get_running_loop().time() + PATIENCE
    while not await holds():
        if asyncio.get_running_loop().time() > end:
            raise Failure(f"{otherwise}, for {PATIENCE:.0f} s")
        await asyncio.sleep(pause)
        pause = min(1.5 * pause, LONGEST_PAUSE)
