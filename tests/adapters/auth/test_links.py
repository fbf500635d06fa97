"""What links of mails carry: for one purpose, one account, one day."""

from datetime import timedelta

import pytest

from adapters.auth.links import LIFETIME, VERIFY, account_of, link_token
from adapters.jwt import InvalidToken, claims_of, sign, sign_ticket, verify
from domain.auth import LinkRefused
from tests.support.given import AT

SECRET = "only-for-the-tests-of-campuslog"


def test_a_link_is_for_its_purpose_and_its_time() -> None:
    """It is no token, and neither a token nor a ticket is a link."""
    token = link_token("ann", VERIFY, SECRET, now=AT)
    assert account_of(token, VERIFY, SECRET, now=AT + LIFETIME - timedelta(seconds=1)) == "ann"
    hour = timedelta(hours=1)
    others = [
        (token, "campuslog-reset", AT),
        (token, VERIFY, AT + LIFETIME),
        (link_token("ann", VERIFY, SECRET + "x", now=AT), VERIFY, AT),
        (sign(claims_of("ann"), SECRET, now=AT, lifetime=hour), VERIFY, AT),
        (sign_ticket(claims_of("ann"), SECRET, now=AT, lifetime=hour), VERIFY, AT),
        (token[:-2], VERIFY, AT),
        ("eyJhbGciOiJub25lIn0.eyJpc3MiOiJjYW1wdXNsb2ctdmVyaWZ5Iiwic3ViIjoiYW5uIiwiZXhwIjo5OTk5OTk5OTk5fQ.", VERIFY, AT),
        ("", VERIFY, AT),
        ("\x00", VERIFY, AT),
    ]
    for text, purpose, now in others:
        with pytest.raises(LinkRefused):
            account_of(text, purpose, SECRET, now=now)
    with pytest.raises(InvalidToken):
        verify(token, SECRET, now=AT)
