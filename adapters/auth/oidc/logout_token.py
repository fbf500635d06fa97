"""
Logout tokens: whose session has ended at a provider, as far as the provider can prove it.

Source: OpenID Connect Back-Channel Logout 1.0, 2.4 and 2.6. Signatures are checked as those of ID tokens are.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from joserfc import jws, jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from adapters.auth.oidc.id_token import ALGORITHMS, LEEWAY, LONGEST_SUBJECT, LONGEST_TOKEN, OLDEST, UnknownKey, refused
from adapters.oidc_settings import OidcProvider

EVENT = "http://schemas.openid.net/event/backchannel-logout"
TYPED = ("logout+jwt", "application/logout+jwt")
UNTYPED = (None, "JWT", "jwt")
"""`typ` of the logout tokens of providers that do not say there what they are."""


@dataclass(frozen=True)
class Ended:
    """
    What has ended at a provider.

    Attributes:
        subject: whose sessions; None: the one that *sid* names.
        sid: which session; None: all of *subject*.
        token_id: of the token, which is taken once; after *until* it is too old anyway.
    """

    subject: str | None
    sid: str | None
    token_id: str
    until: datetime


def ended_of(token: str, keys: KeySet, provider: OidcProvider, now: datetime) -> Ended:
    """
    Check a logout token.

    Args:
        now: by the clock of this machine.

    Raises:
        UnknownKey: it names a key that is not among *keys*.
        ProviderRefused: it proves nothing; the reason says which check has failed.
    """
    if not 0 < len(token) <= LONGEST_TOKEN:
        raise refused(provider, "it has sent no logout token")
    try:
        header = jws.extract_compact(token.encode()).headers()
        if header.get("alg") not in ALGORITHMS:
            raise refused(provider, "its logout token is not signed by a public key")
        if header.get("typ") not in (TYPED if provider.typed_logout else (*TYPED, *UNTYPED)):
            raise refused(provider, "its token is of another type than logout+jwt")
        registry = jws.JWSRegistry(algorithms=list(ALGORITHMS), strict_check_header=False)
        claims = jwt.decode(token, keys, registry=registry).claims
    except InvalidKeyIdError as error:
        raise UnknownKey from error
    except (JoseError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise refused(provider, f"its logout token does not hold ({type(error).__name__})") from error
    if problem := _problem(claims, provider, now.timestamp()):
        raise refused(provider, f"its logout token does not hold ({problem})")
    ends = min(claims["exp"], claims["iat"] + OLDEST) + LEEWAY
    return Ended(claims.get("sub"), claims.get("sid"), claims["jti"], datetime.fromtimestamp(ends, UTC))


def _problem(claims: dict[str, Any], provider: OidcProvider, now: float) -> str | None:
    """Which claim is wrong of a token whose signature is right; None if none is."""
    audience, events = claims.get("aud"), claims.get("events")
    named = [claims[each] for each in ("sub", "sid") if each in claims]
    checks = {
        "iss": claims.get("iss") == provider.issuer,
        "aud": provider.client_id in (audience if isinstance(audience, list) else [audience]),
        "iat or exp": _is_of_now(claims.get("iat"), claims.get("exp"), now),
        "events": isinstance(events, dict) and isinstance(events.get(EVENT), dict),
        "nonce": "nonce" not in claims,
        "sub or sid": bool(named) and all(map(_is_name, named)),
        "jti": _is_name(claims.get("jti")),
    }
    return next((name for name, holds in checks.items() if not holds), None)


def _is_of_now(issued: object, ends: object, now: float) -> bool:
    if isinstance(issued, bool) or isinstance(ends, bool):
        return False
    if not isinstance(issued, int | float) or not isinstance(ends, int | float):
        return False
    return now - OLDEST <= issued <= now + LEEWAY and now < ends + LEEWAY


def _is_name(said: object) -> bool:
    return isinstance(said, str) and 0 < len(said) <= LONGEST_SUBJECT
