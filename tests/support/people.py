"""A campus with a dispatcher and an inbox, and browsers of persons who register, sign in and out."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any

import httpx
from fastapi import FastAPI

from adapters.auth import access
from adapters.auth.links import OLD_ADDRESS
from adapters.mail.inbox import Inbox, ReceivedMail
from adapters.personal.addresses import forget_released
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.settings import Settings
from api import app as api
from api.http.sessions import COOKIE
from tests.support.polling import guard, until
from tests.support.roles import as_process
from workers import dispatcher

ORIGIN = "https://campus.test"
PASSWORD = "seven green herons"


class Browser:
    """What one browser does: it keeps a cookie, knows who has signed in, and says from which page it sends."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client
        self.token = self.learner_id = ""

    @property
    def cookie(self) -> dict[str, str]:
        """The header of its cookie."""
        return {"cookie": f"{COOKIE}={self.token}"} if self.token else {}

    async def post(self, path: str, body: dict[str, Any], **headers: str) -> httpx.Response:
        """Send from a page of the campus, if no header says otherwise."""
        sent = {**self.cookie, **(headers or {"origin": ORIGIN, "sec-fetch-site": "same-origin"})}
        answer = await self.client.post(
            f"/v1{path}", json=body, headers={k.replace("_", "-"): v for k, v in sent.items()}
        )
        if (found := re.match(rf"{COOKIE}=([^;]*);", answer.headers.get("set-cookie", ""))) is not None:
            self.token = found[1]
            self.learner_id = answer.json().get("learner_id", self.learner_id)
        return answer

    async def get(self, path: str) -> httpx.Response:
        """Ask with the cookie."""
        return await self.client.get(f"/v1{path}", headers=self.cookie)


class Town:
    """The campus, and what has been sent to whom."""

    def __init__(self, app: FastAPI, log: PostgresLog, inbox: Inbox, client: httpx.AsyncClient) -> None:
        self.app, self.log, self.inbox, self.client = app, log, inbox, client

    def browser(self) -> Browser:
        """Another browser."""
        return Browser(self.client)

    async def mail_to(self, address: str, number: int = 1) -> ReceivedMail:
        """The latest mail to an address, of which there are so many."""

        async def is_there() -> bool:
            return sum(address in mail.to for mail in self.inbox.mails) == number

        await until(is_there)
        return next(mail for mail in self.inbox.mails if address in mail.to)

    async def link_to(self, address: str, number: int = 1) -> str:
        """What the link of the latest mail to an address carries, of which there are so many."""
        found = re.search(r"#(\S+)", (await self.mail_to(address, number)).text)
        assert found is not None
        return found[1]

    async def forget_old(self) -> None:
        """What the dispatcher does every hour, beside much else."""
        now = self.log.clock.now()
        await self.log.link.run(lambda connection: forget_released(connection, now - OLD_ADDRESS.lifetime))

    async def settle(self, address: str, password: str = PASSWORD) -> Browser:
        """A person with an account, signed in."""
        return await self.settle_by_mail(address, 1, password)

    async def settle_by_mail(self, address: str, number: int, password: str = PASSWORD) -> Browser:
        """The same for an address that has had mails before: the link is in the one of this number."""
        browser = self.browser()
        assert (await browser.post("/auth/register", {"email": address})).status_code == 200
        body = {"token": await self.link_to(address, number), "password": password, "display_name": "Ada"}
        answer = await browser.post("/auth/complete", body)
        assert answer.status_code == 200, answer.text
        return browser


class stream_of:  # noqa: N801 - used as a function
    """A stream of events, read until it ends; its text."""

    def __init__(self, town: Town, browser: Browser, path: str = "/v1/me/events") -> None:
        self._town, self._browser, self._path = town, browser, path

    async def __aenter__(self) -> "asyncio.Task[bytes]":
        begun = asyncio.Event()
        self._task = asyncio.create_task(self._read(begun))
        async with guard():
            await begun.wait()
        return self._task

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _read(self, begun: asyncio.Event) -> bytes:
        parts: list[bytes] = []
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "https",
            "path": self._path, "raw_path": self._path.encode(), "query_string": b"", "root_path": "",
            "headers": [(b"host", b"campus.test"), (b"cookie", self._browser.cookie["cookie"].encode())],
            "client": ("127.0.0.1", 1), "server": ("campus.test", 443), "state": {},
        }  # fmt: skip
        stays = asyncio.Event()

        async def receive() -> dict[str, object]:
            await stays.wait()
            return {"type": "http.disconnect"}

        async def send(message: dict[str, object]) -> None:
            if message["type"] == "http.response.body":
                parts.append(bytes(message["body"]))  # type: ignore[call-overload]
                begun.set()
            else:
                assert message["status"] == 200

        await self._town.app(scope, receive, send)  # type: ignore[arg-type]
        return b"".join(parts)


@asynccontextmanager
async def town(settings: Settings, build: Callable[[Settings], FastAPI] = api.build) -> AsyncIterator[Town]:
    """The campus, with an application that answers at `https://campus.test`."""
    inbox, stop = Inbox(), asyncio.Event()
    before, access.EVEN = access.EVEN, 0.01
    async with inbox.listening(0) as port:
        there = settings.model_copy(update={"smtp_url": f"smtp://127.0.0.1:{port}", "public_url": ORIGIN})
        sending = asyncio.create_task(dispatcher.run(as_process(there, "dispatcher"), stop))
        app, log = build(there), await PostgresLog.open(there)
        try:
            async with app.router.lifespan_context(app):
                transport = httpx.ASGITransport(app, raise_app_exceptions=False)
                jar = CookieJar(DefaultCookiePolicy(allowed_domains=[]))  # each browser keeps its own
                async with httpx.AsyncClient(transport=transport, base_url=ORIGIN, cookies=jar) as client:
                    yield Town(app, log, inbox, client)
        finally:
            access.EVEN = before
            stop.set()
            async with guard():
                await sending
            await log.close()
