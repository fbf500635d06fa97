"""The identity that a gateway passes on: who may sign it, how long it counts, and that a client cannot forge it."""

import base64
import json
import secrets
from collections.abc import AsyncIterator
from time import time

import pytest

from adapters.jwt import JwtClaims
from adapters.settings import Settings
from api.app import build
from api.http.door import identity
from api.http.door.identity import IdentitySigner, IdentityVerifier, NoIdentity, public_key
from api.http.sessions import COOKIE
from tests.support.api import Campus, every_read_model, served

KEY = secrets.token_bytes(32)
PUBLIC = base64.b64decode(public_key(KEY))
ADA = JwtClaims("ada", ("learner",), "Ada Lovelace", 0.0)


def test_an_instance_knows_whom_the_gateway_has_recognised() -> None:
    """By any of its keys, so that one can be replaced; what was verified is remembered."""
    header = IdentitySigner(KEY, "demo").header(ADA)
    verifier = IdentityVerifier([PUBLIC], "demo")
    assert verifier.user(header) == ADA
    assert verifier.user(header) is verifier.user(header)
    other = base64.b64decode(public_key(secrets.token_bytes(32)))
    assert IdentityVerifier([other, PUBLIC], "demo").user(header) == ADA
    assert IdentityVerifier([], "demo").user(header) is None


def test_an_identity_says_who_acts_as_the_user() -> None:
    """And nothing of that where no one does, so that an instance of an older version understands it."""
    acting = JwtClaims("ada", ("learner",), "ada", 0.0, actor="admin")
    signer, verifier = IdentitySigner(KEY, "demo"), IdentityVerifier([PUBLIC], "demo")
    found = verifier.user(signer.header(acting))
    assert found is not None
    assert (found.subject, found.actor, found.by) == ("ada", "admin", "admin")
    payload = base64.urlsafe_b64decode(signer.header(ADA).split(b".")[1] + b"==")
    assert "actor" not in json.loads(payload)["user"]


def test_an_identity_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """With its token, and after a minute at the latest; the gateway renews it before that."""
    signer, verifier = IdentitySigner(KEY, "demo"), IdentityVerifier([PUBLIC], "demo")
    now = time()
    header = signer.header(ADA)
    assert signer.header(ADA) is header
    short = signer.header(JwtClaims("bob", ("learner",), "Bob", now + 10))
    verifier.user(header)
    monkeypatch.setattr(identity, "time", lambda: now + 11)
    with pytest.raises(NoIdentity, match="has ended"):
        verifier.user(short)
    assert verifier.user(header) == ADA
    monkeypatch.setattr(identity, "time", lambda: now + 61)
    with pytest.raises(NoIdentity, match="has ended"):
        verifier.user(header)
    assert verifier.user(signer.header(ADA)) == ADA


def forged() -> dict[str, bytes]:
    """Identities that no gateway of the campus has signed."""
    header = IdentitySigner(KEY, "demo").header(ADA)
    head, payload, signature = header.split(b".")
    admin = json.loads(base64.urlsafe_b64decode(payload + b"=="))
    admin["user"]["roles"] = ["admin"]
    changed = base64.urlsafe_b64encode(json.dumps(admin).encode()).rstrip(b"=")
    none = base64.urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=")
    hmac = base64.urlsafe_b64encode(b'{"alg":"HS256"}').rstrip(b"=")
    return {
        "another key": IdentitySigner(secrets.token_bytes(32), "demo").header(ADA),
        "another campus": IdentitySigner(KEY, "other").header(ADA),
        "changed": b".".join((head, changed, signature)),
        "no algorithm": b".".join((none, changed, b"")),
        "another algorithm": b".".join((hmac, payload, signature)),
        "cut": header[:-4],
        "no signature": b".".join((head, payload, b"")),
        "empty": b"",
        "no token": b"admin",
        "bytes": b"\xff\x00.\xff.\xff",
    }


@pytest.mark.parametrize("kind", forged())
def test_a_forged_identity_is_refused(kind: str) -> None:
    """Whatever was done to it."""
    with pytest.raises(NoIdentity):
        IdentityVerifier([PUBLIC], "demo").user(forged()[kind])


@pytest.fixture
async def behind_gateway(lively: Settings) -> AsyncIterator[Campus]:
    """A process that believes a gateway."""
    settings = lively.model_copy(update={"identity_public_keys": public_key(KEY)})
    async with served(build(settings)) as client:
        await every_read_model(client)
        yield Campus(client)


async def test_a_route_takes_the_identity_as_it_takes_a_token(behind_gateway: Campus, lively: Settings) -> None:
    """Reads, the fast path, and commands; a token beside it counts for itself."""
    campus = behind_gateway
    await campus.begin()
    signer = IdentitySigner(KEY, lively.name)
    header = signer.header(JwtClaims(campus.learner, ("learner",), "Ada")).decode()
    ada = {"campus-identity": header}
    for path in ("/v1/me/dashboard", "/v1/me/dashboard?min_position=0"):
        assert (await campus.client.get(path, headers=ada)).json()["learner_id"] == campus.learner
    activity = {"run_id": campus.run, "unit_id": "intro", "kind": "click", "amount": 1}
    assert (await campus.client.post("/v1/progress/activities", json=activity, headers=ada)).status_code == 202
    assert (await campus.client.get("/v1/overview", headers=ada)).status_code == 403
    both = await campus.as_user("admin", **ada)
    assert (await campus.client.get("/v1/overview", headers=both)).status_code == 200


async def test_a_session_that_has_ended_is_not_passed_on(behind_gateway: Campus, lively: Settings) -> None:
    """A gateway knows it half a second late: what it says of that cookie does not count, on the fast path neither."""
    header = IdentitySigner(KEY, lively.name).header(JwtClaims("ada", ("learner",), "Ada")).decode()
    for path in ("/v1/me/dashboard", "/v1/me/dashboard?min_position=0", "/v1/me/events"):
        headers = {"campus-identity": header, "cookie": f"theme=dark; {COOKIE}=ended"}
        assert (await behind_gateway.client.get(path, headers=headers)).status_code == 401, path
    other = {"campus-identity": header, "cookie": "theme=dark"}
    assert (await behind_gateway.client.get("/v1/me/dashboard", headers=other)).status_code == 200


async def test_a_client_cannot_forge_an_identity(behind_gateway: Campus, campus: Campus, lively: Settings) -> None:
    """A process that believes a gateway refuses it; one that believes none does not look at it."""
    header = IdentitySigner(secrets.token_bytes(32), lively.name).header(JwtClaims("admin", ("admin",), "Admin"))
    for path in ("/v1/overview", "/v1/me/dashboard"):
        refused = await behind_gateway.client.get(path, headers={"campus-identity": header.decode()})
        assert (refused.status_code, refused.json()["code"]) == (401, "unauthenticated")
        ignored = await campus.client.get(path, headers={"campus-identity": header.decode()})
        assert (ignored.status_code, ignored.json()["code"]) == (401, "unauthenticated")
