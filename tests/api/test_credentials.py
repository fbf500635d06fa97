"""Credentials over HTTP: issued when a course is passed, checked by anyone, revoked, passed on as signed documents."""

import json
from base64 import urlsafe_b64decode
from typing import Any

import base58
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from adapters.credentials.signing import hashed
from adapters.settings import Settings
from tests.support.api import Campus
from tests.support.polling import until


def decoded(text: str) -> bytes:
    """Base64 for URLs, without what fills the last four letters."""
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


async def held(campus: Campus, number: int, status: str) -> dict[str, Any]:
    """The newest of so many credentials of the learner, once it stands so."""
    found: list[dict[str, Any]] = []

    async def is_there() -> bool:
        found[:] = (await campus.get("/me/credentials", user=campus.learner)).json()["items"]
        return len(found) == number and found[-1]["status"] == status

    await until(is_there)
    return found[-1]


async def passed(campus: Campus) -> dict[str, Any]:
    """A learner who has passed a course, and the credential."""
    await campus.open_run()
    await campus.enroll()
    body = {"run_id": campus.run, "learner_id": campus.learner, "outcome": "pass"}
    await campus.send("/progress/outcomes", body, user="instructor")
    return await held(campus, 1, "valid")


async def test_a_credential_is_checked_and_revoked(campus: Campus, lively: Settings) -> None:
    """By anyone who has its id, as JSON, as a page and as a list of revocations; who holds it is not said."""
    found = await passed(campus)
    path = f"/v1/credentials/{found['credential_id']}"
    public = (await campus.client.get(path)).json()
    assert (public["status"], public["outcome"], public["course_title"]) == ("valid", "pass", "Algebra")
    page = await campus.client.get(f"{path}/page")
    assert "It is valid." in page.text
    assert campus.learner not in page.text + str(public)
    assert (await campus.client.get(f"{path}/revocations")).json()["revokedCredential"] == []
    revocation = {"reason": "issued to the wrong person"}
    refused = await campus.post(f"/credentials/{found['credential_id']}/revoke", revocation)
    assert refused.status_code == 403
    own = await campus.post(
        f"/credentials/{found['credential_id']}/revoke", revocation, user=campus.who_teaches(lively)
    )
    assert (own.status_code, own.json()["code"]) == (403, "own_matter")
    await campus.send(f"/credentials/{found['credential_id']}/revoke", revocation, user="instructor")
    assert (await campus.client.get(path)).json()["status"] == "revoked"
    revoked = (await campus.client.get(f"{path}/revocations")).json()["revokedCredential"]
    assert revoked == [{"id": f"urn:uuid:{found['credential_id']}", "revoked": True}]
    assert "It was revoked" in (await campus.client.get(f"{path}/page")).text
    again = {"learner_id": campus.learner, "run_id": campus.run}
    await campus.send("/credentials", again, user="instructor")
    assert (await held(campus, 2, "valid"))["credential_id"] != found["credential_id"]


async def test_a_revised_outcome_revokes_it(campus: Campus) -> None:
    """By itself."""
    await passed(campus)
    body = {"run_id": campus.run, "learner_id": campus.learner, "outcome": "fail", "reason": "appeal"}
    await campus.send("/progress/outcomes", body, user="instructor")
    await held(campus, 1, "revoked")


async def test_the_signed_document_is_checked_by_others(campus: Campus) -> None:
    """By the published keys: the proof inside by hand, the JWS by another library; the holder's alone, and staff's."""
    found = await passed(campus)
    path = f"/credentials/{found['credential_id']}/badge"
    answer = await campus.get(path, user=campus.learner)
    document = answer.json()
    assert answer.headers["content-type"] == "application/vc"
    assert (await campus.get(path, user=campus.learner)).content == answer.content
    issuer = (await campus.client.get("/v1/credentials/issuer")).json()
    keys = {method["id"]: method for method in issuer["verificationMethod"]}
    proof = document.pop("proof")
    value = base58.b58decode(proof.pop("proofValue")[1:])
    key = base58.b58decode(keys[proof["verificationMethod"]]["publicKeyMultibase"][1:])[2:]
    Ed25519PublicKey.from_public_bytes(key).verify(value, hashed(document, proof))
    signed = (await campus.get(path, user=campus.learner, **{"as": "jwt"})).text
    head, body, tail = signed.split(".")
    jwk = keys[json.loads(decoded(head))["kid"]]["publicKeyJwk"]
    Ed25519PublicKey.from_public_bytes(decoded(jwk["x"])).verify(decoded(tail), f"{head}.{body}".encode())
    assert json.loads(decoded(body)) == document
    for user in ("auditor", "instructor", "admin"):
        named = await campus.get(path, user=user, name=True)
        assert (named.status_code, named.json()["code"]) == (403, "not_the_holder"), user
        assert (await campus.get(path, user=user)).status_code == 200
    assert (await campus.get(path, user=campus.learner, name=True)).status_code == 200
    other = await campus.get(path, user=f"other-{campus.tag}")
    assert (other.status_code, other.json()["code"]) == (403, "not_yours")


@pytest.mark.parametrize("credential_id", ["6f2d5f0e-2c0b-5a55-9c67-6c5a0b0c6d3e", "x"])
async def test_an_id_that_was_not_given(campus: Campus, credential_id: str) -> None:
    """Is no credential, and tells nothing."""
    for path in ("", "/page", "/revocations"):
        answer = await campus.client.get(f"/v1/credentials/{credential_id}{path}")
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown_credential")
