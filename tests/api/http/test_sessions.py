"""Requests with a cookie: from which page they may come, and what ends with the session."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from adapters.auth.sessions import BrowserSession
from adapters.settings import Settings
from api.http.sessions import (
    COOKIE,
    ENDED,
    LONGEST_TOKEN,
    SERVICE_OF_CAMPUS,
    CutShort,
    SessionUser,
    roles_of,
    session_of_cookies,
    while_signed_in,
)
from domain.roles import ADMIN_OF_CAMPUS
from tests.support.people import ORIGIN, PASSWORD, Town, stream_of
from tests.support.people import town as town_of
from tests.support.polling import guard

ADA = "ada@example.org"
COMMAND = "/me/account/profile"


@pytest.fixture
async def town(settings: Settings) -> AsyncIterator[Town]:
    """A campus whose mails arrive."""
    async with town_of(settings) as town:
        yield town


async def test_a_command_with_a_cookie_comes_from_a_page_of_the_campus(town: Town) -> None:
    """By what the browser says of the page; what says nothing is refused, reading is not."""
    browser, body = await town.settle(ADA), {"language": "de"}
    fits = [
        {"origin": ORIGIN},
        {"sec_fetch_site": "same-origin"},
        {"origin": ORIGIN, "sec_fetch_site": "same-origin"},
        {"sec_fetch_site": "none"},
    ]
    for headers in fits:
        assert (await browser.post(COMMAND, body, **headers)).status_code == 202, headers
    commands = [{"path": "/v1/enrollments", "body": {"run_id": "r"}, "idempotency_key": "k"}]
    (item,) = (await browser.post("/bulk", {"commands": commands})).json()["items"]
    assert item["problem"]["code"] == "run_not_found", "each command of a bulk has the user of the bulk"
    foreign = [
        {"accept": "*/*"},
        {"origin": "null"},
        {"origin": "https://evil.example"},
        {"origin": "https://campus.test.evil.example"},
        {"origin": "https://evil.example", "sec_fetch_site": "same-origin"},
        {"origin": ORIGIN, "sec_fetch_site": "cross-site"},
        {"origin": ORIGIN, "sec_fetch_site": "same-site"},
        {"sec_fetch_site": "cross-site"},
        {"referer": f"{ORIGIN}/page"},
    ]
    head = await town.log.head()
    for headers in foreign:
        for path in (COMMAND, "/auth/logout", "/enrollments", "/bulk", "/events/ticket"):
            refused = await browser.post(path, {"language": "fr"}, **headers)
            assert (refused.status_code, refused.json()["code"]) == (403, "cross_site_request"), (path, headers)
    assert await town.log.head() == head
    assert (await browser.get("/auth/sessions")).status_code == 200


def test_a_person_is_no_service() -> None:
    """Whatever was granted before that was refused: the role needs no second factor, and takes that of a learner."""
    assert roles_of({SERVICE_OF_CAMPUS: None, ADMIN_OF_CAMPUS: None}) == ("learner", "admin")


async def test_signing_in_from_a_foreign_page_is_refused(town: Town) -> None:
    """Or a victim could be signed in as the attacker; a program says nothing of a page, and may."""
    await town.settle(ADA)
    body = {"email": ADA, "password": PASSWORD}
    for headers in ({"origin": "https://evil.example"}, {"sec_fetch_site": "cross-site"}):
        refused = await town.browser().post("/auth/login", body, **headers)
        assert refused.json()["code"] == "cross_site_request"
    assert (await town.browser().post("/auth/login", body, accept="*/*")).status_code == 200


async def test_a_token_goes_before_a_cookie(town: Town) -> None:
    """Who sends both is whom the token names, from any page; a wrong token is not made good by a cookie."""
    browser = await town.settle(ADA)
    token = (await town.client.post("/v1/dev/login", json={"user": "admin"})).json()["token"]
    headers = {**browser.cookie, "authorization": f"Bearer {token}", "origin": "https://evil.example"}
    answer = await town.client.post("/v1/enrollments", json={"run_id": "r", "learner_id": "x"}, headers=headers)
    assert answer.json()["code"] == "run_not_found"
    headers["authorization"] = "Bearer nonsense"
    assert (await town.client.post("/v1/enrollments", json={"run_id": "r"}, headers=headers)).status_code == 401


@pytest.mark.parametrize("token", ["", "x", "A" * 43, "é", "A" * 5_000, "../..", '"', "a=b"])
async def test_a_cookie_that_is_none_names_no_one(town: Town, token: str) -> None:
    """It is as if there were none."""
    headers = [(b"cookie", f"{COOKIE}={token}".encode())]
    assert (await town.client.get("/v1/me/dashboard", headers=headers)).status_code == 401
    assert (await town.client.get("/v1/me/dashboard", headers={"cookie": ";;=;"})).status_code == 401


async def test_an_open_stream_ends_with_its_session(town: Town) -> None:
    """Opened with the cookie alone, as EventSource does; it ends when the session is revoked, others go on."""
    first, second = await town.settle(ADA), town.browser()
    await second.post("/auth/login", {"email": ADA, "password": PASSWORD})
    async with stream_of(town, first) as ended, stream_of(town, second) as other:
        assert (await first.post("/auth/logout", {})).status_code == 200
        async with guard():
            text = await ended
        assert text.endswith(ENDED)
        assert not other.done()
    assert (await second.post("/events/ticket", {})).json()["code"] == "bad_request", "it would outlive the session"


@pytest.mark.parametrize(
    ("header", "token"),
    [
        ("__Host-campus=abc", "abc"),
        ("theme=dark; __Host-campus=abc; language=en", "abc"),
        ("theme=__Host-campus=evil; __Host-campus=abc", "abc"),
        ("theme=__Host-campus=evil", ""),
        ("x__Host-campus=evil", ""),
        ("__host-campus=evil", ""),
        ("__Host-campus", ""),
        ("__Host-campus=" + "a" * (LONGEST_TOKEN + 1), ""),
        ("", ""),
    ],
)
def test_only_a_cookie_of_this_name_is_a_session(header: str, token: str) -> None:
    """What a page of a sibling domain may set stands in the value of another cookie, and is none."""
    assert session_of_cookies(header) == token


async def test_the_dashboard_by_cookie_takes_the_fast_path(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """It answers what the route does; who has signed out is refused there within half a second."""
    browser = await town.settle(ADA)
    by_route = await town.client.get("/v1/me/dashboard", headers={**browser.cookie, "if-match": "*"})
    monkeypatch.setattr("api.http.routing.authorise", None)
    fast = await browser.get("/me/dashboard")
    assert (fast.status_code, fast.content, fast.headers["etag"]) == (200, by_route.content, by_route.headers["etag"])
    assert fast.headers["cache-control"] == by_route.headers["cache-control"]
    monkeypatch.undo()
    await browser.post("/auth/logout", {})
    assert (await town.client.get("/v1/me/dashboard", headers={"cookie": f"{COOKIE}={'a' * 43}"})).status_code == 401


class Watched:
    """In the place of sessions and grants: what a stream waits for, which a test lets happen."""

    def __init__(self) -> None:
        self.ended, self.lost = asyncio.Event(), asyncio.Event()
        self.sessions = SimpleNamespace(watch=lambda _: self._watch(self.ended))

    @asynccontextmanager
    async def _watch(self, event: asyncio.Event) -> AsyncIterator[asyncio.Event]:
        yield event

    def watch(self, _: str, __: Any) -> AbstractAsyncContextManager[asyncio.Event]:
        """The roles of the person."""
        return self._watch(self.lost)


async def two_parts() -> AsyncGenerator[bytes]:
    """An answer whose second part does not come."""
    yield b"1"
    await asyncio.Event().wait()


@pytest.mark.parametrize("cause", ["session", "role", "time"])
async def test_an_answer_in_parts_ends_with_what_names_its_user(cause: str) -> None:
    """A stream says so; what could look whole breaks off. The clock is that of the machine, to the second."""
    now = datetime.now(UTC)
    session = BrowserSession(b"", "ann", "s", now, now, now)
    ends = now.timestamp() + 0.05 if cause == "time" else 0.0
    for says in (ENDED, None):
        watched = Watched()
        user = SessionUser("ann", ("learner",), "ann", session=session)
        parts = while_signed_in(two_parts(), user, watched, watched, ends=ends, says=says)  # type: ignore[arg-type]
        if cause == "session":
            asyncio.get_running_loop().call_soon(watched.ended.set)
        elif cause == "role":
            asyncio.get_running_loop().call_soon(watched.lost.set)
        found: list[bytes] = []
        with nullcontext() if says else pytest.raises(CutShort):
            async with guard():
                found.extend([part async for part in parts])
        assert found in ([b"1", ENDED], [ENDED], [])
        assert bool(found) == (says is not None)
