"""
ID tokens: who has signed in at a provider, as far as the provider can prove it.

Source: OpenID Connect Core 1.0, 3.1.3.7. Algorithms are ours to choose, not the token's and not the provider's: a
signature by a public key, never none, and never a secret (HS256), for which a public key could be taken.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from authlib.oidc.core import CodeIDToken  # type: ignore[import-untyped]
from joserfc import jws, jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from adapters.oidc_settings import OidcProvider
from domain.identity_errors import ProviderRefused

ALGORITHMS = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "Ed25519"),
)
"""Without EdDSA, which RFC 9864 has replaced by Ed25519; every provider has RS256."""
LEEWAY = 60  # seconds that clocks may differ
OLDEST = 600  # seconds since a token was issued
LONGEST_SUBJECT = 255  # characters, by OpenID Connect Core 1.0, section 2
LONGEST_TOKEN = 16_384  # characters


class UnknownKey(Exception):
    """A token is signed by a key that is not among those that were read."""


@dataclass(frozen=True)
class Person:
    """
    Who has signed in at a provider.

    Attributes:
        subject: the provider's own identifier of the person, which never changes and is no one else's.
        authenticated_at: when the person was last seen to prove it there; None if the provider does not say.
        has_factor: whether the provider is believed for a second factor, and says that there was one.
        claims: all that the provider says; to be believed for nothing but how to call the person.
        token: the ID token, by which the provider knows the person again when its session is to end.
    """

    subject: str
    authenticated_at: datetime | None
    has_factor: bool
    claims: dict[str, Any]
    token: str

    @property
    def sid(self) -> str | None:
        """Its session at the provider (Back-Channel Logout 1.0, 2.1); None if it names none."""
        said = self.claims.get("sid")
        return said if isinstance(said, str) and 0 < len(said) <= LONGEST_SUBJECT else None


def person_of(
    token: object, keys: KeySet, provider: OidcProvider, *, nonce: str, access_token: object, now: datetime
) -> Person:
    """
    Check an ID token that came from the token endpoint.

    Args:
        nonce: what the browser that asked was given.
        access_token: what came with it, to which `at_hash` must belong, if there is one.
        now: by the clock of this machine.

    Raises:
        UnknownKey: it names a key that is not among *keys*.
        ProviderRefused: it proves nothing; the reason says which check has failed.
    """
    if not isinstance(token, str) or len(token) > LONGEST_TOKEN:
        raise refused(provider, "it has sent no ID token")
    options = {
        "iss": {"essential": True, "value": provider.issuer},
        "aud": {"essential": True, "value": provider.client_id},
    }
    params = {"nonce": nonce, "client_id": provider.client_id, "access_token": access_token}
    try:
        algorithm = jws.extract_compact(token.encode()).headers().get("alg")
        if algorithm not in ALGORITHMS:
            raise refused(provider, "its ID token is not signed by a public key")
        registry = jws.JWSRegistry(algorithms=list(ALGORITHMS), strict_check_header=False)
        found = jwt.decode(token, keys, registry=registry)
        claims = CodeIDToken(found.claims, found.header, options, params)
        claims.validate(now=int(now.timestamp()), leeway=LEEWAY)
    except InvalidKeyIdError as error:
        raise UnknownKey from error
    except (JoseError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise refused(provider, f"its ID token does not hold ({_name(error)})") from error
    _must_be_of_now(claims, provider, now)
    return Person(
        _subject(claims, provider), _authenticated_at(claims, now), _has_factor(claims, provider), dict(claims), token
    )


def refused(provider: OidcProvider, why: str) -> ProviderRefused:
    """The refusal of what a provider has said."""
    return ProviderRefused(provider=provider.title, why=why)


def _name(error: Exception) -> str:
    """Which check has failed: the library's word for it, and the claim."""
    claim = getattr(error, "claim", None)
    return f"{getattr(error, 'error', type(error).__name__)}{f': {claim}' if claim else ''}"


def _must_be_of_now(claims: dict[str, Any], provider: OidcProvider, now: datetime) -> None:
    """The library takes an end for a moment longer, and any age."""
    ends, issued = claims["exp"], claims["iat"]
    if not all(isinstance(each, int | float) for each in (ends, issued)):
        raise refused(provider, "its ID token has no times")
    if ends + LEEWAY <= now.timestamp():
        raise refused(provider, "its ID token has ended")
    if not now.timestamp() - OLDEST <= issued <= now.timestamp() + LEEWAY:
        raise refused(provider, "its ID token was not issued just now")


def _subject(claims: dict[str, Any], provider: OidcProvider) -> str:
    subject = claims["sub"]
    if not isinstance(subject, str) or not 0 < len(subject) <= LONGEST_SUBJECT or not subject.isascii():
        raise refused(provider, "its ID token names no one")
    return subject


def _authenticated_at(claims: dict[str, Any], now: datetime) -> datetime | None:
    said = claims.get("auth_time")
    if isinstance(said, bool) or not isinstance(said, int | float) or said > now.timestamp() + LEEWAY:
        return None
    return datetime.fromtimestamp(max(0, said), now.tzinfo)


def _has_factor(claims: dict[str, Any], provider: OidcProvider) -> bool:
    said = claims.get("amr")
    methods: Sequence[object] = said if isinstance(said, list) else ()
    return claims.get("acr") in provider.factor_acr or any(each in provider.factor_amr for each in methods)
