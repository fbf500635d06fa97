"""What links of mails carry: for one purpose, one account, one state, for a time."""

from datetime import timedelta

import pytest

from adapters.auth.links import NEW_ADDRESS, OLD_ADDRESS, RESET, VERIFY, LinkKind, link_of, link_token
from adapters.jwt import InvalidToken, claims_of, sign, sign_ticket, verify
from domain.links import LinkRefused
from tests.support.given import AT

SECRET = "only-for-the-tests-of-campuslog"
KINDS = (VERIFY, RESET, NEW_ADDRESS, OLD_ADDRESS)


@pytest.mark.parametrize("kind", KINDS)
def test_a_link_is_for_its_purpose_and_its_time(kind: LinkKind) -> None:
    """It is no token, and neither a token nor a ticket nor another link is one."""
    token = link_token("ann", kind, SECRET, now=AT, state="p1.4")
    assert link_of(token, kind, SECRET, now=AT + kind.lifetime - timedelta(seconds=1)) == ("ann", "p1.4")
    hour = timedelta(hours=1)
    unsigned = "eyJhbGciOiJub25lIn0.eyJpc3MiOiJjYW1wdXNsb2ctdmVyaWZ5Iiwic3ViIjoiYW5uIiwiZXhwIjo5OTk5OTk5OTk5fQ."
    others = [
        *((token, other, AT) for other in KINDS if other is not kind),
        (token, kind, AT + kind.lifetime),
        (link_token("ann", kind, SECRET + "x", now=AT), kind, AT),
        (sign(claims_of("ann"), SECRET, now=AT, lifetime=hour), kind, AT),
        (sign_ticket(claims_of("ann"), SECRET, now=AT, lifetime=hour), kind, AT),
        *((text, kind, AT) for text in (token[:-2], unsigned, "", "\x00")),
    ]
    for text, wanted, now in others:
        with pytest.raises(LinkRefused):
            link_of(text, wanted, SECRET, now=now)
    with pytest.raises(InvalidToken):
        verify(token, SECRET, now=AT)
