"""Apps and recovery codes over HTTP: adding them, signing in with them, proving once more to be there."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pyotp
import pytest

from adapters.auth.attempts import FAILURES
from adapters.auth.second_factors import PENDING, WRONG_CODES
from adapters.settings import Settings
from commands.auth import MakeRecoveryCodes
from commands.log import Context
from commands.roles import GrantRole
from domain.auth import STEP_UP
from domain.passwords import SHORTEST_OF_STAFF
from domain.roles import ADMIN_OF_CAMPUS
from tests.support.appends import query
from tests.support.clock import SharedClock, StoppedClock
from tests.support.people import PASSWORD, Browser, Town
from tests.support.people import town as town_of
from tests.support.polling import until

ADA, NEW = "ada@example.org", "nine quiet otters"
PERIOD = timedelta(seconds=30)


@pytest.fixture
async def town(settings: Settings) -> AsyncIterator[Town]:
    """A campus whose clock stands still unless the test moves it, so that a code is as old as the test says."""
    shared = SharedClock.of(settings)
    shared._clock = StoppedClock(datetime.now(UTC))
    async with town_of(shared) as town:
        yield town


class App:
    """An app that shows codes, by the clock of the campus."""

    def __init__(self, town: Town, secret: str) -> None:
        self._town, self._totp = town, pyotp.TOTP(secret)

    def code(self, periods: int = 0) -> str:
        """The code of this period, or of one so many later."""
        return self._totp.at(self._town.log.clock.now() + periods * PERIOD)

    def wrong(self) -> str:
        """Six digits that are no code now."""
        near = {self.code(each) for each in (-1, 0, 1)}
        return next(code for code in ("000000", "000001", "000002", "000003") if code not in near)


async def with_app(town: Town, browser: Browser) -> tuple[App, list[str]]:
    """A person gets an app; and the recovery codes that come with it."""
    begun = await browser.post("/auth/factors/app", {"label": "my telephone"})
    assert begun.status_code == 200, begun.text
    found = begun.json()
    app = App(town, found["secret"])
    assert found["uri"].startswith("otpauth://totp/Campuslog:ada%40example.org?secret=")
    assert found["picture"].startswith("<svg")
    body = {"factor_id": found["factor_id"], "code": app.wrong()}
    assert (await browser.post("/auth/factors/app/confirm", body)).json()["code"] == "factor_refused"
    assert (await browser.get("/auth/factors")).json() == {"factors": [], "recovery_codes_left": 0}
    added = await browser.post("/auth/factors/app/confirm", {**body, "code": app.code()})
    assert added.status_code == 200, added.text
    return app, added.json()["recovery_codes"]


async def first_step(town: Town, password: str = PASSWORD) -> tuple[Browser, dict[str, Any]]:
    """A browser that has given the password."""
    browser = town.browser()
    answer = await browser.post("/auth/login", {"email": ADA, "password": password})
    assert answer.status_code == 200, answer.text
    return browser, answer.json()


async def second_step(browser: Browser, pending: str, code: str) -> tuple[int, str]:
    """The status of the second step, and the code of its refusal."""
    answer = await browser.post("/auth/login/code", {"pending": pending, "code": code})
    return answer.status_code, answer.json().get("code", "")


async def test_signing_in_takes_two_steps(town: Town, settings: Settings) -> None:
    """With an app the password opens nothing; a code does, once; a mail says that there is one."""
    owner = await town.settle(ADA)
    app, codes = await with_app(town, owner)
    assert (len(codes), len(set(codes)), {len(code) for code in codes}) == (10, 10, {29})
    assert (await town.mail_to(ADA, 2)).subject == "Your account has another second factor"
    browser, step = await first_step(town)
    assert (step["status"], step["kinds"], step["learner_id"]) == (
        "second_factor_needed",
        ["recovery_code", "totp"],
        None,
    )
    assert browser.token == ""
    assert (await browser.get("/auth/sessions")).status_code == 401
    pending = step["pending"]
    assert await second_step(browser, pending, app.wrong()) == (403, "factor_refused")
    assert await second_step(browser, pending, app.code()) == (403, "factor_refused"), "it has added the app"
    assert await second_step(browser, pending, app.code(1)) == (200, "")
    assert (await browser.get("/auth/sessions")).status_code == 200
    other, step = await first_step(town)
    assert await second_step(other, step["pending"], app.code(1)) == (403, "factor_refused"), "a code is taken once"
    town.log.clock.move(2 * PERIOD)
    assert await second_step(other, pending, app.code(-1)) == (403, "factor_refused"), "one before it is not taken"
    assert await second_step(other, step["pending"], app.code()) == (200, "")
    kept = await query(settings, "SELECT secret, label FROM factors")
    assert all(each.startswith("s1.0.") for each in kept[0])
    facts = await town.log.history((await query(settings, "SELECT learner_id FROM factors"))[0][0])
    assert [fact.data["method"] for fact in facts if fact.type == "session.opened"] == [
        *("link", "password+totp", "password+totp"),
    ]


async def test_the_second_step_belongs_to_the_first(town: Town) -> None:
    """Within five minutes, with the password that was given; what is no such step is refused alike."""
    owner, registration = await town.settle(ADA), await town.link_to(ADA)
    app, _ = await with_app(town, owner)
    _, late = await first_step(town)
    town.log.clock.move(PENDING.lifetime)
    assert await second_step(town.browser(), late["pending"], app.code()) == (403, "sign_in_refused")
    _, step = await first_step(town)
    assert (await owner.post("/auth/password", {"old": PASSWORD, "new": NEW})).status_code == 200
    for pending in (step["pending"], step["pending"][:-2], registration, "x"):
        assert await second_step(town.browser(), pending, app.code()) == (403, "sign_in_refused")


async def test_recovery_codes_of_two_requests_at_once(town: Town) -> None:
    """The log says which were made last; the other request, which was done in between, has not taken them away."""
    owner = await town.settle(ADA)
    await with_app(town, owner)
    factors = town.app.state.services.people.factors
    late = await factors.table.keep_codes(owner.learner_id, "late")
    first = (await owner.post("/auth/factors/codes", {})).json()["recovery_codes"]
    bus, made = town.app.state.services.bus, MakeRecoveryCodes(owner.learner_id, "late", len(late))
    await bus.handle(made, Context(owner.learner_id, town.log.clock.now()))
    browser, step = await first_step(town)
    assert await second_step(browser, step["pending"], first[0]) == (403, "factor_refused")
    assert await second_step(browser, step["pending"], late[0]) == (200, "")


async def test_a_recovery_code_takes_the_place_of_an_app_once(town: Town, settings: Settings) -> None:
    """Written in any way; new ones end the old ones, and what is kept is no code."""
    owner = await town.settle(ADA)
    _, codes = await with_app(town, owner)
    browser, step = await first_step(town)
    spoken = codes[0].lower().replace("-", " ").replace("0", "o")
    assert await second_step(browser, step["pending"], spoken) == (200, "")
    assert (await browser.get("/auth/factors")).json()["recovery_codes_left"] == 9
    _, step = await first_step(town)
    assert await second_step(browser, step["pending"], codes[0]) == (403, "factor_refused")
    fresh = (await owner.post("/auth/factors/codes", {})).json()["recovery_codes"]
    assert not set(fresh) & set(codes)
    assert await second_step(browser, step["pending"], codes[1]) == (403, "factor_refused")
    assert await second_step(browser, step["pending"], fresh[1]) == (200, "")
    assert await query(settings, "SELECT count(*) FROM recovery_codes") == [(9,)]
    digests = b"".join(bytes(row[0]) for row in await query(settings, "SELECT digest FROM recovery_codes"))
    assert not any(code.replace("-", "").encode() in digests for code in fresh)


async def test_a_forgotten_password_keeps_the_second_factor(town: Town) -> None:
    """Who reads the mails of a person is not that person yet."""
    app, _ = await with_app(town, await town.settle(ADA))
    await town.mail_to(ADA, 2)
    browser = town.browser()
    await browser.post("/auth/forgotten", {"email": ADA})
    body = {"token": await town.link_to(ADA, 3), "password": NEW}
    assert (await browser.post("/auth/reset", body)).status_code == 200
    browser, step = await first_step(town, NEW)
    assert step["status"] == "second_factor_needed"
    assert await second_step(browser, step["pending"], app.code(1)) == (200, "")


async def test_guesses_of_codes_end_for_the_person_and_not_for_recovery_codes(town: Town) -> None:
    """Twenty in an hour, from any network; a recovery code still gets the owner in."""
    app, codes = await with_app(town, await town.settle(ADA))
    browser, step = await first_step(town)
    assert WRONG_CODES.most > FAILURES.most
    found = [await second_step(browser, step["pending"], app.wrong()) for _ in range(WRONG_CODES.most + 1)]
    assert found == [(403, "factor_refused")] * WRONG_CODES.most + [(429, "too_many_attempts")]
    assert await second_step(browser, step["pending"], app.code(1)) == (429, "too_many_attempts")
    assert await second_step(browser, step["pending"], codes[0]) == (200, "")


async def test_what_is_about_security_is_asked_for_by_who_is_there(town: Town) -> None:
    """Ten minutes after the password it is asked for again; the cookie changes, and what was confirmed is a fact."""
    browser = await town.settle(ADA)
    app, _ = await with_app(town, browser)
    factor_id = (await browser.get("/auth/factors")).json()["factors"][0]["factor_id"]
    town.log.clock.move(STEP_UP)
    for path, body in (
        ("factors/app", {"label": "x"}),
        ("factors/app/confirm", {"factor_id": factor_id, "code": app.code()}),
        ("factors/codes", {}),
        ("factors/remove", {"factor_id": factor_id}),
        ("passkeys/begin", {}),
    ):
        refused = await browser.post(f"/auth/{path}", body)
        assert (refused.status_code, refused.json()["code"]) == (403, "step_up_needed"), path
    assert (await browser.get("/auth/factors")).status_code == 200
    for proof, code in (({"password": "wrong" * 3}, "sign_in_refused"), ({"code": app.wrong()}, "factor_refused")):
        assert (await browser.post("/auth/confirm", proof)).json()["code"] == code
    assert (await browser.post("/auth/confirm", {})).status_code == 422
    before = browser.token
    assert (await browser.post("/auth/confirm", {"password": PASSWORD})).status_code == 200
    assert browser.token != before
    old = town.browser()
    old.token = before
    assert (await old.get("/auth/sessions")).status_code == 401
    assert (await browser.post("/auth/factors/codes", {})).status_code == 200
    town.log.clock.move(STEP_UP)
    assert (await browser.post("/auth/confirm", {"code": app.code()})).status_code == 200
    assert (await browser.post("/auth/factors/remove", {"factor_id": factor_id})).json()["factors"] == []
    missing = await browser.post("/auth/factors/remove", {"factor_id": factor_id})
    assert (missing.status_code, missing.json()["code"]) == (404, "factor_not_found")
    assert (await town.mail_to(ADA, 3)).subject == "A second factor of your account was removed"
    _, step = await first_step(town)
    assert step["status"] == "signed_in"
    me = step["learner_id"]
    assert [fact.data["method"] for fact in await town.log.history(me) if fact.type == "session.confirmed"] == [
        *("totp", "password", "totp"),
    ]


async def test_factors_of_others_are_out_of_reach(town: Town, settings: Settings) -> None:
    """By their ids; and they are gone with the person."""
    owner, stranger = await town.settle(ADA), await town.settle("eve@example.org")
    app, _ = await with_app(town, owner)
    factor_id = (await owner.get("/auth/factors")).json()["factors"][0]["factor_id"]
    assert (await stranger.post("/auth/factors/remove", {"factor_id": factor_id})).status_code == 404
    body = {"factor_id": factor_id, "code": app.code(1)}
    assert (await stranger.post("/auth/factors/app/confirm", body)).json()["code"] == "factor_refused"
    assert (await owner.post("/me/account/erase", {"password": PASSWORD})).status_code == 200

    async def is_gone() -> bool:
        return await query(settings, "SELECT count(*) FROM factors UNION ALL SELECT count(*) FROM recovery_codes") == [
            (0,),
            (0,),
        ]

    await until(is_gone)


async def test_an_admin_proves_to_be_there_before_roles_are_granted(town: Town) -> None:
    """Ten minutes after the second factor it is asked for again; and the staff need longer passwords."""
    ada = await town.settle(ADA)
    app, _ = await with_app(town, ada)
    services = town.app.state.services
    grant = GrantRole(ada.learner_id, ADMIN_OF_CAMPUS, None, "first")
    await services.bus.handle(grant, Context("operator", at=services.log.clock.now()))
    wish = {"role": "instructor", "scope": "run:none", "reason": "x", "learner_id": "x"}

    async def is_admin() -> bool:
        return bool((await ada.post("/roles/grant", wish)).json()["code"] == "run_not_found")

    await until(is_admin)
    town.log.clock.move(STEP_UP)
    for path in ("grant", "revoke"):
        refused = await ada.post(f"/roles/{path}", wish if path == "grant" else {**wish, "scope": "campus"})
        assert (refused.status_code, refused.json()["code"]) == (403, "step_up_needed"), path
    assert (await ada.post("/auth/confirm", {"code": app.code()})).status_code == 200
    assert await is_admin()
    refused = await ada.post("/auth/password", {"old": PASSWORD, "new": "elevenchars"})
    assert (refused.status_code, refused.json()["least"]) == (422, SHORTEST_OF_STAFF)


async def test_a_role_counts_with_a_longer_password(town: Town) -> None:
    """One that was granted to a person with a short one: in no session and by no token, until it is changed."""
    ada, short = await town.settle(ADA, "elevenchars"), "elevenchars"
    app, _ = await with_app(town, ada)
    grant = GrantRole(ada.learner_id, ADMIN_OF_CAMPUS, None, "first")
    services = town.app.state.services
    await services.bus.handle(grant, Context("operator", at=services.log.clock.now()))
    again = town.browser()
    needed = (await again.post("/auth/login", {"email": ADA, "password": short})).json()
    town.log.clock.move(timedelta(seconds=30))
    assert (await again.post("/auth/login/code", {"pending": needed["pending"], "code": app.code()})).status_code == 200
    for browser in (ada, again):

        async def is_refused(browser: Browser = browser) -> bool:
            answer = await browser.get("/roles")
            return bool(answer.json().get("code") == "longer_password_needed")

        await until(is_refused)
        assert (await browser.get("/me/consents")).status_code == 200, "what is the person's own needs no role"
    wish = {"label": "notebook", "scopes": ["read"]}
    token = (await again.post("/auth/tokens", wish)).json()["token"]
    refused = await town.client.get("/v1/roles", headers={"authorization": f"Bearer {token}"})
    assert refused.json()["code"] == "second_factor_needed"
    answer = await again.post("/auth/password", {"old": short, "new": PASSWORD})
    assert answer.status_code == 200, answer.text
    assert (await again.get("/roles")).json()["code"] == "not_built", "it is let in; no projector runs here"


async def test_what_a_factor_has_opened_for_the_staff_ends_with_it(town: Town) -> None:
    """Without any, a session or a token in which one was given counts as any other."""
    ada, services = await town.settle(ADA), town.app.state.services
    await with_app(town, ada)
    grant = GrantRole(ada.learner_id, ADMIN_OF_CAMPUS, None, "first")
    await services.bus.handle(grant, Context("operator", at=services.log.clock.now()))
    token = (await ada.post("/auth/tokens", {"label": "notebook", "scopes": ["read"]})).json()["token"]

    async def answers() -> list[str]:
        headers = ada.cookie, {"authorization": f"Bearer {token}"}
        return [(await town.client.get("/v1/roles", headers=each)).json()["code"] for each in headers]

    async def are_let_in() -> bool:
        return await answers() == ["not_built"] * 2  # no projector runs here

    await until(are_let_in)
    (factor,) = (await ada.get("/auth/factors")).json()["factors"]
    assert (await ada.post("/auth/factors/remove", {"factor_id": factor["factor_id"]})).status_code == 200
    assert await answers() == ["second_factor_needed"] * 2
