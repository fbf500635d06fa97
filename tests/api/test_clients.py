"""Programs of other systems over HTTP: registered by an admin, proved by a secret or a key, ended within a second."""

import base64
from datetime import UTC, datetime
from time import time
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI
from joserfc import jwt
from joserfc.jwk import ECKey

from adapters.auth.clients import ASSERTION
from adapters.settings import Settings
from api.app import build
from api.clients import MOST_FIELDS
from tests.support.api import Campus, served
from tests.support.appends import query
from tests.support.polling import guard, until

TOKEN, FORM = "/v1/clients/token", "application/x-www-form-urlencoded"
KEY = ECKey.generate_key("P-256", {"kid": "k1"})


class Program:
    """A client, as its admin and its operator see it."""

    def __init__(self, campus: Campus, client_id: str) -> None:
        self.campus, self.client_id = campus, client_id
        self.secret = self.credential_id = ""

    async def add(self, **more: Any) -> str:
        """One more credential."""
        body = {"reason": "begins", **more}
        answer = await self.campus.post(f"/clients/{self.client_id}/credentials", body, user="admin")
        assert answer.status_code == 202, answer.text
        assert answer.headers["cache-control"] == "no-store"
        self.credential_id, self.secret = answer.json()["credential_id"], answer.json()["secret"] or ""
        return self.secret

    async def ask(self, form: dict[str, str], **headers: str) -> httpx.Response:
        """Ask for a token."""
        content = urlencode({"grant_type": "client_credentials", **form})
        return await self.campus.client.post(TOKEN, content=content, headers={"content-type": FORM, **headers})

    async def by_secret(self, secret: str = "", **form: str) -> httpx.Response:
        """With a secret in the header."""
        pair = base64.b64encode(f"{self.client_id}:{secret or self.secret}".encode()).decode()
        return await self.ask(form, authorization=f"Basic {pair}")

    async def by_key(self, **claims: Any) -> httpx.Response:
        """With an assertion that says this in the place of what it should say."""
        said = {
            "iss": self.client_id, "sub": self.client_id, "aud": self.audience, "exp": int(time()) + 60,
            "jti": uuid4().hex, **claims,
        }  # fmt: skip
        signed = jwt.encode({"alg": "ES256", "kid": "k1"}, {k: v for k, v in said.items() if v is not None}, KEY)
        return await self.ask({"client_assertion_type": ASSERTION, "client_assertion": signed})

    @property
    def audience(self) -> str:
        """For whom an assertion is."""
        return self.campus.audience  # type: ignore[attr-defined,no-any-return]

    async def looks(self, token: str, path: str = "/overview") -> int:
        """The status of a query by a token."""
        answer = await self.campus.client.get(f"/v1{path}", headers={"authorization": f"Bearer {token}"})
        return answer.status_code


@pytest.fixture
async def campus(app: FastAPI, client: httpx.AsyncClient) -> Campus:
    """The campus, and for whom assertions are."""
    found = Campus(client)
    found.audience = app.state.services.settings.web_url  # type: ignore[attr-defined]
    return found


@pytest.fixture
async def program(campus: Campus) -> Program:
    """A client that may read, and has the role of a service, but no credential."""
    found = Program(campus, f"service-{campus.tag}")
    body = {"client_id": found.client_id, "name": "Reports", "scopes": ["read"], "reason": "asked for by IT"}
    await campus.send("/clients", body, user="admin")
    grant = {"learner_id": found.client_id, "role": "service", "reason": "reads figures"}
    await campus.send("/roles/grant", grant, user="admin")
    return found


async def token_of(answer: httpx.Response) -> str:
    """The token that was issued."""
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert (answer.json()["token_type"], answer.json()["scope"]) == ("Bearer", "read")
    return str(answer.json()["access_token"])


async def test_a_secret_proves_a_client_and_is_replaced_without_a_pause(program: Program, app: FastAPI) -> None:
    """A token opens what services see, and nothing that people do; a secret that is removed opens nothing."""
    first = await program.add()
    before = program.credential_id
    token = await token_of(await program.by_secret())
    assert await program.looks(token) == 200
    assert await program.looks(token, "/me/dashboard") == 403
    assert await program.looks(token, "/learners") == 403
    assert await program.looks(token, "/auth/sessions") == 403
    second = await program.add()
    assert (await program.by_secret(first)).status_code == (await program.by_secret(second)).status_code == 200
    third = await program.campus.post(f"/clients/{program.client_id}/credentials", {"reason": "a third"}, user="admin")
    assert (third.status_code, third.json()["code"]) == (409, "too_many_credentials")
    post = await program.ask({"client_id": program.client_id, "client_secret": second, "scope": "read"})
    later = await token_of(post)
    claims = jwt.decode(later, await key_of(app), algorithms=["Ed25519"]).claims
    assert (claims["aud"], claims["sub"], claims["client_id"]) == (claims["iss"], program.client_id, program.client_id)
    await program.campus.send(
        f"/clients/{program.client_id}/credentials/{before}/remove", {"reason": "replaced"}, user="admin"
    )
    assert (await program.by_secret(first)).status_code == 401
    await until(lambda: refused(program, token))
    assert await program.looks(later) == 200
    shown = (await program.campus.get(f"/clients/{program.client_id}")).json()
    assert [each["credential_id"] for each in shown["credentials"]] == [program.credential_id]
    assert shown["has_role"]
    settings: Settings = app.state.services.settings
    kept = str(await query(settings, "SELECT * FROM client_secrets"))
    assert second not in kept


async def key_of(app: FastAPI) -> Any:
    """The key that signs access tokens now."""
    return await app.state.services.people.tokens.keys.signing(datetime.now(UTC))


async def refused(program: Program, token: str) -> bool:
    """Whether a token opens nothing any more."""
    return await program.looks(token) == 401


async def test_a_key_proves_a_client_once_for_each_assertion(program: Program) -> None:
    """Signed by its key, for this campus, for minutes, in the name of the client; a secret is none of it."""
    await program.add(public_key=KEY.as_dict(private=False))
    assert program.secret == ""
    assert await program.looks(await token_of(await program.by_key())) == 200
    assert (await program.by_key(aud=[f"{program.audience}{TOKEN}"])).status_code == 200
    same = uuid4().hex
    assert [(await program.by_key(jti=same)).status_code for _ in range(2)] == [200, 401]
    for wrong in (
        {"aud": "https://other.example"},
        {"aud": [program.audience, "https://other.example"]},
        {"aud": None},
        {"iss": "service-other"},
        {"sub": "service-other"},
        {"sub": None},
        {"exp": int(time()) - 120},
        {"exp": int(time()) + 3_600},
        {"exp": None},
        {"exp": True},
        {"exp": 10**400},
        {"jti": None},
        {"jti": ""},
        {"jti": 7},
    ):
        answer = await program.by_key(**wrong)
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client"), wrong
        assert "Basic" in answer.headers["www-authenticate"]
    forged = jwt.encode({"alg": "ES256"}, {"iss": program.client_id}, ECKey.generate_key("P-256"))
    for text in (forged, "e30.e30.", "x", ""):
        answer = await program.ask({"client_assertion_type": ASSERTION, "client_assertion": text})
        assert answer.status_code == 401, text
    assert (await program.by_secret("x")).status_code == 401


async def test_what_is_no_request_for_a_token_is_refused(program: Program) -> None:
    """With the words of RFC 6749, 5.2; no one learns whether there is such a client."""
    await program.add()
    for form, status, error in (
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"scope": "write"}, 400, "invalid_scope"),
        ({"scope": "admin"}, 400, "invalid_scope"),
    ):
        answer = await program.by_secret(**form)
        assert (answer.status_code, answer.json()["error"]) == (status, error), form
    client = program.campus.client
    for content, kind in (
        (b"", FORM),
        (b"grant_type=client_credentials&grant_type=client_credentials", FORM),
        (b'{"grant_type": "client_credentials"}', "application/json"),
        (b"scope=read", FORM),
        (b"grant_type=client_credentials" + b"&x" * MOST_FIELDS, FORM),
    ):
        answer = await client.post(TOKEN, content=content, headers={"content-type": kind})
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request"), content
    for client_id in ("service-nowhere", "ada", "", "service-\0", program.client_id):
        answer = await program.ask({"client_id": client_id, "client_secret": "campus_client_x"})
        assert (answer.status_code, answer.json()["code"]) == (401, "client_refused"), client_id
    both = {"client_id": program.client_id, "client_secret": program.secret}
    assert (await program.ask(both, authorization="Basic c2VydmljZS1hOmI=")).status_code == 401
    found = (await client.get("/.well-known/oauth-authorization-server")).json()
    assert found["token_endpoint"] == f"{program.audience}{TOKEN}"


async def test_a_client_ends_everywhere_within_a_second(program: Program, app: FastAPI) -> None:
    """Also in another process and in an open stream; so it does with its role, without which it gets no token."""
    await program.add()
    token = await token_of(await program.by_secret())
    headers = {"authorization": f"Bearer {token}"}
    clients = app.state.services.people.tokens.clients
    watching = clients.watch(program.client_id, program.credential_id)
    async with guard(), watching as over, served(build(app.state.services.settings)) as elsewhere:
        assert (await elsewhere.get("/v1/overview", headers=headers)).status_code == 200
        ended = {"reason": "is not needed any more"}
        await program.campus.send(f"/clients/{program.client_id}/end", ended, user="admin")

        async def is_refused() -> bool:
            return (await elsewhere.get("/v1/overview", headers=headers)).status_code == 401

        await until(is_refused)
        await over.wait()  # as an open stream does
    await until(lambda: refused(program, token))
    assert (await program.by_secret()).status_code == 401
    again = {"client_id": program.client_id, "name": "Reports", "scopes": ["read"], "reason": "again"}
    answer = await program.campus.post("/clients", again, user="admin")
    assert (answer.status_code, answer.json()["code"]) == (409, "client_ended")


async def test_without_the_role_there_is_no_token(program: Program) -> None:
    """One that was issued opens nothing after the role was revoked."""
    await program.add()
    token = await token_of(await program.by_secret())
    taken = {"learner_id": program.client_id, "role": "service", "reason": "over"}
    await program.campus.send("/roles/revoke", taken, user="admin")
    await until(lambda: refused(program, token))
    answer = await program.by_secret()
    assert (answer.status_code, answer.json()["error"]) == (400, "unauthorized_client")


async def test_admins_list_clients(program: Program) -> None:
    """By their ids, page by page, also those that have ended; with their credentials, and never a secret."""
    campus = program.campus
    secret = await program.add()
    other = f"{program.client_id}-b"
    body = {"client_id": other, "name": "Library", "scopes": ["read", "write"], "reason": "asked for by the library"}
    await campus.send("/clients", body, user="admin")
    await campus.send(f"/clients/{other}/end", {"reason": "replaced"}, user="admin")
    items: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = await campus.get("/clients", limit=1, **cursor)
        assert page.status_code == 200, page.text
        assert secret not in page.text
        items += page.json()["items"]
        if (following := page.json()["next"]) is None:
            break
        cursor = {"cursor": following}
    ids = [each["client_id"] for each in items]
    assert ids == sorted(set(ids))
    own = {each["client_id"]: each for each in items if each["client_id"].startswith(program.client_id)}
    assert [(each["has_role"], each["is_ended"], len(each["credentials"])) for each in own.values()] == [
        (True, False, 1),
        (False, True, 0),
    ]
    assert own[program.client_id] == (await campus.get(f"/clients/{program.client_id}")).json()
    assert (await campus.get("/clients", user="auditor")).status_code == 200
    assert (await campus.get("/clients", user=campus.learner)).status_code == 403


async def test_only_admins_register_clients(program: Program) -> None:
    """With a reason; a secret that was shown is not shown again to the same request."""
    body = {"client_id": "service-other", "name": "Other", "scopes": ["read"], "reason": "why"}
    for user in ("instructor", program.campus.learner, "auditor"):
        assert (await program.campus.post("/clients", body, user=user)).status_code == 403
    assert (await program.campus.post("/clients", {**body, "reason": " "}, user="admin")).status_code == 422
    assert (await program.campus.get("/clients/service-nowhere")).status_code == 404
    path, reason = f"/clients/{program.client_id}/credentials", {"reason": "begins"}
    first = await program.campus.post(path, reason, user="admin", key=f"{program.campus.tag}-1")
    again = await program.campus.post(path, reason, user="admin", key=f"{program.campus.tag}-1")
    assert (first.status_code, again.status_code, again.json()["code"]) == (202, 409, "secret_was_shown")
