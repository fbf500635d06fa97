"""Invitations to a run over HTTP: staff invite a person or an address, the learner answers."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from adapters.command_bus.bus import Bus
from adapters.run_invitations import invitations_to_run
from adapters.settings import Settings
from commands.log import Context
from tests.support.api import Campus
from tests.support.people import Town
from tests.support.people import town as town_of
from tests.support.usecases import AT, COURSE, LASTING, LONG


async def items(campus: Campus, path: str, user: str) -> list[dict[str, Any]]:
    """The invitations of a list."""
    found: list[dict[str, Any]] = (await campus.see(path, 0, user=user))["items"]
    return found


async def test_a_learner_accepts_an_invitation(campus: Campus) -> None:
    """It is seen by the learner and by the staff, accepted once, and gives a place."""
    await campus.open_run(capacity=1)
    path, run, ann = f"/runs/{campus.run}/invitations", {"run_id": campus.run}, campus.learner
    refused = await campus.post(path, {"learner_id": ann}, user=ann)
    assert (refused.status_code, refused.json()["code"]) == (403, "staff_only")
    await campus.send(path, {"learner_id": ann}, user="instructor")
    (found,) = await items(campus, "/me/invitations", ann)
    assert (found["run_id"], found["status"]) == (campus.run, "invited")
    days = datetime.fromisoformat(found["until"]) - datetime.now(UTC)
    assert timedelta(days=13) < days <= timedelta(days=14)

    accepted = await campus.send("/enrollments/accept-invitation", run)
    assert await campus.send("/enrollments/accept-invitation", run) == accepted
    assert [each["status"] for each in await items(campus, path, "instructor")] == ["accepted"]
    dashboard = await campus.see("/me/dashboard", accepted, user=ann)
    assert dashboard["courses"][0]["status"] == "active"
    refused = await campus.post("/enrollments/decline-invitation", run)
    assert (refused.status_code, refused.json()["code"]) == (409, "invitation_over")


async def test_an_invitation_is_declined_or_revoked(campus: Campus) -> None:
    """Then it is not accepted, and staff may invite again."""
    await campus.open_run()
    path, run, ben = f"/runs/{campus.run}/invitations", {"run_id": campus.run}, f"ben-{campus.tag}"
    for learner in (campus.learner, ben):
        await campus.send(path, {"learner_id": learner, "until": "2126-01-01T00:00:00Z"}, user="admin")
    await campus.send("/enrollments/decline-invitation", run)
    await campus.send(f"{path}/revoke", {"learner_id": ben}, user="admin")
    assert [each["status"] for each in await items(campus, path, "admin")] == ["declined", "revoked"]
    for learner in (campus.learner, ben):
        refused = await campus.post("/enrollments/accept-invitation", run, user=learner)
        assert refused.json()["code"] == "invitation_over"
    past = {"learner_id": "x", "until": "2020-01-01T00:00:00Z"}
    bodies: tuple[dict[str, str], ...] = ({}, {"learner_id": "x", "email": "x@example.org"}, past)
    codes = [(await campus.post(path, body, user="admin")).json()["code"] for body in bodies]
    assert codes == ["ambiguous_invitee", "ambiguous_invitee", "invitation_in_the_past"]


@pytest.fixture
async def town(settings: Settings) -> AsyncIterator[Town]:
    """A campus whose mails arrive, with a course."""
    async with town_of(settings) as town:
        for command in (*COURSE, *LASTING):
            await Bus(town.log).handle(command, Context("test", AT))
        yield town


async def test_an_address_is_invited(town: Town) -> None:
    """An account is opened, and the person gets a mail for it, and one that says that there is an invitation."""
    token = (await town.client.post("/v1/dev/login", json={"user": "admin"})).json()["token"]
    headers, path = {"authorization": f"Bearer {token}"}, f"/v1/runs/{LONG}/invitations"
    answer = await town.client.post(path, json={"email": "ada@example.org"}, headers=headers)
    assert answer.status_code == 202, answer.text
    ((found,), _) = await invitations_to_run(town.log, LONG, AT)
    assert [fact.type for fact in await town.log.stream(f"user-{found.learner_id}")] == ["user.invited"]
    await town.mail_to("ada@example.org", 2)
    assert {mail.subject for mail in town.inbox.mails} == {"You are invited", "You are invited to a course"}
