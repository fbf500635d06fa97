"""Content that is meant to break something (depth, null bytes, scripts, changed tokens) is refused with a reason."""

import asyncio
import base64
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from fastapi import FastAPI

from adapters.jwt import ISSUER, claims_of, sign, sign_for, sign_ticket
from adapters.settings import Settings
from tests.support.api import Campus

DEPTH = 100_000
COMMANDS = ("/v1/courses", "/v1/enrollments", "/v1/bulk", "/v1/progress/activities", "/v1/orders", "/v1/auth/login")
DEEP = {
    "arrays": b"[" * DEPTH,
    "closed arrays": b"[" * DEPTH + b"]" * DEPTH,
    "objects": b'{"a":' * DEPTH + b"1" + b"}" * DEPTH,
    "an array in a field": b'{"run_id":' + b"[" * DEPTH + b"]" * DEPTH + b"}",
    "a bulk": b'{"commands":[{"path":"/v1/enrollments","idempotency_key":"k","body":{"run_id":'
    + b"[" * DEPTH
    + b"]" * DEPTH
    + b"}}]}",
}
ODD = {
    "no JSON": b"run_id=1",
    "half": b'{"run_id": "a',
    "a number beyond numbers": b'{"run_id": 1e999}',
    "not a number": b'{"run_id": NaN}',
    "so many digits": b'{"run_id": ' + b"9" * 5_000 + b"}",
    "half a character": b'{"run_id": "\\ud800"}',
    "bytes that are no UTF-8": b'{"run_id": "\xff\xfe"}',
    "UTF-16": '{"run_id": "a"}'.encode("utf-16"),
    "a null byte": b'{"run_id": "a\\u0000b"}',
    "a raw null byte": b'{"run_id": "a\x00b"}',
    "the same member twice": b'{"run_id": 1, "run_id": []}',
    "a prototype": b'{"__proto__": {"admin": true}, "constructor": 1}',
    "nothing": b"",
    "null": b"null",
}


@pytest.mark.parametrize("kind", DEEP | ODD)
async def test_a_body_that_is_meant_to_break_something(campus: Campus, kind: str) -> None:
    """A problem document with 4xx, from every command; with and without a key, which is compared by content."""
    body = (DEEP | ODD)[kind]
    for path in COMMANDS:
        for more in ({}, {"idempotency-key": f"{campus.tag}-{kind[:9]}"}):
            headers = await campus.as_user("admin", **{"content-type": "application/json"}, **more)
            answer = await campus.client.post(path, content=body, headers=headers)
            assert 400 <= answer.status_code < 500, (path, answer.text)
            assert answer.headers["content-type"] == "application/problem+json", path
            assert answer.json()["code"], path


@pytest.mark.parametrize(
    "text", ["\x00", "a\x00b", "a\r\nset-cookie: x=1", "\u202e", "\ud800", "ﷺ" * 2_000, "' OR 1=1 --"]
)
async def test_ids_are_ids(campus: Campus, text: str) -> None:
    """What is none is refused wherever an id stands: in a path, a query and a body; no header is made of it."""
    quoted = "".join(f"%{byte:02x}" for byte in text.encode("utf-8", "surrogatepass"))
    for path in (f"/v1/runs/{quoted}", f"/v1/learners/{quoted}/dashboard", f"/v1/me/dashboard?run={quoted}"):
        answer = await campus.client.get(path, headers=await campus.as_user("admin"))
        assert 400 <= answer.status_code < 500, (path, answer.text)
        assert "set-cookie" not in answer.headers
    headers = await campus.as_user("admin", **{"content-type": "application/json"})
    body = json.dumps({"run_id": text})
    answer = await campus.client.post("/v1/enrollments", content=body, headers=headers)
    assert answer.status_code == 422, answer.text


@pytest.mark.parametrize("name", ["x-request-id", "idempotency-key", "traceparent", "origin", "host", "accept"])
@pytest.mark.parametrize("value", ["a\r\nset-cookie: x=1", "a\nb", "\x00", "é" * 50, "a" * 4_000, "${jndi:ldap://x}"])
async def test_no_header_is_made_of_a_header(campus: Campus, name: str, value: str) -> None:
    """What comes back has no line of the client's in it."""
    sent = [(b"host", b"campus")] if name != "host" else []
    seen: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        seen.append(message)

    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
        "path": "/v1/courses", "raw_path": b"/v1/courses", "root_path": "", "query_string": b"",
        "headers": [*sent, (name.encode(), value.encode("latin-1", "replace"))], "client": ("127.0.0.1", 1),
        "server": ("campus", 80),
    }  # fmt: skip
    await campus.client._transport.app(scope, receive, send)  # type: ignore[attr-defined]
    head = next(message for message in seen if message["type"] == "http.response.start")
    assert head["status"] < 500
    assert all(b"\n" not in value and b"\r" not in value and b"\x00" not in value for _, value in head["headers"])
    assert not any(name == b"set-cookie" for name, _ in head["headers"])


def unsigned(head: dict[str, str], payload: dict[str, Any], signature: bytes = b"") -> str:
    """A token that no one has signed."""
    parts = (json.dumps(head).encode(), json.dumps(payload).encode(), signature)
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


async def test_a_changed_token_names_no_one(campus: Campus, lively: Settings) -> None:
    """Any character of it, another algorithm, another issuer, another secret, an end in the past, and none of it."""
    now, hour = datetime.now(UTC), timedelta(hours=1)
    secret = lively.token_secret
    good = sign(claims_of("admin"), secret, now=now, lifetime=hour)
    payload = {"iss": ISSUER, "sub": "admin", "roles": ["admin"], "exp": int((now + hour).timestamp())}
    bad = [
        *(f"{good[:at]}{'A' if good[at] != 'A' else 'B'}{good[at + 1 :]}" for at in range(0, len(good) - 1, 7)),
        *(good[:-9], good + "AAAA", good.rpartition(".")[0], good.rpartition(".")[0] + ".", f"{good}.{good}", ""),
        *(unsigned({"alg": name}, payload) for name in ("none", "None", "NONE", "HS256", "RS256", "EdDSA")),
        unsigned({"alg": "HS256", "jku": "http://169.254.169.254/keys"}, payload, b"signature"),
        unsigned({"alg": "HS256", "kid": "../../../dev/null"}, payload, b""),
        sign(claims_of("admin"), "another secret that is long", now=now, lifetime=hour),
        sign(claims_of("admin"), secret, now=now - 2 * hour, lifetime=hour),
        sign_ticket(claims_of("admin"), secret, now=now, lifetime=hour),
        sign_for("verify", "admin", secret, now=now, lifetime=hour),
    ]
    assert (await campus.client.get("/v1/overview", headers={"authorization": f"Bearer {good}"})).status_code == 200
    for token in bad:
        answer = await campus.client.get("/v1/overview", headers={"authorization": f"Bearer {token}"})
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated"), token
        assert token not in answer.text or not token
    for value in ("Basic YWRtaW46YWRtaW4=", f"Bearer {good} {good}", f"Token {good}", "Bearer"):
        answer = await campus.client.get("/v1/overview", headers={"authorization": value})
        assert answer.status_code == 401, value


async def test_a_session_that_was_given_is_not_taken(campus: Campus) -> None:
    """A cookie that others have put into the browser opens nothing, and signing in replaces it (fixation)."""
    given = {"cookie": "__Host-campus=given-by-another-page", "sec-fetch-site": "same-origin"}
    assert (await campus.client.get("/v1/me/dashboard", headers=given)).status_code == 401
    body = {"email": "ada@example.org", "password": "not the password"}
    answer = await campus.client.post("/v1/auth/login", json=body, headers=given)
    assert answer.status_code == 403
    assert "given-by-another-page" not in str(answer.headers)


def asked_with(document: dict[str, Any], value: str) -> Iterator[tuple[str, str, dict[str, str], dict[str, str]]]:
    """Every operation with a value in the place of all parameters and all fields of its body."""
    for path, operations in document["paths"].items():
        filled = re.sub(r"\{\w+\}", quote(value, safe=""), path)
        for method, operation in operations.items():
            parameters = {each["name"]: value for each in operation.get("parameters", []) if each["in"] == "query"}
            content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            name = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
            fields = document["components"]["schemas"].get(name, {}).get("properties", {})
            if not path.endswith("/events"):
                yield method, filled, parameters, dict.fromkeys(fields, value)


async def test_no_address_of_a_client_is_asked(campus: Campus, app: FastAPI) -> None:
    """Wherever it stands: in the target, a header, a token, or a body; a server that would hear of it hears nothing."""
    heard: list[bytes] = []

    async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read(1_024))
        writer.close()

    server = await asyncio.start_server(hear, "127.0.0.1", 0)
    async with server:
        place = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        url, admin = f"http://{place}/found", await campus.as_user("admin")
        headers = [
            *({name: place} for name in ("host", "x-forwarded-host", "x-forwarded-for", "forwarded", "x-real-ip")),
            *({name: url} for name in ("origin", "referer", "x-original-url", "x-rewrite-url", "destination")),
            *(
                {"authorization": f"Bearer {unsigned({'alg': 'EdDSA', name: url}, {'iss': url, 'sub': 'a'}, b'x')}"}
                for name in ("jku", "x5u", "kid", "iss")
            ),
        ]
        for more in headers:
            answer = await campus.client.get("/v1/courses", headers=admin | more)
            assert answer.status_code < 500, more
        for method, path, parameters, body in asked_with(app.openapi(), url):
            answer = await campus.client.request(
                method, path, params=parameters, json=body if method == "post" else None, headers=admin
            )
            assert answer.status_code != 500, (method, path, answer.text)
    assert heard == []
