"""What an ID token has to say and to be signed by, without a provider to send it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey, OKPKey

from adapters.auth.oidc.id_token import LEEWAY, OLDEST, Person, UnknownKey, person_of
from adapters.auth.oidc.requests import must_be_of
from adapters.oidc_settings import OidcProvider
from domain.identity_errors import ProviderRefused
from tests.support.provider import by_secret

SCHOOL = OidcProvider(name="school", issuer="https://sign-in.example", client_id="campus", factor_amr=("mfa",))
KEY = ECKey.generate_key("P-256", {"kid": "k1"})
NOW = datetime(2026, 2, 1, 9, tzinfo=UTC)
AT = int(NOW.timestamp())
SAID: dict[str, Any] = {
    "iss": SCHOOL.issuer, "aud": "campus", "sub": "u-1", "iat": AT, "exp": AT + 300, "nonce": "n1",
}  # fmt: skip


def read(token: object, *keys: Any) -> Person:
    """Whom a token names."""
    return person_of(token, KeySet(list(keys or (KEY,))), SCHOOL, nonce="n1", access_token="a", now=NOW)


def signed(**claims: Any) -> str:
    """A token with these claims in the place of what it should say; None leaves one out."""
    said = {name: value for name, value in {**SAID, **claims}.items() if value is not None}
    return jwt.encode({"alg": "ES256", "kid": "k1"}, said, KEY)


def test_an_honest_token_names_a_person() -> None:
    """With when the person was last seen to prove it, and a second factor that is believed."""
    text = signed()
    assert read(text) == Person("u-1", None, has_factor=False, claims=SAID, token=text)
    assert [read(signed(sid=each)).sid for each in ("s-1", 7, "", None)] == ["s-1", None, None, None]
    found = read(signed(auth_time=AT - 60, amr=["pwd", "mfa"]))
    assert (found.authenticated_at, found.has_factor) == (NOW - timedelta(minutes=1), True)
    assert read(signed(aud=["campus", "other"], azp="campus")).subject == "u-1"
    assert read(signed(auth_time=AT + 3_600)).authenticated_at is None
    assert read(signed(exp=AT - LEEWAY + 1)).subject == "u-1", "clocks differ"


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://sign-in.example/"},
        {"iss": None},
        {"aud": "another"},
        {"aud": []},
        {"aud": None},
        {"aud": ["campus", "another"]},
        {"aud": ["campus", "another"], "azp": "another"},
        {"azp": "another"},
        {"nonce": "n2"},
        {"nonce": ["n1"]},
        {"nonce": None},
        {"exp": AT - LEEWAY},
        {"exp": None},
        {"exp": "9999999999"},
        {"iat": AT + LEEWAY + 1},
        {"iat": AT - OLDEST - 1},
        {"iat": None},
        {"nbf": AT + LEEWAY + 1},
        {"sub": ""},
        {"sub": None},
        {"sub": 7},
        {"sub": "x" * 256},
        {"sub": "ü"},
        {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"},
        {"amr": "mfa"},
    ],
)
def test_a_claim_that_is_wrong_is_refused(claims: dict[str, Any]) -> None:
    """By name, and with nothing of what was said."""
    with pytest.raises(ProviderRefused) as refused:
        read(signed(**claims))
    assert "school could not sign you in here: " in refused.value.sentence
    assert "another" not in refused.value.sentence


def test_only_public_keys_sign() -> None:
    """Not none, not a secret, also where the provider publishes one; and the key has to be the one that is named."""
    secret = OctKey.generate_key(256, {"kid": "k1"})
    for token, keys in (
        (by_secret(secret.raw_value, "k1", SAID), (secret,)),
        (by_secret(KEY.as_pem(private=False), "k1", SAID), (KEY,)),
        (signed(), (ECKey.generate_key("P-256", {"kid": "k1"}),)),
        (signed(), (OKPKey.generate_key("Ed25519", {"kid": "k1"}),)),
        (signed()[:-4] + "AAAA", (KEY,)),
        ("e30.e30.", (KEY,)),
        ("", (KEY,)),
        (None, (KEY,)),
        ({"sub": "u-1"}, (KEY,)),
        ("x" * 20_000, (KEY,)),
        ("ü.ü.ü", (KEY,)),
    ):
        with pytest.raises(ProviderRefused):
            read(token, *keys)
    with pytest.raises(UnknownKey):
        read(jwt.encode({"alg": "ES256", "kid": "k2"}, SAID, ECKey.generate_key("P-256", {"kid": "k2"})))
    other = OKPKey.generate_key("Ed25519", {"kid": "k3"})
    token = jwt.encode({"alg": "Ed25519", "kid": "k3"}, SAID, other, algorithms=["Ed25519"])
    assert read(token, KEY, other).subject == "u-1"


def test_endpoints_are_where_the_settings_say() -> None:
    """At the issuer's host, or one that is named beside it; by the same scheme and port."""
    both = SCHOOL.model_copy(update={"hosts": ("keys.example:8443",)})
    assert must_be_of(both, "https://sign-in.example/a") == "https://sign-in.example/a"
    assert must_be_of(both, "https://keys.example:8443/k") == "https://keys.example:8443/k"
    for url in (
        "http://sign-in.example/a",
        "https://sign-in.example:8443/a",
        "https://sign-in.example@evil.example/a",
        "https://evil.example/sign-in.example",
        "https://[::1/",
        "file:///etc/passwd",
        "//sign-in.example/a",
        "",
        None,
        7,
    ):
        with pytest.raises(ProviderRefused):
            must_be_of(both, url)
