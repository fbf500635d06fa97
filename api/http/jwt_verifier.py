"""A cache of verified tokens, each until it ends, to the second: to check a signature takes as long as an answer."""

import time
from datetime import UTC, datetime

from adapters.jwt import TICKETS, InvalidToken, JwtClaims, verify
from api.http.errors import Unauthenticated

REMEMBERED = 10_000  # tokens


class JwtVerifier:
    """Verifies the tokens of one campus."""

    def __init__(self, secret: str) -> None:
        self._secret = secret
        self._verified: dict[str, JwtClaims] = {}

    def user(self, header: str | None) -> JwtClaims:
        """The user of an `Authorization` header; raises Unauthenticated."""
        if header is None:
            raise Unauthenticated(
                "sign in at /signin, or send `Authorization: Bearer TOKEN`; `campus token` prints one"
            )
        return self.known(header) or self._verify(header)

    def ticket_holder(self, ticket: str) -> JwtClaims:
        """The user to whom a ticket for streams was given; raises Unauthenticated."""
        try:
            return verify(ticket, self._secret, now=datetime.now(UTC), issuer=TICKETS)
        except InvalidToken as error:
            raise Unauthenticated(str(error)) from error

    def known(self, header: str) -> JwtClaims | None:
        """The user, if the token was verified before and has not ended since."""
        claims = self._verified.get(header)
        return None if claims is None or claims.expires_at <= time.time() else claims

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
        self._verified[header] = claims
        return claims
