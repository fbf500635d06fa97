"""Roles over HTTP: who may grant them, what they let a session do, and how fast they end."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import msgspec
import pytest
from fastapi import FastAPI

from adapters.personal.opening import with_words
from adapters.postgres.log.append import Append
from adapters.settings import Settings
from api.http.services import Services
from api.http.sessions import ENDED
from commands.log import Context
from commands.roles import GrantRole
from commands.user import RegisterAccount
from domain.personal import is_sealed
from domain.roles import ADMIN_OF_CAMPUS, Grant
from tests.support.api import Campus
from tests.support.appends import new_event, opened, query
from tests.support.people import Browser, Town, stream_of
from tests.support.people import town as town_of
from tests.support.polling import guard, until
from tests.support.roles import as_process

ADA, BOB = "ada@example.org", "bob@example.org"
NOWHERE = {"role": "instructor", "scope": "run:none", "reason": "x", "learner_id": "x"}


@pytest.fixture
async def town(settings: Settings) -> AsyncIterator[Town]:
    """A campus whose mails arrive."""
    async with town_of(settings) as town:
        yield town


async def answered(browser: Browser, code: str) -> None:
    """Wait until a command that only an admin may send is refused with this code."""

    async def is_so() -> bool:
        answer: httpx.Response = await browser.post("/roles/grant", NOWHERE)
        return bool(answer.json()["code"] == code)

    await until(is_so)


async def test_a_session_has_the_roles_of_its_person_at_once(town: Town, settings: Settings) -> None:
    """Granted on the machine, and by an admin to another; revoked, the session goes on, as a learner's."""
    ada, bob = await town.settle(ADA), await town.settle(BOB)
    refused = await ada.post("/roles/grant", NOWHERE)
    assert (refused.status_code, refused.json()["code"]) == (403, "admins_only")
    services: Services = town.app.state.services
    now = services.log.clock.now()
    await services.bus.handle(GrantRole(ada.learner_id, ADMIN_OF_CAMPUS, None, "first"), Context("operator", at=now))
    await answered(ada, "second_factor_needed")
    await query(settings, "UPDATE sessions SET factor_at = now()")
    await answered(ada, "run_not_found")
    body: dict[str, Any] = {"learner_id": bob.learner_id, "role": "admin", "reason": "second"}
    assert (await ada.post("/roles/grant", body)).status_code == 202
    facts = await town.log.stream(f"role-{bob.learner_id}")
    assert is_sealed(facts[0].data["reason"])
    (fact,) = await with_words(town.log.keys, facts)
    assert (fact.data["reason"], fact.meta.actor) == ("second", ada.learner_id)
    await answered(bob, "run_not_found")

    body = {"learner_id": ada.learner_id, "role": "admin", "reason": "leaves"}
    async with stream_of(town, ada, "/v1/overview/events") as overview, stream_of(town, bob) as other:
        assert (await bob.post("/roles/revoke", body)).status_code == 202
        async with guard():
            assert (await overview).endswith(ENDED)
        assert not other.done()
    await answered(ada, "admins_only")
    assert (await ada.get("/auth/sessions")).status_code == 200
    body["learner_id"] = bob.learner_id
    last = await bob.post("/roles/revoke", body)
    assert (last.status_code, last.json()["code"]) == (409, "last_admin")
    assert (await bob.get("/auth/sessions")).status_code == 200


async def test_roles_are_listed(campus: Campus, app: FastAPI) -> None:
    """To admins and auditors those of all, page by page and narrowed; to each person the own ones."""
    services: Services = app.state.services
    await campus.open_run()
    me, scope = campus.learner, f"run:{campus.run}"
    await services.bus.handle(RegisterAccount(me, f"{me}@example.org"), Context(me))
    for role in ("instructor", "assistant"):
        body = {"learner_id": me, "role": role, "scope": scope, "reason": "teaches"}
        position = await campus.send("/roles/grant", body, user="admin")
    now = services.log.clock.now()
    grant = GrantRole(f"service-{campus.tag}", Grant("service", "campus"), None, "nightly")
    position = await services.bus.handle(grant, Context("op", at=now))
    found = await campus.see("/roles", position, scope=scope)
    assert [(each["role"], each["granted_by"], each["until"]) for each in found["items"]] == [
        ("assistant", "admin", None),
        ("instructor", "admin", None),
    ]
    page = await campus.see("/roles", position, user="auditor", person=me, limit=1)
    rest = await campus.see("/roles", position, person=me, limit=1, cursor=page["next"])
    assert [each["items"][0]["role"] for each in (page, rest)] == ["assistant", "instructor"]
    assert rest["next"] is None
    services_of_all = (await campus.see("/roles", position, role="service"))["items"]  # of other tests as well
    assert {each["role"] for each in services_of_all} == {"service"}
    assert [each["learner_id"] for each in services_of_all].count(f"service-{campus.tag}") == 1
    own = await campus.see("/me/roles", position, user=me)
    assert own["items"] == found["items"]
    for user in (me, "instructor"):
        assert (await campus.get("/roles", user=user)).json()["code"] == "admins_only"
        assert (await campus.post("/roles/revoke", body, user=user)).json()["code"] == "admins_only"
    position = await campus.send("/roles/revoke", body, user="admin")
    assert [each["role"] for each in (await campus.see("/me/roles", position, user=me))["items"]] == ["instructor"]


async def test_reasons_of_roles_are_sealed(campus: Campus, app: FastAPI, lively: Settings) -> None:
    """Those of before are in clear and stay readable; without the key of the person what was sealed is erased."""
    services: Services = app.state.services
    me, log = campus.learner, services.log
    grant = {"role": "auditor", "scope": "campus", "until": None, "reason": "audits the books"}
    await log.append(Append([new_event(f"role-{me}", 1, type="role.granted", data=msgspec.json.encode(grant))]))
    await services.bus.handle(RegisterAccount(me, f"{me}@example.org"), Context(me))
    body = {"learner_id": me, "role": "analyst", "reason": "stands in for Ann, who is ill"}
    position = await campus.send("/roles/grant", body, user="admin")

    async def reasons(user: str) -> list[str]:
        path = "/me/roles" if user == me else "/roles"
        found = await campus.see(path, position, user=user, **({} if user == me else {"person": me}))
        return [each["reason"] for each in found["items"]]

    for user in ("admin", "auditor", me):
        assert await reasons(user) == ["stands in for Ann, who is ill", "audits the books"]
    rows = await query(services.settings, "SELECT reason FROM role_grants WHERE learner_id = %s ORDER BY role", me)
    assert [is_sealed(reason) for (reason,) in rows] == [True, False]
    async with opened(as_process(lively, "dispatcher")) as other:
        await other.keys.destroy(me)
    assert await reasons("admin") == ["erased", "audits the books"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"role": "learner"},
        {"role": "root"},
        {"scope": "run:"},
        {"scope": "run:a:b"},
        {"scope": "everywhere"},
        {"reason": ""},
        {"until": "2020-01-01T00:00:00Z"},
        {"until": 1},
        {"actor": "x"},
    ],
)
async def test_what_is_no_grant_is_refused(campus: Campus, app: FastAPI, wrong: dict[str, Any]) -> None:
    """A role that there is not or that is no grant, a scope that is none, no reason, an end that is past."""
    services: Services = app.state.services
    await services.bus.handle(RegisterAccount(campus.learner, f"{campus.learner}@example.org"), Context("x"))
    body = {"learner_id": campus.learner, "role": "auditor", "reason": "audits", **wrong}
    answer = await campus.post("/roles/grant", body, user="admin")
    assert answer.status_code == 422, answer.text
