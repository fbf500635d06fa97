"""Accounts for admins and auditors, and names behind glass."""

from datetime import UTC, datetime, timedelta

import pytest
from fastapi import FastAPI

from api.http.services import Services
from commands.log import Context
from commands.user import ChangeProfile, RegisterAccount, RequestErasure, VerifyEmail
from tests.support.api import Campus
from tests.support.polling import until


async def registered(services: Services, learner_id: str) -> int:
    """An account with a name; the position of its last fact."""
    context = Context(learner_id)
    await services.bus.handle(RegisterAccount(learner_id, f"{learner_id}@example.org"), context)
    await services.bus.handle(VerifyEmail(learner_id), context)
    return await services.bus.handle(ChangeProfile(learner_id, {"display_name": "Ada Lovelace"}), context)


async def test_names_are_opened_by_a_request_with_a_reason(campus: Campus, app: FastAPI) -> None:
    """To the reader who has asked, until the end; request and looks are in the learner's history."""
    services: Services = app.state.services
    me = campus.learner
    position = await registered(services, me)
    path, glass = f"/learners/{me}/account", f"/learners/{me}/break-glass"
    for user in ("admin", "auditor"):
        account = await campus.see(path, position, user=user)
        assert (account["status"], account["opened_until"]) == ("active", None)
        assert {account[name] for name in ("email", "display_name", "language", "time_zone")} == {None}
    until = (services.log.clock.now() + timedelta(minutes=30)).replace(microsecond=0)
    body = {"until": until.isoformat(), "reason": f"dispute {campus.tag}"}
    await campus.send(glass, body, user="auditor")
    account = (await campus.get(path, user="auditor")).json()
    assert (account["email"], account["display_name"]) == (f"{me}@example.org", "Ada Lovelace")
    assert account["opened_until"] == until.astimezone(UTC).isoformat().replace("+00:00", "Z")
    assert (await campus.get(path, user="admin")).json()["email"] is None, "it is open to who has asked"
    facts = await services.log.history(me)
    (opened,) = [fact for fact in facts if fact.type == "break_glass.opened"]
    key = await services.log.keys.reading(opened.stream_id)
    assert (key.open(opened.data["reason"]), opened.meta.actor) == (body["reason"], "auditor")
    (look,) = [fact for fact in facts if fact.type == "record.viewed"]
    assert (look.data["by"], look.data["what"]) == ("auditor", f"/v1{path}")
    services.log.clock.move(timedelta(minutes=31))
    try:
        assert (await campus.get(path, user="auditor")).json()["email"] is None, "the end has come"
    finally:
        services.log.clock.move(-timedelta(minutes=31))
    for user in ("instructor", me, f"other-{campus.tag}"):
        for refused in (await campus.get(path, user=user), await campus.post(glass, body, user=user)):
            assert (refused.status_code, refused.json()["code"]) == (403, "admins_only"), user


@pytest.mark.parametrize(("shift", "code"), [(-1, "unfit_opening"), (25 * 60, "unfit_opening")])
async def test_glass_is_broken_for_a_day_at_most(campus: Campus, shift: int, code: str) -> None:
    """And not for a time that is past."""
    until = datetime.now(UTC) + timedelta(minutes=shift)
    body = {"until": until.isoformat(), "reason": "x"}
    answer = await campus.post(f"/learners/{campus.learner}/break-glass", body, user="admin")
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    answer = await campus.post(f"/learners/{campus.learner}/break-glass", {"until": until.isoformat()}, user="admin")
    assert answer.json()["code"] == "invalid_request"


async def test_accounts_are_listed_without_names(campus: Campus, app: FastAPI) -> None:
    """Page by page, and by how they stand."""
    services: Services = app.state.services
    ids = sorted(f"{campus.tag}-{number}" for number in range(3))
    for each in ids:
        await registered(services, each)
    position = await services.bus.handle(RequestErasure(ids[1]), Context(ids[1]))
    seen, page = [], await campus.see("/accounts", position, limit=1)
    while page["next"] is not None:
        seen += page["items"]
        page = await campus.see("/accounts", position, limit=1, cursor=page["next"])
    seen += page["items"]
    own = [each for each in seen if each["learner_id"] in ids]
    assert [(each["learner_id"], each["status"]) for each in own] == [
        (ids[0], "active"),
        (ids[1], "erased"),
        (ids[2], "active"),
    ]
    assert "email" not in str(seen)
    erased = await campus.see("/accounts", position, user="auditor", status="erased", limit=200)
    assert ids[1] in [each["learner_id"] for each in erased["items"]]
    assert ids[0] not in [each["learner_id"] for each in erased["items"]]
    assert (await campus.get("/accounts", user="instructor")).status_code == 403


async def test_a_person_is_erased_by_an_admin(campus: Campus, app: FastAPI) -> None:
    """With an account, whose roles end; or without one, as those have who were imported; by no one else."""
    services: Services = app.state.services
    await campus.open_run()
    me, imported, body = campus.learner, f"imported-{campus.tag}", {"ground": "asked"}
    await registered(services, me)
    grant = {"learner_id": me, "role": "assistant", "scope": f"run:{campus.run}", "reason": "helps"}
    await campus.send("/roles/grant", grant, user="admin")
    await campus.send("/enrollments", {"run_id": campus.run}, user=imported)
    for user in ("instructor", "auditor", me):
        assert (await campus.post(f"/learners/{imported}/erase", body, user=user)).status_code == 403, user
    for ground in ("", "because", None):
        refused = await campus.post(f"/learners/{imported}/erase", {"ground": ground}, user="admin")
        assert refused.status_code == 422
    unknown = await campus.post(f"/learners/no-{campus.tag}/erase", body, user="admin")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "account_not_found")
    for person in (me, imported):
        position = await campus.send(f"/learners/{person}/erase", body, user="admin")
        assert await campus.send(f"/learners/{person}/erase", body, user="admin") == position
        fact = (await services.log.stream(f"user-{person}"))[-1]
        assert (fact.data, fact.meta.actor) == ({"ground": "asked"}, "admin")

    async def has_no_role() -> bool:
        return (await services.log.stream(f"role-{me}"))[-1].type == "role.revoked"

    await until(has_no_role)


async def test_an_account_is_found_by_its_whole_address(campus: Campus, app: FastAPI) -> None:
    """By admins and auditors, with a reason; that is a look, which the person can read."""
    services: Services = app.state.services
    address, why = f"{campus.tag}@example.org", {"reason": "has written to us"}
    learner_id = await services.people.addresses.claim(address, campus.learner)
    assert learner_id == campus.learner
    await services.bus.handle(RegisterAccount(campus.learner, address), Context(campus.learner))
    found = await campus.post("/accounts/find", {"email": address, **why}, user="auditor")
    assert (found.status_code, found.json()) == (200, {"learner_id": campus.learner})
    (look,) = [fact for fact in await services.log.history(campus.learner) if fact.type == "record.viewed"]
    assert (look.data["by"], look.data["what"], look.meta.role) == ("auditor", "/v1/accounts/find", "auditor")
    other = await campus.post("/accounts/find", {"email": f"x{address}", **why}, user="admin")
    assert (other.status_code, other.json()["code"]) == (404, "address_not_found")
    assert (await campus.post("/accounts/find", {"email": address, **why}, user="instructor")).status_code == 403
