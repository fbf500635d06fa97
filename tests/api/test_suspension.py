"""The staff let a person in no more, let the person in again, and end the sessions of another."""

from collections.abc import AsyncIterator

import pytest

from adapters.settings import Settings
from api.http.services import Services
from api.http.sessions import ENDED
from commands.log import Context
from commands.roles import GrantRole
from domain.auth import FactorKind
from domain.roles import ADMIN_OF_CAMPUS
from tests.support.appends import query
from tests.support.people import PASSWORD, Browser, Town, stream_of
from tests.support.people import town as town_of
from tests.support.polling import guard, until

ADA, BOB = "ada@example.org", "bob@example.org"
WHY = {"reason": "telephone was stolen"}


@pytest.fixture
async def town(settings: Settings) -> AsyncIterator[Town]:
    """A campus whose mails arrive."""
    async with town_of(settings) as town:
        yield town


async def admin_of(town: Town, settings: Settings) -> Browser:
    """An admin with a second factor, who has just proved to be there."""
    ada = await town.settle(ADA)
    services: Services = town.app.state.services
    await services.bus.handle(GrantRole(ada.learner_id, ADMIN_OF_CAMPUS, None, "first"), Context("operator"))
    await query(settings, "UPDATE sessions SET factor_at = now(), confirmed_at = now()")

    async def is_admin() -> bool:
        return (await ada.get("/accounts")).status_code != 403

    await until(is_admin)
    return ada


async def test_who_is_suspended_is_out_at_once(town: Town, settings: Settings) -> None:
    """Sessions, tokens and open streams end, and no one signs in; reinstated, the person signs in as before."""
    ada, bob = await admin_of(town, settings), await town.settle(BOB)
    me, sign_in = f"/learners/{bob.learner_id}", {"email": BOB, "password": PASSWORD}
    token = (await bob.post("/auth/tokens", {"label": "x", "scopes": ["read"], "days": 1})).json()
    assert (await bob.post(f"{me}/suspend", WHY)).json()["code"] == "admins_only"
    async with stream_of(town, bob) as stream:
        assert (await ada.post(f"{me}/suspend", WHY)).status_code == 202
        async with guard():
            assert (await stream).endswith(ENDED)
    assert (await bob.get("/me/account")).status_code == 401
    assert (await town.browser().post("/auth/login", sign_in)).json()["code"] == "sign_in_refused"
    if "token" in token:
        headers = {"authorization": f"Bearer {token['token']}"}
        assert (await town.client.get("/v1/me/account", headers=headers)).status_code == 401
    last = await ada.post(f"/learners/{ada.learner_id}/suspend", WHY)
    assert (last.status_code, last.json()["code"]) == (409, "last_admin")
    facts = await town.log.history(bob.learner_id)
    (suspended,) = [fact for fact in facts if fact.type == "user.suspended"]
    key = await town.log.keys.reading(suspended.stream_id)
    assert (key.open(suspended.data["reason"]), suspended.meta.role) == (WHY["reason"], "admin")
    assert {fact.data["cause"] for fact in facts if fact.type == "session.revoked"} == {"suspension"}
    assert (await ada.post(f"{me}/reinstate", WHY)).status_code == 202
    assert (await bob.get("/me/account")).status_code == 401, "what has ended stays so"
    assert (await bob.post("/auth/login", sign_in)).status_code == 200
    assert (await bob.get("/me/roles")).status_code != 401


async def test_an_admin_ends_the_sessions_of_another(town: Town, settings: Settings) -> None:
    """All of them; the person signs in again, and reads who has ended them."""
    ada, bob = await admin_of(town, settings), await town.settle(BOB)
    path, sign_in = f"/learners/{bob.learner_id}/sessions/end", {"email": BOB, "password": PASSWORD}
    other = town.browser()
    assert (await other.post("/auth/login", sign_in)).status_code == 200
    assert (await ada.post(path, WHY)).json() == {"ended": 2}
    assert (await ada.post(path, WHY)).json() == {"ended": 0}
    for browser in (bob, other):
        assert (await browser.get("/auth/sessions")).status_code == 401
    assert (await bob.post("/auth/login", sign_in)).status_code == 200
    facts = [fact for fact in await town.log.history(bob.learner_id) if fact.type == "session.revoked"]
    assert {(fact.data["cause"], fact.meta.actor, fact.meta.role) for fact in facts} == {
        ("staff", ada.learner_id, "admin")
    }
    assert (await ada.post("/learners/unknown/sessions/end", WHY)).json()["code"] == "account_not_found"


async def test_who_has_lost_all_factors_gets_in_again(town: Town, settings: Settings) -> None:
    """
    The staff take the factors off, with how the person has proved who it is; then the mailbox is proved, as at first.

    Who only knows the password stays outside, and the person reads of it in a mail.
    """
    ada, bob = await admin_of(town, settings), await town.settle(BOB)
    people = town.app.state.services.people
    for factor_id in ("f1", "f2"):
        await people.factors.add(bob.learner_id, factor_id, FactorKind.TOTP, "r")
    await town.mail_to(BOB, 3)
    path, sign_in = f"/learners/{bob.learner_id}/factors/remove", {"email": BOB, "password": PASSWORD}
    assert (await bob.post(path, WHY)).json()["code"] == "admins_only"
    assert (await ada.post(path, {"reason": ""})).status_code == 422
    assert (await ada.post("/learners/unknown/factors/remove", WHY)).json()["code"] == "account_not_found"
    assert (await ada.post(path, WHY)).json() == {"removed": 2}
    assert (await ada.post(path, WHY)).json() == {"removed": 0}
    assert (await bob.get("/auth/sessions")).status_code == 401
    assert (await town.browser().post("/auth/login", sign_in)).json()["code"] == "sign_in_refused"
    await town.mail_to(BOB, 5)
    await bob.post("/auth/forgotten", {"email": BOB})
    body = {"token": await town.link_to(BOB, 6), "password": "nine quiet otters"}
    assert (await bob.post("/auth/reset", body)).status_code == 200
    answer = await bob.post("/auth/login", {"email": BOB, "password": "nine quiet otters"})
    assert answer.json()["status"] == "signed_in", answer.text
    assert (await bob.get("/auth/factors")).json() == {"factors": [], "recovery_codes_left": 0}
    removed = [each for each in await town.log.history(bob.learner_id) if each.type == "credentials.factor_removed"]
    assert [(each.meta.actor, each.meta.role) for each in removed] == [(ada.learner_id, "admin")] * 2
    assert removed[0].meta.reason not in (None, WHY["reason"]), "it is sealed"
