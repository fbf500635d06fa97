"""Tools for admins: registered, changed, deployed, listed, ended."""

from typing import Any

from tests.support.api import Campus
from tests.support.lti import ToolDouble


async def test_an_admin_registers_a_tool(tool: ToolDouble) -> None:
    """The answer has what its operator needs; others may not; the same once more changes nothing."""
    campus: Campus = tool.campus
    found = (await campus.get(f"/lti/tools/{tool.tool_id}")).json()
    assert found["courses"] == [campus.course]
    assert found["platform"] == {
        "issuer": tool.issuer,
        "client_id": tool.tool_id,
        "authentication_url": f"{tool.issuer}/v1/lti/authorize",
        "token_url": f"{tool.issuer}/v1/lti/token",
        "key_set_url": f"{tool.issuer}/v1/lti/keys",
    }
    body = {"tool_id": tool.tool_id, "reason": "asked for", **tool.terms}
    assert (await campus.post("/lti/tools", body)).status_code == 403
    assert (await campus.post("/lti/tools", body, user="instructor")).status_code == 403
    assert (await campus.post("/lti/tools", body, user="admin")).status_code == 202
    other = await campus.post("/lti/tools", {**body, "name": "Another"}, user="admin")
    assert (other.status_code, other.json()["code"]) == (409, "tool_exists")
    change: dict[str, Any] = {**tool.terms, "name": "Another", "reason": "renamed"}
    await campus.send(f"/lti/tools/{tool.tool_id}/change", change, user="admin")
    listed = (await campus.get("/lti/tools", limit=200)).json()["items"]
    assert [each["name"] for each in listed if each["tool_id"] == tool.tool_id] == ["Another"]


async def test_what_cannot_be_used_is_refused(tool: ToolDouble) -> None:
    """With a sentence: addresses, courses, reasons that name a person."""
    campus = tool.campus
    body = {"tool_id": f"tool-x{campus.tag}", "reason": "asked for", **tool.terms}
    for change, code in (
        ({"key_set_url": "http://tool.example/jwks"}, "bad_tool_terms"),
        ({"login_url": "https://a:b@tool.example/"}, "bad_tool_terms"),
        ({"scopes": ["everything"]}, "bad_tool_terms"),
        ({"tool_id": "ann"}, "invalid_request"),
        ({"reason": "for ann@example.org"}, "invalid_request"),
    ):
        answer = await campus.post("/lti/tools", {**body, **change}, user="admin")
        assert (answer.status_code, answer.json()["code"]) == (422, code), change
    nowhere = {"course_id": "nowhere", "reason": "x"}
    answer = await campus.post(f"/lti/tools/{tool.tool_id}/deploy", nowhere, user="admin")
    assert (answer.status_code, answer.json()["code"]) == (404, "course_not_found")
    assert (await campus.get("/lti/tools/tool-none")).status_code == 404


async def test_a_tool_that_has_ended_opens_nothing(tool: ToolDouble) -> None:
    """Not with the access token that it had, and it gets no other."""
    token = await tool.token()
    path = f"/v1/lti/runs/{tool.campus.run}/line-items"
    assert (await tool.campus.client.get(path, headers=token)).status_code == 200
    await tool.campus.send(f"/lti/tools/{tool.tool_id}/end", {"reason": "over"}, user="admin")
    assert (await tool.campus.client.get(path, headers=token)).status_code == 401
    assert (await tool.ask_token(tool.signed(tool.assertion()))).status_code == 401
