"""
One provider: what it says of itself, its keys, and the two steps of a sign-in (the authorization code flow with PKCE).

Sources: OpenID Connect Core 1.0, Discovery 1.0, RP-Initiated Logout 1.0 and Back-Channel Logout 1.0, RFC 6749, RFC 7636
(S256), RFC 9207 (`iss` of the answer), RFC 9700.
Authlib writes the address of the first step, proves to the provider which client it is, and checks what an ID token
claims (id_token.py). Its own HTTP client and its session are not used: decisions/0248.
"""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

from authlib.common.urls import add_params_to_uri  # type: ignore[import-untyped]
from authlib.oauth2.auth import ClientAuth  # type: ignore[import-untyped]
from authlib.oauth2.client import OAuth2Client  # type: ignore[import-untyped]
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from adapters.auth.oidc.id_token import Person, UnknownKey, person_of, refused
from adapters.auth.oidc.logout_token import Ended, ended_of
from adapters.auth.oidc.requests import ProviderAway, ProviderRequests, must_be_of
from adapters.oidc_settings import OidcProvider
from domain.identity_errors import ProviderRefused

FRESH = 3_600.0  # seconds that what a provider says of itself, and its keys, are taken for true
ASKED_AGAIN = 60.0  # seconds that have to be between two reads of the keys
PAUSE = 5.0  # seconds in which a provider that is away, or says what cannot be, is not asked what it is
WELL_KNOWN = "/.well-known/openid-configuration"
ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")


@dataclass(frozen=True)
class Ask:
    """
    What is sent along with a browser, and expected back.

    Attributes:
        verifier: of PKCE; the provider gets its digest first, and itself with the code.
        confirms: whether the person has to prove to the provider once more to be there.
    """

    redirect_uri: str
    state: str
    nonce: str
    verifier: str
    confirms: bool = False


class Provider:
    """One provider, as one process knows it."""

    def __init__(self, settings: OidcProvider, requests: ProviderRequests) -> None:
        self.settings = settings
        self._requests = requests
        self._metadata: tuple[float, dict[str, Any]] | None = None
        self._failed: tuple[float, Exception] | None = None
        self._describing = asyncio.Lock()
        self._keys: tuple[float, KeySet] | None = None

    async def address(self, ask: Ask) -> str:
        """Where the browser goes to sign in; raises ProviderAway, ProviderRefused."""
        settings, metadata = self.settings, await self._describe()
        client = OAuth2Client(None, settings.client_id, scope=" ".join(settings.scopes), code_challenge_method="S256")
        more = {"prompt": "login", "max_age": "0"} if ask.confirms else {}
        if settings.factor_acr:
            more["acr_values"] = " ".join(settings.factor_acr)
        url, _ = client.create_authorization_url(
            metadata["authorization_endpoint"],
            state=ask.state,
            code_verifier=ask.verifier,
            nonce=ask.nonce,
            redirect_uri=ask.redirect_uri,
            response_mode="query",
            **more,
        )
        return str(url)

    async def check_sender(self, iss: str | None) -> None:
        """Make sure that this provider has answered (RFC 9207), before it gets the code; raises ProviderRefused."""
        says_so = (await self._describe()).get("authorization_response_iss_parameter_supported") is True
        if iss != self.settings.issuer and (iss is not None or says_so):
            raise refused(self.settings, "the answer came from another provider")

    async def person(self, code: str, ask: Ask, now: datetime) -> Person:
        """
        Who has signed in, for a code.

        Args:
            now: by the clock of this machine.

        Raises:
            ProviderAway, ProviderRefused.
        """
        tokens = await self._redeem(code, ask)
        for is_last in (False, True):
            try:
                return person_of(
                    tokens.get("id_token"),
                    await self._key_set(again=is_last),
                    self.settings,
                    nonce=ask.nonce,
                    access_token=tokens.get("access_token"),
                    now=now,
                )
            except UnknownKey:
                continue
        raise refused(self.settings, "its ID token is signed by a key that it does not publish")

    async def sign_out_address(self, id_token: str, back: str) -> str | None:
        """
        Where a browser signs out at the provider (RP-Initiated Logout 1.0); None if the provider does not say.

        Args:
            id_token: by which the provider knows whose session it is.
            back: where the browser comes after that; the provider has to know this address.

        Raises:
            ProviderAway, ProviderRefused.
        """
        endpoint = (await self._describe()).get("end_session_endpoint")
        if endpoint is None:
            return None
        said = {"client_id": self.settings.client_id, "post_logout_redirect_uri": back}
        if id_token:
            said["id_token_hint"] = id_token
        return add_params_to_uri(must_be_of(self.settings, endpoint), said.items())  # type: ignore[no-any-return]

    async def ended(self, token: str, now: datetime) -> Ended:
        """What has ended at the provider, by a logout token; raises ProviderAway, ProviderRefused."""
        for is_last in (False, True):
            try:
                return ended_of(token, await self._key_set(again=is_last), self.settings, now)
            except UnknownKey:
                continue
        raise refused(self.settings, "its logout token is signed by a key that it does not publish")

    async def _redeem(self, code: str, ask: Ask) -> Mapping[str, Any]:
        settings, metadata = self.settings, await self._describe()
        url, secret = metadata["token_endpoint"], _secret(settings)
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": ask.redirect_uri,
            "code_verifier": ask.verifier,
        }
        method = settings.token_auth or ("client_secret_basic" if secret else "none")
        # RFC 6749, 2.3.1: both are form-encoded before they stand in the header
        names = (quote(settings.client_id, safe=""), quote(secret, safe=""))
        auth = ClientAuth(*(names if method == "client_secret_basic" else (settings.client_id, secret)), method)
        _, headers, body = auth.prepare("POST", url, {}, urlencode(form))
        status, answer = await self._requests.post(settings, url, headers, body)
        if status != 200:
            raise refused(settings, "it does not know the code, or not this campus")
        found: Mapping[str, Any] = answer
        return found

    async def _describe(self) -> dict[str, Any]:
        """What the provider says of itself; the same for an hour. It is asked once for all who wait."""
        async with self._describing:
            now = time.monotonic()
            if self._metadata is not None and now - self._metadata[0] <= FRESH:
                return self._metadata[1]
            if self._failed is not None and now - self._failed[0] < PAUSE:
                raise self._failed[1].with_traceback(None)
            try:
                found = await self._read_metadata()
            except (ProviderAway, ProviderRefused) as error:
                self._failed = time.monotonic(), error
                raise
            self._metadata = time.monotonic(), found
            return found

    async def _read_metadata(self) -> dict[str, Any]:
        settings = self.settings
        found: dict[str, Any] = await self._requests.get(settings, settings.issuer.rstrip("/") + WELL_KNOWN)
        if found.get("issuer") != settings.issuer:
            raise refused(settings, "it calls itself by another issuer than the settings of the campus")
        for name in ENDPOINTS:
            must_be_of(settings, found.get(name))
        methods = found.get("code_challenge_methods_supported", ["S256"])
        if not isinstance(methods, list) or "S256" not in methods:
            raise refused(settings, "it does not take PKCE with S256")
        return found

    async def _key_set(self, *, again: bool) -> KeySet:
        """The keys of the provider; *again*: read since the one that is looked for was not found, once in a minute."""
        age = time.monotonic() - self._keys[0] if self._keys is not None else FRESH
        if self._keys is None or age >= (ASKED_AGAIN if again else FRESH):
            document = await self._requests.get(self.settings, (await self._describe())["jwks_uri"])
            try:
                self._keys = time.monotonic(), KeySet.import_key_set(document)
            except (JoseError, ValueError, TypeError, KeyError) as error:
                raise ProviderAway(self.settings, "its keys cannot be read") from error
        return self._keys[1]


def _secret(settings: OidcProvider) -> str:
    try:
        return settings.secret
    except OSError as error:
        raise ProviderAway(settings, "the campus cannot read its client secret") from error
