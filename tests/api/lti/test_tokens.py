"""Access tokens of tools: proved by a key of the tool, once, for what is agreed."""

import asyncio
import json
from time import time

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from adapters.lti import proofs
from adapters.lti.claims import SCOPE_NAMES
from tests.support.lti import KEY, OTHER_KEY, ToolDouble


async def test_a_tool_proves_itself(tool: ToolDouble) -> None:
    """By the library of the double, and by hand; the token opens what is agreed, for an hour."""
    answer = await tool.ask_token(tool.signed(tool.assertion()), "scores")
    assert answer.headers["cache-control"] == "no-store"
    found = answer.json()
    assert (found["token_type"], found["expires_in"], found["scope"]) == ("Bearer", 3_600, SCOPE_NAMES["scores"])
    headers = {"authorization": f"Bearer {found['access_token']}"}
    path = f"/v1/lti/runs/{tool.campus.run}/members"
    assert (await tool.campus.client.get(path, headers=headers)).status_code == 401
    assert (await tool.campus.client.get("/v1/me/dashboard", headers=headers)).status_code == 401


async def test_what_proves_nothing_gets_no_token(tool: ToolDouble) -> None:
    """None, a secret, another key, another audience or time, another tool, and what was sent before."""
    public = json.dumps(KEY.as_dict(private=False)).encode()
    head = {"alg": "HS256", "kid": "tool-key"}
    as_secret = jwt.encode(head, tool.assertion(), OctKey.import_key(public), algorithms=["HS256"])
    _, payload, _ = tool.signed(tool.assertion()).split(".")
    now = int(time())
    wrong = {
        "none": f"eyJhbGciOiJub25lIn0.{payload}.",
        "secret": as_secret,
        "key": tool.signed(tool.assertion(), OTHER_KEY),
        "aud": tool.signed(tool.assertion(aud="https://other.example")),
        "past": tool.signed(tool.assertion(iat=now - 700, exp=now - 600)),
        "coming": tool.signed(tool.assertion(iat=now + 700, exp=now + 800)),
        "for ever": tool.signed(tool.assertion(exp=now + 10**7)),
        "sub": tool.signed(tool.assertion(sub="tool-other")),
        "iss": tool.signed(tool.assertion(iss="tool-other")),
        "jti": tool.signed(tool.assertion(jti=None)),
        "no jwt": "x",
        "": "",
    }
    for name, signed in wrong.items():
        answer = await tool.ask_token(signed)
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client"), name
    once = tool.signed(tool.assertion())
    assert (await tool.ask_token(once)).status_code == 200
    assert (await tool.ask_token(once)).status_code == 401


async def test_only_what_is_agreed(tool: ToolDouble) -> None:
    """A scope that there is not, or that was taken back meanwhile."""
    answer = await tool.ask_token(tool.signed(tool.assertion()), "https://other.example/scope")
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope")
    answer = await tool.ask_token(tool.signed(tool.assertion()), grant_type="password")
    assert (answer.status_code, answer.json()["error"]) == (400, "unsupported_grant_type")
    token = await tool.token("line_items")
    change = {**tool.terms, "scopes": ["scores"], "reason": "less"}
    await tool.campus.send(f"/lti/tools/{tool.tool_id}/change", change, user="admin")
    path = f"/v1/lti/runs/{tool.campus.run}/line-items"
    assert (await tool.campus.client.get(path, headers=token)).status_code == 401


async def test_a_key_set_that_cannot_be_read(tool: ToolDouble, monkeypatch: pytest.MonkeyPatch) -> None:
    """Is said so, and read again after a while only; a key that is new is found, once in a minute."""
    tool.key_set = b"nonsense"
    before = len(tool.receiver.messages)
    answers = await asyncio.gather(*(tool.ask_token(tool.signed(tool.assertion())) for _ in range(3)))
    for answer in answers:
        assert (answer.status_code, "is no key set" in answer.json()["detail"]) == (401, True)
    assert len(tool.receiver.messages) == before + 1
    monkeypatch.setattr(proofs, "KEYS_FAILED_FOR", 0.0)
    new = RSAKey.generate_key(2048, {"kid": "tool-key"})
    tool.key_set = json.dumps({"keys": [new.as_dict(private=False)]}).encode()
    assert (await tool.ask_token(tool.signed(tool.assertion(), new))).status_code == 200
