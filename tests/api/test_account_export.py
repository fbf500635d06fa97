"""A person takes all that is held about that person: complete, readable, and not too often."""

from collections.abc import AsyncIterator
from html.parser import HTMLParser
from typing import Any

import httpx
import pytest

from adapters.command_bus.bus import Bus
from adapters.postgres.connection import connect
from adapters.postgres.log.learner_history import whole_history
from adapters.settings import Settings
from commands.admin import ViewRecord
from commands.enrollment import RequestEnrollment, WithdrawEnrollment
from commands.log import Context
from commands.payment.orders import CancelOrder, PlaceOrder
from commands.user import VerifyNotificationAddress
from domain.admin import Look
from domain.personal import is_sealed
from domain.user import MOST_EXPORTS
from tests.support.people import PASSWORD, Browser, Town
from tests.support.people import town as town_of
from tests.support.polling import until
from tests.support.shop import SHOP
from tests.support.usecases import AT, COURSE, LASTING, LONG, RUNS

ADA = "ada@example.org"
EXPORT = "/v1/me/account/export"


@pytest.fixture
async def town(settings: Settings) -> AsyncIterator[Town]:
    """A campus with a course and a shop."""
    async with town_of(settings) as town:
        for command in (*COURSE, *RUNS, *LASTING, *SHOP):
            await Bus(town.log).handle(command, Context("test", AT))
        yield town


async def live(town: Town) -> tuple[Browser, str]:
    """A person who has learned, ordered, consented, and was looked at; the browser, and who it is."""
    browser = await town.settle(ADA)
    learner = (await town.log.read(await town.log.head() - 1, 1))[0].id("learner_id")
    for path, body in (
        ("/me/account/profile", {"display_name": "Ada <b>Lovelace</b>", "notification_address": "post@example.org"}),
        ("/me/consents", {"purpose": "research", "version": 1}),
        ("/me/consents", {"purpose": "contact_by_staff", "version": 1}),
        ("/me/consents/withdraw", {"purpose": "research"}),
    ):
        assert (await browser.post(path, body)).status_code == 202
    facts = await town.log.stream(f"user-{learner}")
    (asked,) = [fact for fact in facts if fact.type == "user.notification_address_requested"]
    for command in (
        VerifyNotificationAddress(learner, asked.stream_version),
        RequestEnrollment(learner, LONG),
        WithdrawEnrollment(learner, LONG, "my mother is ill"),
        PlaceOrder(learner, "o1", ("one",), "EUR"),
        CancelOrder(learner, "o1", "too dear for Ada"),
        ViewRecord(learner, Look(what="/v1/x", reason="Ada has called")),
    ):
        at = (
            AT if isinstance(command, PlaceOrder | CancelOrder) else town.log.clock.now()
        )  # what is sold has ended by now
        await Bus(town.log).handle(command, Context("admin", at))
    return browser, learner


async def export(browser: Browser, accept: str = "application/json") -> httpx.Response:
    """What the person takes."""
    return await browser.client.get(EXPORT, headers={**browser.cookie, "accept": accept})


async def test_everything_is_in_it_and_opened(town: Town) -> None:
    """Every fact of the history, the profile, consents, sessions, orders, and what stands beside the log."""
    browser, learner = await live(town)
    answer = await export(browser)
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-disposition"] == 'attachment; filename="my-data.json"'
    found = answer.json()
    head = found["position"]
    history = await town.log.link.run(lambda connection: whole_history(connection, learner, head))
    assert [each["position"] for each in found["facts"]] == [fact.position for fact in history]
    assert history[-1].type == "user.data_exported"
    assert {"seats.taken", "record.viewed", "session.opened", "order.placed"} <= {fact.type for fact in history}
    assert not [text for text in _texts(found) if is_sealed(text)]
    assert found["profile"] == {
        "status": "active",
        "email": ADA,
        "display_name": "Ada <b>Lovelace</b>",
        "language": "en",
        "time_zone": "UTC",
        "notification_address": "post@example.org",
    }
    for words in ("my mother is ill", "too dear for Ada", "Ada has called"):
        assert words in answer.text
    shown = [(each["purpose"], each["version"], each["withdrawn_at"] is None) for each in found["consents"]]
    assert shown == [("research", 1, False), ("contact_by_staff", 1, True)]
    beside = found["beside_the_log"]
    (session,) = beside["sessions"]
    assert session["session_id"] in {fact.id("session_id") for fact in history if fact.category == "session"}
    assert (beside["addresses"], beside["passwords"], beside["key_made_at"] is None) == (1, 1, False)
    assert [row["order_id"] for row in found["read_models"]["orders"]["orders"]] == ["o1"]
    assert found["read_models"]["accounts"]["accounts"][0]["email"] == ADA


async def test_a_page_of_it_runs_nothing(town: Town) -> None:
    """One file without scripts and addresses; what a person has written is text in it."""
    browser, _ = await live(town)
    answer = await export(browser, "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    page = _Page()
    page.feed(answer.text)
    assert page.open == []
    assert page.tags.isdisjoint({"script", "img", "link", "iframe", "a", "b", "form"})
    assert "url(" not in answer.text
    assert {"Ada <b>Lovelace</b>", ADA, "Where you are signed in"} <= set(page.texts)
    assert any("my mother is ill" in text for text in page.texts)


async def test_a_few_exports_in_a_day(town: Town) -> None:
    """One more is refused with 429, and says when; another person is not held up."""
    browser = await town.settle(ADA)
    for _ in range(MOST_EXPORTS):
        assert (await export(browser)).status_code == 200
    refused = await export(browser)
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_exports")
    assert 0 < int(refused.headers["retry-after"]) <= 86_400
    assert (await export(await town.settle("bob@example.org"))).status_code == 200


async def test_it_needs_a_session_that_was_just_opened(town: Town, settings: Settings) -> None:
    """A token is none, and a session of this morning is too old; after signing in again it is taken."""
    browser = await town.settle(ADA)
    token = (await town.client.post("/v1/dev/login", json={"user": "admin"})).json()["token"]
    refused = await town.client.get(EXPORT, headers={"authorization": f"Bearer {token}"})
    assert (refused.status_code, refused.json()["code"]) == (401, "unauthenticated")
    assert (await town.client.get(EXPORT)).status_code == 401
    async with await connect(settings, application="test") as connection:
        await connection.execute("UPDATE sessions SET confirmed_at = confirmed_at - interval '1 hour'")
    again = town.browser()
    again.token = browser.token
    await until(lambda: _is_old(again))
    assert (await again.post("/auth/login", {"email": ADA, "password": PASSWORD})).status_code == 200
    assert (await export(again)).status_code == 200


async def _is_old(browser: Browser) -> bool:
    """Whether the session is too old for an export; a process knows it for half a second."""
    answer = await export(browser)
    return answer.status_code == 403 and answer.json()["code"] == "step_up_needed"


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for each in value.values() for text in _texts(each)]
    if isinstance(value, list):
        return [text for each in value for text in _texts(each)]
    return [value] if isinstance(value, str) else []


class _Page(HTMLParser):
    """Which elements a page has, which texts, and which elements are not closed."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.texts: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag != "meta":
            self.open.append(tag)
        assert not [name for name, _ in attrs if name.startswith("on") or name in {"src", "href"}]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.texts.append(data)
