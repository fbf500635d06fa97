"""Deep linking: an editor chooses content of a tool, which becomes units of the draft."""

from typing import Any
from uuid import uuid4

import msgspec
from fastapi import FastAPI

from adapters.lti.claims import DEEP_LINKING, LTI
from adapters.lti.sealed import LinkTicket
from api.lti.deep_links import is_editor
from api.lti.launches import CHOSEN, LASTS
from commands.log import Context
from commands.roles import GrantRole, RevokeRole
from commands.user import RegisterAccount
from domain.roles import Grant
from tests.support.lti import OTHER_KEY, ToolDouble, broken
from tests.support.polling import until

ITEM: dict[str, Any] = {
    "type": "ltiResourceLink",
    "title": "Second lab",
    "custom": {"level": "4"},
    "lineItem": {"scoreMaximum": 10, "resourceId": "r-2", "tag": "lab"},
}


async def chosen(tool: ToolDouble, *, user: str = "admin") -> str:
    """What the tool was given with a request to choose, as the double has it."""
    campus = tool.campus
    await campus.send(f"/courses/{campus.course}/draft", {"revision": 0}, user="admin")
    answer = await campus.post(f"/courses/{campus.course}/draft/deep-links", {"tool_id": tool.tool_id}, user=user)
    assert answer.status_code == 200, answer.text
    cookie = answer.headers["set-cookie"].partition(";")[0]
    campus.client.cookies.clear()
    claims = await tool.launched(await tool.authorize(await tool.log_in(answer.json()["url"]), cookie))
    settings: dict[str, Any] = claims[f"{DEEP_LINKING}deep_linking_settings"]
    assert claims[f"{LTI}message_type"] == "LtiDeepLinkingRequest"
    assert settings["deep_link_return_url"] == f"{tool.issuer}/v1/lti/deep-links"
    return str(settings["data"])


async def send(tool: ToolDouble, signed: str) -> int:
    """Bring the choice of a tool back by the browser."""
    return (await tool.campus.client.post("/v1/lti/deep-links", data={"JWT": signed})).status_code


async def test_a_choice_becomes_units_of_the_draft(tool: ToolDouble) -> None:
    """In the editor's name; the same choice is taken once."""
    data = await chosen(tool)
    signed = tool.signed(tool.choice(data, ITEM))
    assert await send(tool, signed) == 200
    draft = (await tool.campus.get(f"/courses/{tool.campus.course}/draft")).json()
    unit = draft["units"][-1]
    assert (unit["kind"], unit["title"]) == ("lti", "Second lab")
    assert unit["lti"] == {
        "tool_id": tool.tool_id,
        "custom": {"level": "4"},
        "maximum": 10,
        "resource_id": "r-2",
        "tag": "lab",
    }
    assert await send(tool, signed) == 403
    assert await send(tool, tool.signed(tool.choice(data, ITEM))) == 403


async def test_what_was_not_asked_for_is_not_taken(tool: ToolDouble) -> None:
    """Another key, audience, deployment, message, or data of another; a nonce that was there; what is no link."""
    data = await chosen(tool)
    wrong: list[dict[str, Any]] = [
        {"aud": "https://other.example"},
        {f"{LTI}deployment_id": "other"},
        {f"{LTI}message_type": "LtiResourceLinkRequest"},
        {f"{LTI}version": "1.1"},
        {f"{DEEP_LINKING}data": broken(data)},
        {f"{DEEP_LINKING}data": None},
        {"nonce": None},
        {"exp": 1},
    ]
    for change in wrong:
        assert await send(tool, tool.signed(tool.choice(data, ITEM, **change))) == 403, change
    assert await send(tool, tool.signed(tool.choice(data, ITEM), OTHER_KEY)) == 403
    bad: list[dict[str, Any]] = [
        {"type": "file"},
        *({"title": title} for title in (7, "NUL\0")),
        {"lineItem": {"scoreMaximum": 0.5}},
        *({"custom": custom} for custom in ({"level": "\0"}, {"\0": "4"}, {"level": 4})),
        {"lineItem": {"tag": 7}},
    ]
    for change in bad:
        item = {**ITEM, **change}
        assert await send(tool, tool.signed(tool.choice(data, item))) == 422, item
    claims = tool.choice(data, {"type": "file"})
    assert await send(tool, tool.signed(claims)) == 422
    assert await send(tool, tool.signed({**claims, f"{DEEP_LINKING}content_items": [ITEM]})) == 403
    draft = (await tool.campus.get(f"/courses/{tool.campus.course}/draft")).json()
    assert [unit["unit_id"] for unit in draft["units"]] == ["lab", "essay"]


async def test_a_grant_that_has_ended_adds_nothing(tool: ToolDouble, app: FastAPI) -> None:
    """An editor whose role is a grant is asked for it again when the choice arrives."""
    campus, services = tool.campus, app.state.services
    me, now = campus.learner, services.log.clock.now()
    held, context = Grant("instructor", f"course:{campus.course}"), Context("op", at=now)
    await services.bus.handle(RegisterAccount(me, f"{me}@example.org"), context)
    await services.bus.handle(GrantRole(me, held, None, "teaches"), context)
    await campus.send(f"/courses/{campus.course}/draft", {"revision": 0}, user="admin")
    ticket = LinkTicket(
        ticket_id=uuid4().hex,
        until=now + LASTS,
        person_id=me,
        tool_id=tool.tool_id,
        course_id=campus.course,
        section_id="",
        role="instructor",
        is_granted=True,
        browser="",
    )
    await until(lambda: is_editor(services, me, campus.course))
    assert (
        await send(tool, tool.signed(tool.choice(await services.platform.sealed.ticket(ticket, CHOSEN), ITEM))) == 200
    )
    await services.bus.handle(RevokeRole(me, held, "leaves"), context)

    async def has_ended() -> bool:
        return not await is_editor(services, me, campus.course)

    await until(has_ended)
    again = msgspec.structs.replace(ticket, ticket_id=uuid4().hex)
    assert await send(tool, tool.signed(tool.choice(await services.platform.sealed.ticket(again, CHOSEN), ITEM))) == 403
    draft = (await campus.get(f"/courses/{campus.course}/draft")).json()
    assert [unit["title"] for unit in draft["units"]] == ["Lab", "Essay", "Second lab"]


async def test_only_editors_choose(tool: ToolDouble) -> None:
    """A learner is refused; so is a tool without content to choose from."""
    campus = tool.campus
    await campus.send(f"/courses/{campus.course}/draft", {"revision": 0}, user="admin")
    path = f"/courses/{campus.course}/draft/deep-links"
    assert (await campus.post(path, {"tool_id": tool.tool_id})).status_code == 403
    change = {**tool.terms, "deep_linking_url": "", "reason": "none"}
    await campus.send(f"/lti/tools/{tool.tool_id}/change", change, user="admin")
    answer = await campus.post(path, {"tool_id": tool.tool_id}, user="admin")
    assert (answer.status_code, answer.json()["code"]) == (422, "no_choice")
