"""A cache of verified tokens, each until it ends: to check a signature takes as long as a whole answer."""

import time
from datetime import UTC, datetime

from adapters.jwt import TICKETS, InvalidToken, JwtClaims, verify
from api.http.errors import Unauthenticated

REMEMBERED = 10_000  # tokens
REMEMBERED_FOR = 30.0  # seconds


class JwtVerifier:
    """Verifies the tokens of one campus."""

    def __init__(self, secret: str) -> None:
        self._secret = secret
        self._verified: dict[str, tuple[float, JwtClaims]] = {}

    def user(self, header: str | None) -> JwtClaims:
        """The user of an `Authorization` header; raises Unauthenticated."""
        if header is None:
            raise Unauthenticated("send `Authorization: Bearer TOKEN`; `campus token` prints one")
        return self.known(header) or self._verify(header)

    def ticket_holder(self, ticket: str) -> JwtClaims:
        """The user to whom a ticket for streams was given; raises Unauthenticated."""
        try:
            return verify(ticket, self._secret, now=datetime.now(UTC), issuer=TICKETS)
        except InvalidToken as error:
            raise Unauthenticated(str(error)) from error

    def known(self, header: str) -> JwtClaims | None:
        """The user, if the token was verified a moment ago."""
        known = self._verified.get(header)
        if known is None or known[0] <= time.monotonic() or known[1].expires_at <= time.time():
            return None
        return known[1]

    def _verify(self, header: str) -> JwtClaims:
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer":
            raise Unauthenticated("the only scheme of authentication is Bearer")
        try:
            claims = verify(token.strip(), self._secret, now=datetime.now(UTC))
        except InvalidToken as error:
            raise Unauthenticated(str(error)) from error
        if len(self._verified) >= REMEMBERED:
            self._verified.clear()
        self._verified[header] = (time.monotonic() + REMEMBERED_FOR, claims)
        return claims
