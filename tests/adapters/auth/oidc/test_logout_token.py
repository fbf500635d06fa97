"""What a logout token has to say, by OpenID Connect Back-Channel Logout 1.0, 2.6."""

from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from adapters.auth.oidc.id_token import LEEWAY, LONGEST_TOKEN, OLDEST, UnknownKey
from adapters.auth.oidc.logout_token import EVENT, Ended, ended_of
from domain.identity_errors import ProviderRefused
from tests.adapters.auth.oidc.test_id_token import AT, KEY, NOW, SCHOOL

SAID: dict[str, Any] = {
    "iss": SCHOOL.issuer,
    "aud": SCHOOL.client_id,
    "iat": AT,
    "exp": AT + 120,
    "jti": "t-1",
    "events": {EVENT: {}},
    "sub": "u-1",
    "sid": "s-1",
}


def read(token: str, *keys: Any) -> Ended:
    """What has ended."""
    return ended_of(token, KeySet(list(keys or (KEY,))), SCHOOL, NOW)


def signed(typ: str | None = "logout+jwt", **claims: Any) -> str:
    """A token with these claims in the place of what it should say; None leaves one out."""
    said = {name: value for name, value in {**SAID, **claims}.items() if value is not None}
    head = {"alg": "ES256", "kid": "k1", "typ": typ}
    return jwt.encode({name: value for name, value in head.items() if value is not None}, said, KEY)


def test_an_honest_token_names_what_has_ended() -> None:
    """A session, all of a person, or both; clocks differ."""
    found = read(signed())
    assert (found.subject, found.sid, found.token_id) == ("u-1", "s-1", "t-1")
    assert found.until.timestamp() == AT + 120 + LEEWAY
    assert read(signed(exp=AT + 10**6)).until.timestamp() == AT + OLDEST + LEEWAY, "it is too old by then"
    assert read(signed(sub=None)).subject is None
    assert read(signed(sid=None)).sid is None
    assert read(signed(aud=["other", SCHOOL.client_id])).subject == "u-1"
    assert read(signed(typ="application/logout+jwt", iat=AT + LEEWAY)).subject == "u-1"
    assert read(signed(exp=AT - LEEWAY + 1)).subject == "u-1"


@pytest.mark.parametrize(
    ("claims", "said"),
    [
        ({"iss": "https://other.example"}, "iss"),
        ({"aud": "another"}, "aud"),
        ({"aud": None}, "aud"),
        ({"iat": AT - OLDEST - 1}, "iat or exp"),
        ({"iat": AT + LEEWAY + 1}, "iat or exp"),
        ({"iat": True}, "iat or exp"),
        ({"exp": AT - LEEWAY}, "iat or exp"),
        ({"exp": None}, "iat or exp"),
        ({"events": None}, "events"),
        ({"events": [EVENT]}, "events"),
        ({"events": {EVENT: None}}, "events"),
        ({"events": {"http://schemas.openid.net/event/other": {}}}, "events"),
        ({"nonce": "n1"}, "nonce"),
        ({"sub": None, "sid": None}, "sub or sid"),
        ({"sub": 7}, "sub or sid"),
        ({"sid": ""}, "sub or sid"),
        ({"sid": "s" * 256}, "sub or sid"),
        ({"jti": None}, "jti"),
        ({"jti": {}}, "jti"),
    ],
)
def test_one_that_says_something_else_proves_nothing(claims: dict[str, Any], said: str) -> None:
    """The sentence names the claim."""
    with pytest.raises(ProviderRefused, match=rf"its logout token does not hold \({said}\)"):
        read(signed(**claims))


def test_it_is_signed_and_no_other_kind_of_token() -> None:
    """By a key that the provider publishes; an access token is none; one without a type is if the settings say so."""
    other = ECKey.generate_key("P-256", {"kid": "k1"})
    for token, said in (
        (signed(typ="at+jwt"), "another type"),
        (signed(typ="JWT"), "another type"),
        (signed(typ=None), "another type"),
        ("", "has sent no logout token"),
        ("a.b.c", "does not hold"),
        ("x" * (LONGEST_TOKEN + 1), "has sent no logout token"),
        (signed().rsplit(".", 1)[0] + ".", "does not hold"),
    ):
        with pytest.raises(ProviderRefused, match=said):
            read(token)
    older = SCHOOL.model_copy(update={"typed_logout": False})
    for typ in (None, "JWT"):
        assert ended_of(signed(typ=typ), KeySet([KEY]), older, NOW).subject == "u-1"
    with pytest.raises(ProviderRefused, match="BadSignature"):
        read(signed(), other)
    with pytest.raises(UnknownKey):
        read(signed(), ECKey.generate_key("P-256", {"kid": "k2"}))
