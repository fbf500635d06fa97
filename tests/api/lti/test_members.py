"""Names and roles: who has a place on the run, by the library of the double."""

import asyncio

from pylti1p3.names_roles import NamesRolesProvisioningService

from adapters.lti.claims import LEARNER, NRPS
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
    second = await campus.client.get(onward, headers=token)
    assert {each["user_id"] for page in (first, second) for each in page.json()["members"]} == subs
    assert "link" not in second.headers
    teachers = await campus.client.get(path, params={"role": "Instructor"}, headers=token)
    assert teachers.json()["members"] == []
    assert (await campus.client.get(path, params={"rlid": "essay"}, headers=token)).status_code == 404


async def test_two_tools_know_two_persons(tool: ToolDouble) -> None:
    """The same learner has another name with each tool, and always the same with one."""
    await tool.campus.enroll()
    first = (await tool.launch())["sub"]
    assert first == (await tool.launch())["sub"]
    assert len(first) <= 255
    assert tool.campus.learner not in first
