"""Launches of a tool: by the double of PyPI, whose library checks what it gets; and by what lies."""

from typing import Any
from urllib.parse import parse_qsl, urlsplit

from joserfc import jws

from adapters.lti.claims import AGS, LTI, NRPS
from tests.support.lti import ToolDouble, broken, form_fields


async def test_a_learner_launches_a_unit(tool: ToolDouble) -> None:
    """The double believes the message; it knows a pseudonym, the role, the unit, and where its services are."""
    await tool.campus.enroll()
    claims = await tool.launch()
    course, run = tool.campus.course, tool.campus.run
    assert (claims["iss"], claims["aud"], claims[f"{LTI}deployment_id"]) == (tool.issuer, tool.tool_id, course)
    assert claims[f"{LTI}message_type"] == "LtiResourceLinkRequest"
    assert claims[f"{LTI}roles"] == ["http://purl.imsglobal.org/vocab/lis/v2/membership#Learner"]
    assert claims[f"{LTI}resource_link"] == {"id": "lab", "title": "Lab"}
    assert claims[f"{LTI}custom"] == {"level": "3"}
    assert claims[f"{LTI}context"]["id"] == run
    endpoint = claims[f"{AGS}claim/endpoint"]
    assert endpoint["lineitem"] == f"{tool.issuer}/v1/lti/runs/{run}/line-items/lab"
    assert f"{NRPS}claim/namesroleservice" in claims
    assert tool.campus.learner not in str(claims)
    assert {"name", "email"}.isdisjoint(claims)
    again = await tool.launch()
    assert again["sub"] == claims["sub"]


async def test_staff_launch_as_teachers(tool: ToolDouble) -> None:
    """Without a place on the run, and without opening the unit; who is neither is refused."""
    claims = await tool.launch(user="admin")
    assert claims[f"{LTI}roles"] == ["http://purl.imsglobal.org/vocab/lis/v2/membership#Instructor"]
    answer = await tool.campus.post(f"/runs/{tool.campus.run}/units/lab/launch", user=f"other-{tool.campus.tag}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_enrolled")
    answer = await tool.campus.post(f"/runs/{tool.campus.run}/units/essay/launch", user="admin")
    assert (answer.status_code, answer.json()["code"]) == (403, "not_a_tool")


async def test_what_a_browser_has_not_begun_is_not_launched(tool: ToolDouble) -> None:
    """A hint is good in one browser, once, for the tool and the address that were agreed; nothing else is sent on."""
    await tool.campus.enroll()
    url, cookie = await tool.begin()
    request = await tool.log_in(url)
    refused: list[dict[str, str]] = [
        {"login_hint": "x" * 80},
        {"login_hint": broken(dict(parse_qsl(urlsplit(request).query))["login_hint"])},
        {"client_id": "tool-other"},
        {"redirect_uri": "https://evil.example/launch"},
        {"redirect_uri": f"{tool.here}/launch/../evil"},
        {"response_type": "code"},
        {"response_mode": "query"},
        {"scope": "email"},
        {"nonce": ""},
        {"lti_message_hint": "link"},
    ]
    for change in refused:
        answer = await tool.authorize(request, cookie, **change)
        assert answer.status_code == 403, change
        assert 'name="id_token"' not in answer.text
    for wrong in ("", "__Host-campus-lti=" + "y" * 43):
        assert (await tool.authorize(request, wrong)).status_code == 403
    first = await tool.authorize(request, cookie)
    assert first.status_code == 200
    assert form_fields(first.text)["state"] == dict(parse_qsl(urlsplit(request).query))["state"]
    assert "frame-ancestors 'self'" in first.headers["content-security-policy"]
    assert (await tool.authorize(request, cookie)).status_code == 403
    forged = {**form_fields(first.text), "state": "forged"}
    assert (await tool.browse("POST", "/launch", data=forged)).status_code == 422


async def test_a_form_is_asked_once_more_by_get(tool: ToolDouble) -> None:
    """A tool may post its request; the browser then comes with its cookie."""
    await tool.campus.enroll()
    url, cookie = await tool.begin()
    asked = dict(parse_qsl(urlsplit(await tool.log_in(url)).query))
    answer = await tool.campus.client.post("/v1/lti/authorize", data=asked)
    assert answer.status_code == 303
    launched = await tool.campus.client.get(answer.headers["location"], headers={"cookie": cookie})
    assert launched.status_code == 200


async def test_a_tool_that_is_taken_away_is_not_launched(tool: ToolDouble) -> None:
    """Neither begun, nor finished; also one that has ended."""
    await tool.campus.enroll()
    url, cookie = await tool.begin()
    request = await tool.log_in(url)
    body = {"course_id": tool.campus.course, "reason": "over"}
    await tool.campus.send(f"/lti/tools/{tool.tool_id}/undeploy", body, user="admin")
    assert (await tool.authorize(request, cookie)).status_code == 409
    answer = await tool.campus.post(f"/runs/{tool.campus.run}/units/lab/launch")
    assert (answer.status_code, answer.json()["code"]) == (409, "tool_not_deployed")


async def test_keys_are_of_rsa_and_signed_by(tool: ToolDouble) -> None:
    """LTI has RS256: the message names one of the keys that are published."""
    await tool.campus.enroll()
    url, cookie = await tool.begin()
    answer = await tool.authorize(await tool.log_in(url), cookie)
    head: dict[str, Any] = jws.extract_compact(form_fields(answer.text)["id_token"].encode()).headers()
    published = (await tool.campus.client.get("/v1/lti/keys")).json()["keys"]
    assert head["alg"] == "RS256"
    assert head["kid"] in [key["kid"] for key in published]
    assert all(key["kty"] == "RSA" and "d" not in key for key in published)
