"""
Passkeys (WebAuthn): a key in a machine of the person that signs a challenge for this campus, after a look or a PIN.

The machine verifies the person each time, so a passkey is two factors at once, and signs in without a password. What a
challenge was made for stands in a signed state that goes to the page and comes back; it is taken once.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import msgspec
import webauthn
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url, generate_challenge
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from adapters.auth.access import AccountAccess, SignedIn
from adapters.auth.attempts import FAILURES_OF_NETWORK
from adapters.auth.factors import KeptFactor
from adapters.auth.links import LinkKind, link_of, link_token
from adapters.auth.second_factors import ISSUER, SecondFactors
from domain.auth import FactorKind, FactorRefused
from domain.links import LinkRefused

LIFETIME = timedelta(minutes=5)
TO_ADD = LinkKind("campuslog-passkey-to-add", LIFETIME)
TO_SIGN = LinkKind("campuslog-passkey-to-sign", LIFETIME)
NO_ONE = "none"  # who asks for a challenge before it is known who signs


@contextmanager
def refused_if_it_fails() -> Iterator[None]:
    """Raise FactorRefused for what a browser has sent and the library cannot take."""
    try:
        yield
    except Exception as error:
        raise FactorRefused from error


Asked = tuple[str, dict[str, Any]]
"""The state of a challenge, and what the page hands over to the browser."""


class Passkeys:
    """The passkeys of the persons of one campus, whose pages are at *web_url*."""

    def __init__(self, access: AccountAccess, factors: SecondFactors, web_url: str) -> None:
        self._access = access
        self._factors = factors
        self._origin = web_url
        self._host = urlsplit(web_url).hostname or ""

    async def ask_to_add(self, learner_id: str) -> Asked:
        """What makes a passkey for a person; one that a machine has already is not made twice there."""
        known = [each.credential_id for each in await self._factors.table.of_person(learner_id) if each.credential_id]
        user = await self._access.user(learner_id)
        challenge = generate_challenge()
        options = webauthn.generate_registration_options(
            rp_id=self._host,
            rp_name=ISSUER,
            user_id=learner_id.encode(),
            user_name=await self._access.called(user),
            challenge=challenge,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
            ),
            exclude_credentials=[PublicKeyCredentialDescriptor(id=each) for each in known],
        )
        return self._state(TO_ADD, learner_id, challenge), msgspec.json.decode(webauthn.options_to_json(options))

    async def add(
        self, learner_id: str, state: str, credential: Mapping[str, Any], label: str, request_id: str
    ) -> tuple[str, list[str]]:
        """
        Add the passkey that a machine has made.

        Returns:
            Its id, and recovery codes, if it is the first factor.

        Raises:
            FactorRefused: the challenge is not of this person, too old or used, or the answer does not fit it.
            TooManyFactors: the person has as many as there may be.
        """
        challenge = await self._challenge(TO_ADD, learner_id, state)
        with refused_if_it_fails():
            found = webauthn.verify_registration_response(
                credential=dict(credential),
                expected_challenge=challenge,
                expected_rp_id=self._host,
                expected_origin=self._origin,
                require_user_verification=True,
            )
        await self._use(challenge)
        if await self._factors.table.find_passkey(found.credential_id) is not None:
            raise FactorRefused
        factor_id, kept = uuid4().hex, (found.credential_id, found.credential_public_key, found.sign_count)
        await self._factors.table.keep_passkey(learner_id, factor_id, label, kept, self._access.now())
        return factor_id, await self._factors.add(learner_id, factor_id, FactorKind.PASSKEY, request_id)

    async def ask_to_sign(self, learner_id: str = NO_ONE) -> Asked:
        """What has a passkey sign: one of a person, or any of this campus that the machine has."""
        kept = [] if learner_id == NO_ONE else await self._factors.table.of_person(learner_id)
        challenge = generate_challenge()
        options = webauthn.generate_authentication_options(
            rp_id=self._host,
            challenge=challenge,
            allow_credentials=[
                PublicKeyCredentialDescriptor(id=each.credential_id) for each in kept if each.credential_id
            ],
            user_verification=UserVerificationRequirement.REQUIRED,
        )
        return self._state(TO_SIGN, learner_id, challenge), msgspec.json.decode(webauthn.options_to_json(options))

    async def sign_in(self, state: str, credential: Mapping[str, Any], client: str, request_id: str) -> SignedIn:
        """
        Sign in by a passkey.

        Raises:
            FactorRefused, TooManyAttempts, SignInRefused.
        """
        access = self._access
        async with access.attempts.counted("passkeys", client, access.now(), FAILURES_OF_NETWORK):
            factor = await self._signed(NO_ONE, state, credential)
        credentials = await access.credentials(factor.learner_id)
        now = access.now()
        return await access.open(
            factor.learner_id, credentials.password_id, "passkey", request_id, confirmed_at=now, factor_at=now
        )

    async def check(self, learner_id: str, state: str, credential: Mapping[str, Any], client: str) -> None:
        """Make sure that a passkey of a person has signed; raises FactorRefused or TooManyAttempts."""
        access = self._access
        async with access.attempts.counted(f"passkeys {learner_id}", client, access.now()):
            await self._signed(learner_id, state, credential)

    async def _signed(self, learner_id: str, state: str, credential: Mapping[str, Any]) -> KeptFactor:
        """The passkey that has signed a challenge, of this person, if one is named; raises FactorRefused."""
        challenge = await self._challenge(TO_SIGN, learner_id, state)
        with refused_if_it_fails():
            credential_id = base64url_to_bytes(str(credential.get("id", "")))
        factor = await self._factors.table.find_passkey(credential_id)
        if factor is None or learner_id not in (NO_ONE, factor.learner_id):
            raise FactorRefused
        known = (await self._access.credentials(factor.learner_id)).factors
        if factor.factor_id not in known or factor.public_key is None:
            raise FactorRefused
        with refused_if_it_fails():
            found = webauthn.verify_authentication_response(
                credential=dict(credential),
                expected_challenge=challenge,
                expected_rp_id=self._host,
                expected_origin=self._origin,
                credential_public_key=factor.public_key,
                credential_current_sign_count=factor.sign_count,
                require_user_verification=True,
            )
        await self._use(challenge)
        if not await self._factors.table.take_count(factor.factor_id, found.new_sign_count, self._access.now()):
            raise FactorRefused
        return factor

    def _state(self, kind: LinkKind, learner_id: str, challenge: bytes) -> str:
        access = self._access
        return link_token(learner_id, kind, access.secret, now=access.now(), state=bytes_to_base64url(challenge))

    async def _challenge(self, kind: LinkKind, learner_id: str, state: str) -> bytes:
        try:
            asked_by, challenge = link_of(state, kind, self._access.secret, now=self._access.now())
        except LinkRefused as error:
            raise FactorRefused from error
        if asked_by != learner_id:
            raise FactorRefused
        return base64url_to_bytes(challenge)

    async def _use(self, challenge: bytes) -> None:
        if not await self._factors.table.use_challenge(challenge, self._access.now() + LIFETIME):
            raise FactorRefused
