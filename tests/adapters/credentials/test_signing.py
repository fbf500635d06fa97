"""Signatures on credentials, held against the vectors of the W3C and against another library."""

import base64
import json
from typing import Any

import base58
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from adapters.credentials.signing import hashed, multikey, proven

SECRET = "z3u2en7t5LR2WtQH5PfFqMqwVHBeXouLzo6haApm8XHqvjxq"
CONTEXT = ["https://www.w3.org/ns/credentials/v2", "https://www.w3.org/ns/credentials/examples/v2"]
DOCUMENT: dict[str, Any] = {
    "@context": CONTEXT,
    "id": "urn:uuid:58172aac-d8ba-11ed-83dd-0b3aef56cc33",
    "type": ["VerifiableCredential", "AlumniCredential"],
    "name": "Alumni Credential",
    "description": "A minimum viable example of an Alumni Credential.",
    "issuer": "https://vc.example/issuers/5678",
    "validFrom": "2023-01-01T00:00:00Z",
    "credentialSubject": {"id": "did:example:abcdefgh", "alumniOf": "The School of Examples"},
}
KEY = "z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2"
METHOD = f"did:key:{KEY}#{KEY}"
CREATED = "2023-02-24T23:36:38Z"
PROOF = "z2HnFSSPPBzR36zdDgK8PbEHeXbR56YF24jwMpt3R1eHXQzJDMWS93FCzpvJpwTWd3GAVFuUfjoJdcnTMuVor51aX"


def test_the_vector_of_the_w3c() -> None:
    """vc-di-eddsa, TestVectors/eddsa-jcs-2022: the same key signs the same document in the same way."""
    key = Ed25519PrivateKey.from_private_bytes(base58.b58decode(SECRET[1:])[2:])
    assert multikey(key) == KEY
    assert proven(DOCUMENT, key, METHOD, CREATED)["proof"]["proofValue"] == PROOF


def checked(document: dict[str, Any]) -> None:
    """Check a document by its proof and the key of the vector; raises InvalidSignature."""
    options = {name: value for name, value in document["proof"].items() if name != "proofValue"}
    rest = {name: value for name, value in document.items() if name != "proof"}
    signature = base58.b58decode(document["proof"]["proofValue"][1:])
    Ed25519PublicKey.from_public_bytes(base58.b58decode(KEY[1:])[2:]).verify(signature, hashed(rest, options))


@pytest.mark.parametrize("place", ["name", "validFrom"])
def test_what_was_changed_does_not_verify(place: str) -> None:
    """Not a letter of it."""
    key = Ed25519PrivateKey.from_private_bytes(base58.b58decode(SECRET[1:])[2:])
    document = json.loads(json.dumps(proven(DOCUMENT, key, METHOD, CREATED)))
    checked(document)
    document[place] += "."
    with pytest.raises(InvalidSignature):
        checked(document)


def test_base58_is_the_one_of_the_vector() -> None:
    """A key has a mark of its kind before its 32 bytes."""
    assert base58.b58decode(KEY[1:])[:2] == base64.b16decode("ED01")
