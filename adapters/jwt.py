"""
Development tokens: the user of a request, signed with the campus's secret.

They stand in for a context of users. Knowing the secret is enough to be any user.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from joserfc import jwt
from joserfc.errors import ExpiredTokenError, JoseError
from joserfc.jwk import OctKey

ISSUER = "campuslog-dev"
TICKETS = "campuslog-ticket"  # issuer of tickets for streams of events, which are no tokens
AUDIENCES = {ISSUER: "campuslog-api", TICKETS: "campuslog-events"}
"""For what each issuer signs (`aud`), with one secret for all."""
ALGORITHM = "HS256"
ROLES: Mapping[str, tuple[str, ...]] = {name: (name,) for name in ("admin", "instructor", "auditor")}
LEARNER = ("learner",)
FACTOR, STEP_UP = "second factor", "step-up"
PROOFS = (FACTOR, STEP_UP)
"""What a user may have proved beside who it is; a development token stands for all of it."""
SHORT_PASSWORD = "short password"  # noqa: S105 - no password
"""In the place of FACTOR: the roles of the staff do not count as long as the password of the account is so short."""


class InvalidToken(Exception):
    """The token was not signed here, is out of date, or is not a token at all."""


class TokenEnded(InvalidToken):
    """The token was signed here for this, and its time is over."""


@dataclass(frozen=True)
class JwtClaims:
    """
    The user that a token names.

    Attributes:
        roles: each by its name, or with `@` and the scope outside of which it does not hold: `instructor@run:ID`.
        expires_at: when the token ends, as Unix time; 0 for claims without a token.
        proofs: what was proved beside who it is, of `PROOFS`; or `SHORT_PASSWORD`.
        actor: the admin who acts as the user, if one does: what RFC 8693 calls `act` beside `sub`.
    """

    subject: str
    roles: tuple[str, ...]
    name: str
    expires_at: float = field(default=0.0, compare=False)
    proofs: tuple[str, ...] = ()
    actor: str | None = None

    @property
    def by(self) -> str:
        """Who does what is asked: the user, or the admin who acts as the user."""
        return self.actor or self.subject


def claims_of(user: str) -> JwtClaims:
    """Return the demo user of that name: `admin`, `instructor`, `auditor`, else the learner with that id."""
    name = user.capitalize() if user in ROLES else f"Learner {user}"
    return JwtClaims(user, ROLES.get(user, LEARNER), name, proofs=PROOFS)


def sign(claims: JwtClaims, secret: str, *, now: datetime, lifetime: timedelta) -> str:
    """Return a token for *claims* that ends *lifetime* after *now*."""
    issued = int(now.timestamp())
    payload: dict[str, Any] = {
        "iss": ISSUER,
        "aud": AUDIENCES[ISSUER],
        "sub": claims.subject,
        "roles": list(claims.roles),
        "name": claims.name,
        "iat": issued,
        "exp": issued + int(lifetime.total_seconds()),
    }
    return jwt.encode({"alg": ALGORITHM}, payload, OctKey.import_key(secret))


def sign_ticket(claims: JwtClaims, secret: str, *, now: datetime, lifetime: timedelta) -> str:
    """Return a ticket that opens streams within *lifetime*, for as long as the token of *claims* lasts."""
    payload: dict[str, Any] = {
        "iss": TICKETS,
        "aud": AUDIENCES[TICKETS],
        "sub": claims.subject,
        "roles": list(claims.roles),
        "name": claims.name,
        "exp": int((now + lifetime).timestamp()),
        "until": claims.expires_at,
    }
    return jwt.encode({"alg": ALGORITHM}, payload, OctKey.import_key(secret))


def verify(token: str, secret: str, *, now: datetime, issuer: str = ISSUER) -> JwtClaims:
    """Return the claims of *token*, which is from *issuer*; raises InvalidToken."""
    try:
        payload = jwt.decode(token, OctKey.import_key(secret), algorithms=[ALGORITHM]).claims
        registry = jwt.JWTClaimsRegistry(
            now=int(now.timestamp()),
            iss={"essential": True, "value": issuer},
            aud={"essential": True, "value": AUDIENCES[issuer]},
            sub={"essential": True},
            roles={"essential": True},
            exp={"essential": True},
        )
        registry.validate(payload)
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise InvalidToken(f"the token cannot be accepted: {error}") from error
    if payload["exp"] <= now.timestamp():  # the library takes a token for a second more
        raise InvalidToken("the token cannot be accepted: it has ended")
    ends = payload["until"] if issuer == TICKETS else payload["exp"]
    return JwtClaims(
        str(payload["sub"]), tuple(payload["roles"]), str(payload.get("name", payload["sub"])), float(ends), PROOFS
    )


def sign_for(purpose: str, subject: str, secret: str, *, now: datetime, lifetime: timedelta) -> str:
    """Return what proves one thing about *subject* for one purpose, and is no token of a user."""
    payload: dict[str, Any] = {"iss": purpose, "sub": subject, "exp": int((now + lifetime).timestamp())}
    return jwt.encode({"alg": ALGORITHM}, payload, OctKey.import_key(secret))


def verify_for(purpose: str, token: str, secret: str, *, now: datetime) -> str:
    """Return the subject of what `sign_for` has signed for this purpose; raises InvalidToken, TokenEnded."""
    try:
        payload = jwt.decode(token, OctKey.import_key(secret), algorithms=[ALGORITHM]).claims
        registry = jwt.JWTClaimsRegistry(
            now=int(now.timestamp()),
            iss={"essential": True, "value": purpose},
            sub={"essential": True},
            exp={"essential": True},
        )
        registry.validate(payload)
    except ExpiredTokenError as error:
        raise TokenEnded("it cannot be accepted: it has ended") from error
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise InvalidToken(f"it cannot be accepted: {error}") from error
    if payload["exp"] <= now.timestamp():
        raise TokenEnded("it cannot be accepted: it has ended")
    return str(payload["sub"])
