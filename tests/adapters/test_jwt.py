"""Development tokens and tickets: what one secret has signed is good for its own use only."""

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from adapters.jwt import (
    ALGORITHM,
    AUDIENCES,
    ISSUER,
    TICKETS,
    InvalidToken,
    claims_of,
    sign,
    sign_for,
    sign_ticket,
    verify,
    verify_for,
)

SECRET = "a secret that is long enough"
NOW, HOUR = datetime(2026, 2, 1, 9, tzinfo=UTC), timedelta(hours=1)


def signed(**changed: Any) -> str:
    """A development token with other claims; None leaves one out."""
    said = {
        "iss": ISSUER,
        "aud": AUDIENCES[ISSUER],
        "sub": "ada",
        "roles": ["admin"],
        "exp": int((NOW + HOUR).timestamp()),
    }
    claims = {name: value for name, value in {**said, **changed}.items() if value is not None}
    return jwt.encode({"alg": ALGORITHM}, claims, OctKey.import_key(SECRET))


def test_a_token_is_for_one_use() -> None:
    """By its audience and its issuer: a ticket is no token, a token no ticket, a link neither."""
    token = sign(claims_of("ada"), SECRET, now=NOW, lifetime=HOUR)
    ticket = sign_ticket(claims_of("ada"), SECRET, now=NOW, lifetime=HOUR)
    assert verify(token, SECRET, now=NOW).subject == "ada"
    assert verify(ticket, SECRET, now=NOW, issuer=TICKETS).subject == "ada"
    assert verify(signed(), SECRET, now=NOW).subject == "ada"
    link = sign_for("campuslog-verify", "ada", SECRET, now=NOW, lifetime=HOUR)
    for wrong in (ticket, link, *(signed(aud=each) for each in (None, "other", 7, AUDIENCES[TICKETS]))):
        with pytest.raises(InvalidToken):
            verify(wrong, SECRET, now=NOW)
    for wrong in (token, link, signed(iss=TICKETS)):
        with pytest.raises(InvalidToken):
            verify(wrong, SECRET, now=NOW, issuer=TICKETS)


@pytest.mark.parametrize("head", ["[]", "null", "1", '{"alg":"HS256","crit":1}', '{"alg":["HS256"]}', '{"alg":{}}'])
def test_a_head_of_another_form_is_no_token(head: str) -> None:
    """JSON that is no head of a token, or that the library cannot take: refused as any other, and no fault of ours."""
    text = f"{base64.urlsafe_b64encode(head.encode()).decode().rstrip('=')}.e30.AAAA"
    with pytest.raises(InvalidToken):
        verify(text, SECRET, now=NOW)
    with pytest.raises(InvalidToken):
        verify_for("campuslog-verify", text, SECRET, now=NOW)
