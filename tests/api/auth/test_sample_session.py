"""The sample people of a development campus: a session by one click, or by the printed password and code."""

import asyncio
from datetime import UTC, datetime

import pytest

from adapters.auth import totp
from adapters.auth.access import AccountAccess
from adapters.auth.sample_accounts import SampleAccounts
from adapters.auth.sample_people import APP_SECRET, PASSWORD, SAMPLE_PEOPLE, SampleSignInOff, code_at
from adapters.command_bus.bus import Bus
from adapters.settings import Settings
from api.app import build
from domain.auth import SignInRefused
from domain.passwords import SHORTEST_OF_STAFF, check_password
from tests.support.api import served
from tests.support.people import Browser, Town

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
SESSION = "/dev/session"


async def policy(browser: Browser) -> int:
    """The status with which a browser is shown the policy, which is for admins and auditors with a second factor."""
    return (await browser.get("/policy")).status_code


async def test_one_click_is_a_session_of_that_person(town: Town, settings: Settings) -> None:
    """With the proofs that the role needs; another click is another person, or a step-up. No mail says so."""
    browser, access = town.browser(), AccountAccess(town.log, Bus(town.log), settings)
    for role, person in SAMPLE_PEOPLE.items():
        answer = await browser.post(SESSION, {"person": role})
        assert (answer.status_code, browser.learner_id) == (200, person.learner_id), answer.text
        assert await access.address_of(await access.user(person.learner_id)) == person.email
        assert await policy(browser) == (200 if role in ("auditor", "admin") else 403)
    grant = {"learner_id": "sample-learner", "role": "auditor", "scope": "campus", "reason": "helps out"}
    assert (await browser.post("/roles/grant", grant)).status_code == 202  # for which one has to have stepped up
    facts = await facts_of(town, "sample-admin")
    clicks = [town.browser().post(SESSION, {"person": "admin"}) for _ in range(3)]
    assert {answer.status_code for answer in await asyncio.gather(*clicks)} == {200}
    assert await facts_of(town, "sample-admin") == facts
    assert not town.inbox.mails


async def facts_of(town: Town, learner_id: str) -> list[int]:
    """How many facts a person's account, credentials and roles have."""
    return [len(await town.log.stream(f"{category}-{learner_id}")) for category in ("user", "credentials", "role")]


async def test_the_password_and_the_code_that_are_printed_sign_in(town: Town) -> None:
    """As those of any other account do."""
    await town.browser().post(SESSION, {"person": "admin"})
    browser, body = town.browser(), {"email": SAMPLE_PEOPLE["admin"].email, "password": PASSWORD}
    needed = (await browser.post("/auth/login", body)).json()
    assert needed["status"] == "second_factor_needed"
    code, _ = code_at(town.log.clock.now())
    signed_in = await browser.post("/auth/login/code", {"pending": needed["pending"], "code": code})
    assert signed_in.status_code == 200
    assert await policy(browser) == 200


async def test_elsewhere_they_are_refused(town: Town, settings: Settings) -> None:
    """A campus that was one for development may be opened to others: what all know opens nothing then."""
    learner = SAMPLE_PEOPLE["learner"]
    await town.browser().post(SESSION, {"person": "learner"})
    closed = settings.model_copy(update={"dev_login": False})
    access = AccountAccess(town.log, Bus(town.log), closed)
    with pytest.raises(SampleSignInOff):
        SampleAccounts(access)
    credentials = await access.credentials(learner.learner_id)
    with pytest.raises(SignInRefused):
        await access.open(learner.learner_id, credentials.password_id, "password", "r", confirmed_at=access.now())
    async with served(build(closed)) as client:
        browser = Browser(client)
        refused = await browser.post(SESSION, {"person": "learner"}, sec_fetch_site="same-origin")
        assert (refused.status_code, refused.json()["code"]) == (404, "no_such_page")
        assert "/v1/dev/session" not in (await client.get("/openapi.json")).json()["paths"]
        body = {"email": learner.email, "password": PASSWORD}
        assert (await browser.post("/auth/login", body, sec_fetch_site="same-origin")).json()[
            "code"
        ] == "sign_in_refused"


async def test_no_page_of_another_origin_makes_a_browser_one_of_them(town: Town) -> None:
    """Or a page of the web would sign a developer in."""
    refused = await town.browser().post(SESSION, {"person": "admin"}, origin="https://elsewhere.example")
    assert (refused.status_code, refused.json()["code"]) == (403, "cross_site_request")
    unknown = await town.browser().post(SESSION, {"person": "root"})
    assert (unknown.status_code, unknown.json()["code"]) == (422, "invalid_request")


def test_password_and_code_are_what_the_forms_take() -> None:
    """A password long enough for the staff; a code that the check of codes knows."""
    for person in SAMPLE_PEOPLE.values():
        check_password(PASSWORD, address=person.email, is_known=False, least=SHORTEST_OF_STAFF, words=(person.name,))
    code, seconds = code_at(NOON)
    assert totp.step_of(APP_SECRET, code, NOON) == int(NOON.timestamp()) // totp.PERIOD
    assert 0 < seconds <= totp.PERIOD
