"""
Which headers go on to an instance, and which come back from it.

What belongs to one connection ends here (RFC 9110, section 7.6.1). What only a gateway may say replaces what a client
says of it: where the request comes from, its id and its trace, and who sends it.
"""

from collections.abc import Iterable, Mapping, Sequence

from adapters.jwt import JwtClaims
from api.http.door.identity import HEADER, IdentitySigner
from api.http.door.trace import continued, traceparent

Header = tuple[bytes, bytes]

OF_CONNECTION = frozenset(
    (
        *(b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-authorization", b"proxy-connection"),
        *(b"te", b"trailer", b"transfer-encoding", b"upgrade"),
    )
)
SAID_BY_US = frozenset(
    (
        *(HEADER, b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto", b"x-real-ip", b"forwarded"),
        *(b"x-request-id", b"traceparent", b"content-length", b"accept-encoding", b"expect"),
    )
)
OF_THIS_ANSWER = frozenset((b"x-request-id", b"date", b"server", b"vary"))
"""What this gateway, or the server that it runs on, adds to each answer itself."""


class Forwarding:
    """The headers of one gateway."""

    def __init__(self, signer: IdentitySigner) -> None:
        self._signer = signer

    def request(
        self,
        headers: Sequence[Header],
        fields: Mapping[bytes, bytes],
        *,
        client: str,
        request_id: str,
        user: JwtClaims | None,
        length: int | None,
    ) -> list[Header]:
        """
        The headers of a request as an instance gets it.

        Args:
            fields: *headers* by their names.
            client: the address of who sends it.
            user: whom the gateway has recognised; their token stays here, and with it a cookie that did not count.
            length: of its body in bytes; None if it has none.
        """
        dropped = SAID_BY_US | OF_CONNECTION | _named(fields.get(b"connection", b""))
        if user is not None and b"authorization" in fields:
            dropped |= {b"authorization", b"cookie"}
        kept = [header for header in headers if header[0] not in dropped]
        kept.append((b"x-request-id", request_id.encode("latin-1")))
        kept.append((b"traceparent", continued(traceparent(headers, fields), request_id)))
        if b"host" not in fields:  # as HTTP/1.0 may leave it out
            kept.append((b"host", b"campus"))
        if client:
            kept.append((b"x-forwarded-for", client.encode("latin-1")))
        if user is not None:
            kept.append((HEADER, self._signer.header(user)))
        if length is not None:
            kept.append((b"content-length", b"%d" % length))
        return kept


def answer(headers: Iterable[Header]) -> list[Header]:
    """The headers of an instance's answer as the client gets it."""
    found = [(name.lower(), value) for name, value in headers]
    dropped = OF_CONNECTION | OF_THIS_ANSWER | _named(dict(found).get(b"connection", b""))
    return [header for header in found if header[0] not in dropped]


def _named(connection: bytes) -> frozenset[bytes]:
    """The fields that a `Connection` header says belong to the connection; never those that say who asks."""
    names = frozenset(name.strip().lower() for name in connection.split(b",") if name.strip())
    return names - {b"host", b"authorization", b"cookie"}
