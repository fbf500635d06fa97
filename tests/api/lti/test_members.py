"""Names and roles: who has a place on the run, by the library of the double."""

import asyncio
from typing import Any
from urllib.parse import urlencode

from fastapi import FastAPI
from pylti1p3.names_roles import NamesRolesProvisioningService

from adapters.lti.claims import INSTRUCTOR, LEARNER, NRPS
from commands.log import Context
from commands.roles import GrantRole, RevokeRole
from commands.user import RegisterAccount, VerifyEmail
from domain.roles import Grant
from tests.support.lti import ToolDouble


async def test_a_tool_lists_who_has_a_place(tool: ToolDouble) -> None:
    """By the pseudonyms of the launches, page by page; nothing of those who have left."""
    campus = tool.campus
    others = [f"other-{number}-{campus.tag}" for number in range(2)]
    for learner in others:
        await campus.enroll(learner)
    position = await campus.enroll()
    subs = {(await tool.launch(user=learner))["sub"] for learner in (campus.learner, others[0])}
    await campus.see(f"/runs/{campus.run}/learners", position)
    position = await campus.send("/enrollments/withdraw", {"run_id": campus.run, "reason": "moved"}, user=others[1])
    await campus.see(f"/runs/{campus.run}/learners", position)
    claims = await tool.launch()
    service = NamesRolesProvisioningService(tool.connector(), claims[f"{NRPS}claim/namesroleservice"])
    members = await asyncio.to_thread(lambda: list(service.get_members()))
    assert {each["user_id"] for each in members} == subs
    assert all(each["roles"] == [LEARNER] and set(each) == {"status", "user_id", "roles"} for each in members)
    token = await tool.token("members")
    path = f"/v1/lti/runs/{campus.run}/members"
    first = await campus.client.get(path, params={"limit": 1}, headers=token)
    onward = first.headers["link"].partition(">")[0].removeprefix("<").removeprefix(tool.issuer)
    assert onward.endswith(f"page={first.json()['members'][0]['user_id']}")  # and has no id of a learner
    second = await campus.client.get(onward, headers=token)
    assert {each["user_id"] for page in (first, second) for each in page.json()["members"]} == subs
    assert "link" not in second.headers
    foreign = await campus.client.get(path, params={"page": campus.learner.encode().hex()}, headers=token)
    assert foreign.status_code == 422
    teachers = await campus.client.get(path, params={"role": "Instructor"}, headers=token)
    assert teachers.json()["members"] == []
    assert (await campus.client.get(path, params={"rlid": "essay"}, headers=token)).status_code == 404


async def test_a_tool_lists_the_staff(tool: ToolDouble, app: FastAPI) -> None:
    """Of the run and of its course, with the role that they have at a launch; who learns there too has both roles."""
    campus, services = tool.campus, app.state.services
    teaches, assists, gone = (f"{name}-{campus.tag}" for name in ("teaches", "assists", "gone"))
    scopes = {teaches: ("instructor", f"course:{campus.course}"), assists: ("assistant", f"run:{campus.run}")}
    scopes |= {gone: ("assistant", f"run:{campus.run}"), campus.learner: ("instructor", f"run:{campus.run}")}
    position = await campus.enroll()
    for person, (role, scope) in scopes.items():
        context = Context("op", at=services.log.clock.now())
        await services.bus.handle(RegisterAccount(person, f"{person}@example.org"), context)
        await services.bus.handle(VerifyEmail(person), context)
        position = await services.bus.handle(GrantRole(person, Grant(role, scope), None, "teaches"), context)
    over = RevokeRole(gone, Grant("assistant", f"run:{campus.run}"), "over")
    position = await services.bus.handle(over, Context("op", at=services.log.clock.now()))
    await campus.see("/roles", position, user="admin")
    await campus.see("/accounts", position, user="admin")
    await campus.see(f"/runs/{campus.run}/learners", position)
    token, path = await tool.token("members"), f"/v1/lti/runs/{campus.run}/members"

    async def listed(**asked: Any) -> list[list[str]]:
        answer = await campus.client.get(path, params=asked, headers=token)
        assert answer.status_code == 200, answer.text
        return sorted(each["roles"] for each in answer.json()["members"])

    assert await listed() == [[INSTRUCTOR], [INSTRUCTOR], [INSTRUCTOR, LEARNER]]
    assert await listed(role="Instructor") == [[INSTRUCTOR]] * 3
    assert await listed(role=LEARNER) == [[LEARNER]]

    async def page_by_page(**asked: Any) -> list[str]:
        found, onward = list[str](), f"{path}?{urlencode({'limit': 1, **asked})}"
        while onward:
            page = await campus.client.get(onward, headers=token)
            found += [each["user_id"] for each in page.json()["members"]]
            onward = page.headers.get("link", "").partition(">")[0].removeprefix("<").removeprefix(tool.issuer)
        return found

    everyone, sub = await page_by_page(), (await tool.launch())["sub"]
    assert len(everyone) == len(set(everyone)) == 3
    assert sub in everyone
    assert await page_by_page(role=LEARNER) == [sub]


async def test_names_and_addresses_are_shared_where_that_is_agreed(tool: ToolDouble, app: FastAPI) -> None:
    """At launches and in the list of members; from the next one on."""
    campus, services = tool.campus, app.state.services
    me, context = campus.learner, Context(campus.learner)
    await services.bus.handle(RegisterAccount(me, f"{me}@example.org"), context)
    await services.bus.handle(VerifyEmail(me), context)
    await campus.send("/me/account/profile", {"display_name": "Ada Lovelace"})
    position = await campus.enroll()
    await campus.see(f"/runs/{campus.run}/learners", position)
    token, whole = await tool.token("members"), {"name": "Ada Lovelace", "email": f"{me}@example.org"}
    for shares in (["name"], ["email"], ["email", "name"], []):
        terms = {**tool.terms, "shares": shares, "reason": "agreed"}
        await campus.send(f"/lti/tools/{tool.tool_id}/change", terms, user="admin")
        known = {name: whole[name] for name in shares}
        claims = await tool.launch()
        assert {name: claims[name] for name in whole if name in claims} == known
        answer = await campus.client.get(f"/v1/lti/runs/{campus.run}/members", headers=token)
        (member,) = answer.json()["members"]
        assert {name: member[name] for name in whole if name in member} == known


async def test_two_tools_know_two_persons(tool: ToolDouble) -> None:
    """The same learner has another name with each tool, and always the same with one."""
    position = await tool.campus.enroll()
    first = (await tool.launch())["sub"]
    assert first == (await tool.launch())["sub"]
    assert len(first) <= 255
    assert tool.campus.learner not in first
    campus, tool.tool_id = tool.campus, f"tool-o{tool.campus.tag}"
    await campus.send("/lti/tools", {"tool_id": tool.tool_id, "reason": "x", **tool.terms}, user="admin")
    deployment = {"course_id": campus.course, "reason": "x"}
    await campus.send(f"/lti/tools/{tool.tool_id}/deploy", deployment, user="admin")
    path, token = f"/v1/lti/runs/{campus.run}/members", await tool.token("members")
    await campus.see(f"/runs/{campus.run}/learners", position)
    (member,) = (await campus.client.get(path, headers=token)).json()["members"]
    assert member["user_id"] != first
    assert (await campus.client.get(path, params={"page": first}, headers=token)).status_code == 422
