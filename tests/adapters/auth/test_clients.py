"""How a client says who it is, without a campus."""

from typing import Any

import pytest
from joserfc.jwk import ECKey, OctKey, OKPKey

from adapters.auth.clients import BadPublicKey, ClientRefused, Proof, _named, public_key

EC = ECKey.generate_key("P-256", {"kid": "k1"})


def test_a_public_key_is_kept_without_anything_else() -> None:
    """Of the kinds that sign."""
    assert public_key({**EC.as_dict(private=False), "use": "sig", "x5c": ["A"]}).count('"') == 20
    assert '"crv":"Ed25519"' in public_key(OKPKey.generate_key("Ed25519").as_dict(private=False))


@pytest.mark.parametrize(
    "wrong",
    [
        EC.as_dict(private=True),
        OctKey.generate_key(256).as_dict(private=True),
        OKPKey.generate_key("X25519").as_dict(private=False),
        {"kty": "RSA", "n": "AQAB", "e": "AQAB"},
        {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"},
        {"kty": 7},
        {},
    ],
)
def test_a_key_that_proves_nothing_is_refused(wrong: dict[str, Any]) -> None:
    """A private or a secret one, one that does not sign, one that is too small, and none."""
    with pytest.raises(BadPublicKey):
        public_key(wrong)


def test_a_secret_stands_in_the_header_or_in_the_body() -> None:
    """Form-encoded in the header (RFC 6749, 2.3.1), and not in both."""
    basic = "Basic c2VydmljZS1hOmElMkZi"
    assert _named(Proof(basic, {})) == ("service-a", "a/b")
    assert _named(Proof(basic, {"client_id": "service-a"})) == ("service-a", "a/b")
    assert _named(Proof(None, {"client_id": "service-a", "client_secret": "s"})) == ("service-a", "s")
    assert _named(Proof(None, {})) == ("", "")
    for header, form in (
        (basic, {"client_secret": "s"}),
        (basic, {"client_id": "service-b"}),
        ("Basic !", {}),
        ("Basic \xe4", {}),
        ("Basic c2VydmljZS1h", {}),
        ("Bearer c2VydmljZS1hOmElMkZi", {}),
        ("Basic /w==", {}),
        ("", {}),
    ):
        with pytest.raises(ClientRefused):
            _named(Proof(header, form))
