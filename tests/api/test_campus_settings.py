"""Settings over HTTP: who changes them, what they do, and how fast they hold elsewhere."""

from collections.abc import AsyncIterator

import httpx
import pytest

from adapters.settings import Settings
from api.app import build
from tests.support.api import Campus, served
from tests.support.people import Town
from tests.support.people import town as town_of
from tests.support.polling import until


@pytest.fixture
async def town(settings: Settings) -> AsyncIterator[Town]:
    """A campus whose mails arrive."""
    async with town_of(settings) as town:
        yield town


async def change(campus: Campus, name: str, value: str, **headers: str) -> httpx.Response:
    """An admin changes a setting."""
    body = {"name": name, "value": value, "reason": "the term has begun"}
    sent = await campus.as_user("admin", **headers)
    return await campus.client.post("/v1/settings", json=body, headers=sent)


async def test_a_change_holds_in_other_processes_and_is_kept(town: Town, settings: Settings) -> None:
    """Registration is closed there as well; the history says who, when, why and under which ticket."""
    campus = Campus(town.client)
    async with served(build(settings)) as elsewhere:
        assert (await elsewhere.get("/v1/campus")).json() == {
            "name": "Campuslog", "support_address": "", "takes_registrations": True,
        }  # fmt: skip
        assert (await change(campus, "registration", "closed", **{"campus-ticket": "HELP-5"})).status_code == 202
        assert (await change(campus, "campus_name", "Algebra Academy")).status_code == 202

        async def is_known() -> bool:
            found = (await elsewhere.get("/v1/campus")).json()
            return (found["name"], found["takes_registrations"]) == ("Algebra Academy", False)

        await until(is_known)

    async def is_known_here() -> bool:
        return bool((await town.client.get("/v1/campus")).json()["name"] == "Algebra Academy")

    await until(is_known_here)
    refused = await town.browser().post("/auth/register", {"email": "ada@example.org"})
    assert (refused.status_code, refused.json()["code"]) == (403, "registration_by_invitation")
    values = {each["name"]: each["value"] for each in (await campus.get("/settings", user="auditor")).json()["items"]}
    assert (values["registration"], values["campus_name"], values["tickets"]) == (
        "closed",
        "Algebra Academy",
        "optional",
    )
    page = (await campus.get("/settings/changes", user="auditor", limit=1)).json()
    (first,) = (await campus.get("/settings/changes", limit=1, cursor=page["next"])).json()["items"]
    assert (page["items"][0]["name"], first["name"]) == ("campus_name", "registration")
    assert (first["old"], first["new"], first["by"], first["ticket"]) == ("open", "closed", "admin", "HELP-5")
    wrong = await change(campus, "registration", "ajar")
    assert (wrong.status_code, wrong.json()["code"]) == (422, "unfit_setting")
    assert (await campus.get("/settings", user="instructor")).json()["code"] == "admins_only"


async def test_a_campus_may_ask_its_admins_for_tickets_and_reasons(settings: Settings) -> None:
    """Of all that they do as admins; a reason in the body is one; others are asked for nothing."""
    async with served(build(settings)) as client:
        campus = Campus(client)
        for name in ("tickets", "reasons"):
            ticket = {} if name == "tickets" else {"campus-ticket": "HELP-1"}
            assert (await change(campus, name, "required", **ticket)).status_code == 202
        course = {"course_id": campus.course, "title": "Algebra"}

        async def answered(user: str, **headers: str) -> str:
            sent = await campus.as_user(user, **headers)
            answer = await client.post("/v1/courses", json=course, headers=sent)
            return str(answer.json().get("code", answer.status_code))

        async def needs_a_ticket() -> bool:
            return await answered("admin") == "ticket_needed"

        await until(needs_a_ticket)
        assert await answered("admin", **{"campus-ticket": "HELP-1"}) == "reason_of_admin_needed"
        assert (await change(campus, "campus_name", "Other", **{"campus-ticket": "HELP-1"})).status_code == 202
        prepared = await campus.post("/bulk-jobs", {"kind": "enroll", "ids": ["ann"]}, user="admin")
        assert prepared.json()["code"] == "ticket_needed"
        assert await answered("instructor") == "202"
        assert await answered("admin", **{"campus-ticket": "HELP-1", "campus-reason": "new"}) in (
            "202",
            "course_exists",
        )
