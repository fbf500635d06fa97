"""Which headers pass the gateway, in both directions."""

import secrets

from adapters.jwt import JwtClaims
from api.http.door.identity import IdentitySigner
from api.http.gateway.forwarding import Forwarding, Header, answer

SIGNER = IdentitySigner(secrets.token_bytes(32), "demo")
ADA = JwtClaims("ada", ("learner",), "Ada")


def forwarded(*headers: Header, user: JwtClaims | None = None, length: int | None = None) -> dict[bytes, list[bytes]]:
    """What an instance gets of these headers, by name."""
    found: dict[bytes, list[bytes]] = {}
    sent = Forwarding(SIGNER).request(
        headers, dict(headers), client="192.0.2.7", request_id="r-1", user=user, length=length
    )
    for name, value in sent:
        found.setdefault(name, []).append(value)
    return found


def test_what_a_client_says_of_itself_is_replaced() -> None:
    """Its address, its id, its trace and its identity: only the gateway says them, and once."""
    sent = forwarded(
        (b"campus-identity", b"forged"),
        (b"x-forwarded-for", b"10.0.0.1"),
        (b"x-forwarded-proto", b"https"),
        (b"forwarded", b"for=10.0.0.1"),
        (b"x-request-id", b"mine"),
        (b"traceparent", b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
        (b"tracestate", b"vendor=1"),
        (b"host", b"campus.example"),
    )
    assert sent[b"x-forwarded-for"] == [b"192.0.2.7"]
    assert sent[b"x-request-id"] == [b"r-1"]
    assert sent[b"traceparent"][0].startswith(b"00-4bf92f3577b34da6a3ce929d0e0e4736-")
    assert sent.keys() == {b"x-forwarded-for", b"x-request-id", b"traceparent", b"tracestate", b"host"}


def test_the_token_of_who_is_recognised_stays_at_the_gateway() -> None:
    """
    An identity goes on instead. So does the cookie that names them, since a session may end meanwhile, and a token that
    was refused; not the cookie of another user beside a token, which counts alone.
    """
    token, cookie = (b"authorization", b"Bearer t"), (b"cookie", b"a=1")
    sent = forwarded(token, cookie, user=ADA)
    assert sent[b"campus-identity"] == [SIGNER.header(ADA)]
    assert not {b"authorization", b"cookie"} & sent.keys()
    assert forwarded(cookie, user=ADA)[b"cookie"] == [b"a=1"]
    assert forwarded(token, cookie)[b"authorization"] == [b"Bearer t"]


def test_what_belongs_to_the_connection_ends_here() -> None:
    """Also what the client calls so, but for who asks and whom."""
    sent = forwarded(
        (b"connection", b"close, x-mine, Host, authorization"),
        (b"x-mine", b"1"),
        (b"host", b"campus.example"),
        (b"authorization", b"Bearer t"),
        (b"transfer-encoding", b"chunked"),
        (b"te", b"trailers"),
        (b"upgrade", b"h2c"),
        (b"expect", b"100-continue"),
        (b"content-length", b"7"),
        length=5,
    )
    assert sent[b"content-length"] == [b"5"]
    assert sent.keys() == {
        b"host",
        b"authorization",
        b"content-length",
        b"x-request-id",
        b"traceparent",
        b"x-forwarded-for",
    }
    came = answer([(b"Connection", b"x-own"), (b"X-Own", b"1"), (b"Date", b"now"), (b"ETag", b'"1"'), (b"Vary", b"x")])
    assert came == [(b"etag", b'"1"')]
