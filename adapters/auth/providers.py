"""
Signing in by an account of a provider, and signing out there or by it; connecting such an account by hand,
disconnecting it, and proving to be there.

An account here is found by issuer and subject, and by nothing else that a provider says: no address, no name. A person
who is unknown gets an account of its own, without an address. What a browser has begun is bound to it by a cookie, from
which PKCE's verifier and the nonce are made: nothing that would finish it is kept here (decisions/0248).
"""

import asyncio
import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import NamedTuple
from uuid import uuid4

import structlog

from adapters.auth.access import AccountAccess, SignedIn, SignInElsewhere
from adapters.auth.attempts import FAILURES_OF_NETWORK
from adapters.auth.identities import Begun, Identities, Identity
from adapters.auth.oidc.id_token import LEEWAY, Person, refused
from adapters.auth.oidc.provider import Ask, Provider
from adapters.auth.oidc.requests import ProviderAway, ProviderRequests
from adapters.auth.provider_sessions import Signed
from adapters.auth.second_factors import FactorNeeded, SecondFactors
from adapters.auth.sessions import BrowserSession
from adapters.oidc_settings import OidcProvider
from commands.auth import LinkIdentity, UnlinkIdentity
from commands.user import ProvisionAccount
from domain.admin.settings import REFUSED, SELF_LINKING
from domain.auth import SignInRefused
from domain.identity_errors import (
    BegunElsewhere,
    IdentityTaken,
    LinkingRefused,
    NoAccountHere,
    ProviderNotFound,
    ProviderRefused,
)
from domain.profiles import LONGEST_NAME, expected_of
from domain.user import DISPLAY_NAME, LANGUAGE, TIME_ZONE

LASTS = timedelta(minutes=10)  # for a sign-in that was begun
PATIENCE = 3.0  # seconds for which a person who signs out waits for what the provider says of itself
CODES = 2_000  # characters of a code at most
DENIED = frozenset(("access_denied", "login_required", "interaction_required", "consent_required"))
CLAIMS = {DISPLAY_NAME: "name", LANGUAGE: "locale", TIME_ZONE: "zoneinfo"}
DEFAULTS = {DISPLAY_NAME: "", LANGUAGE: "en", TIME_ZONE: "UTC"}
LABELS = ("preferred_username", "name", "email")
"""How a provider may call the person, for the person to see."""


logger = structlog.get_logger()


class Purpose(StrEnum):
    """What a browser is sent to a provider for."""

    SIGN_IN = "sign_in"
    LINK = "link"
    CONFIRM = "confirm"


class Answer(NamedTuple):
    """What the browser brings back: its cookie, and the parameters of RFC 6749, 4.1.2, and of RFC 9207."""

    browser: str
    state: str
    code: str | None = None
    iss: str | None = None
    error: str | None = None


@dataclass(frozen=True)
class Finished:
    """
    What has become of what was begun.

    Attributes:
        session: that was opened, or has another token now; None if nothing of that kind has happened.
        needed: the second factor that has to follow.
        return_to: a path of this campus.
    """

    return_to: str
    session: SignedIn | None = None
    needed: FactorNeeded | None = None


class Providers:
    """Sign-ins by providers, in one process; *web_url* is where browsers reach the campus."""

    def __init__(
        self, access: AccountAccess, factors: SecondFactors, settings: Sequence[OidcProvider], web_url: str
    ) -> None:
        self.table = Identities(access.log.link, access.log.keys)
        self._access = access
        self._factors = factors
        self._web_url = web_url
        self._requests = ProviderRequests()
        self._by_name = {each.name: Provider(each, self._requests) for each in settings}

    @property
    def all(self) -> Sequence[OidcProvider]:
        """The providers that the settings name, in their order."""
        return [each.settings for each in self._by_name.values()]

    async def close(self) -> None:
        """Close the connections to providers."""
        await self._requests.close()

    async def begin(
        self, name: str, purpose: Purpose, browser: str, return_to: str, session: BrowserSession | None = None
    ) -> str:
        """
        Begin what the browser with this cookie goes to a provider for; returns the address to which it goes.

        Args:
            return_to: a path of this campus.

        Raises:
            ProviderNotFound, ProviderRefused, ProviderAway.
        """
        provider, state, now = self._provider(name), secrets.token_urlsafe(32), self._access.now()
        address = await provider.address(self._ask(name, purpose, browser, state))
        session_id = session.session_id if session is not None else None
        await self.table.begin(state, browser, name, Begun(purpose.value, session_id, return_to, now, now + LASTS))
        return address

    async def finish(
        self, name: str, answer: Answer, session: BrowserSession | None, client: str, request_id: str
    ) -> Finished:
        """
        Finish what the browser has begun, by what it brings back from the provider.

        Args:
            session: that the browser has now.

        Raises:
            BegunElsewhere, ProviderRefused, ProviderAway, NoAccountHere, IdentityTaken, TooManyIdentities,
            SignInRefused, TooManyAttempts.
        """
        access, provider = self._access, self._provider(name)
        async with access.attempts.counted("providers", client, access.now(), FAILURES_OF_NETWORK):
            begun = await self.table.finish(answer.state, answer.browser, name)
            if begun is None or begun.until <= access.now():
                raise BegunElsewhere
            if begun.session_id is not None and (session is None or session.session_id != begun.session_id):
                raise BegunElsewhere
            person = await self._person(provider, answer, Purpose(begun.purpose))
            match Purpose(begun.purpose), session:
                case Purpose.LINK, BrowserSession():
                    await self._link(provider.settings, person, session, request_id)
                    return Finished(begun.return_to)
                case Purpose.CONFIRM, BrowserSession():
                    changed = await self._confirm(provider.settings, person, begun, session, request_id)
                    return Finished(begun.return_to, changed)
            return await self._sign_in(provider.settings, person, begun, request_id)

    async def unlink(self, learner_id: str, identity_id: str, request_id: str) -> None:
        """
        Disconnect an account elsewhere: sessions end that were opened by it. Raises IdentityNotFound, LastWayIn.

        They end before the fact, so that it is no disconnected account that has left any if this process dies; and once
        more after it, since another browser may have signed in meanwhile.
        """
        (await self._access.credentials(learner_id)).unlink_identity(identity_id)  # raises what the command would
        await self._end(Signed(identity_id, ""), "identity_unlinked", request_id)
        await self._access.handle(UnlinkIdentity(learner_id, identity_id), learner_id, request_id)
        await self._end(Signed(identity_id, ""), "identity_unlinked", request_id)
        await self.table.drop(learner_id, identity_id)

    async def sign_out_address(self, session: BrowserSession) -> str | None:
        """
        Where the browser of a session signs out at the provider by which it has signed in.

        None for a session that was opened here, and where the provider has no such address or cannot be asked.
        """
        access = self._access
        by = await access.elsewhere.of_session(session.learner_id, session.session_id)
        issuer = (await access.credentials(session.learner_id)).identities.get(by.identity_id) if by else None
        provider = next((each for each in self._by_name.values() if each.settings.issuer == issuer), None)
        if by is None or provider is None:
            return None
        try:
            async with asyncio.timeout(PATIENCE):
                return await provider.sign_out_address(by.id_token, f"{self._web_url}/v1/auth/sign-in")
        except (ProviderAway, ProviderRefused, TimeoutError) as error:
            logger.warning("provider.sign_out_unknown", provider=provider.settings.name, error=str(error))
            return None

    async def end(self, name: str, token: str, request_id: str) -> int:
        """
        End the sessions here that were opened by what has ended at a provider, by its logout token; says how many.

        Raises:
            ProviderNotFound, ProviderAway.
            ProviderRefused: the token proves nothing, or was taken before.
        """
        provider, clock = self._provider(name), self._access.log.clock
        ended = await provider.ended(token, clock.on_machine(clock.now()))
        issuer, once = provider.settings.issuer, f"logout\n{provider.settings.issuer}\n{ended.token_id}".encode()
        if await self._factors.table.was_used(once):
            raise refused(provider.settings, "its logout token was taken before")
        identity = None if ended.subject is None else await self.table.find(issuer, ended.subject)
        number = 0
        if ended.subject is None or identity is not None:
            signed = Signed(None if identity is None else identity.identity_id, issuer, ended.sid)
            number = await self._end(signed, "provider_logout", request_id)
        # after that, so that a provider whose request has failed may send the token again
        await self._factors.table.use_challenge(once, ended.until + clock.shift)
        return number

    async def _end(self, signed: Signed, cause: str, request_id: str) -> int:
        """End the sessions of sign-ins elsewhere, and have what was begun there open no session; says how many."""
        elsewhere = self._access.elsewhere
        number = await self._revoke(await elsewhere.ending(signed), cause, request_id)
        return number + await self._revoke(await elsewhere.end(signed), cause, request_id)  # opened at the same time

    async def _revoke(self, ended: Sequence[tuple[str, str]], cause: str, request_id: str) -> int:
        """End sessions by their persons and ids; says how many."""
        by_person: dict[str, list[str]] = {}
        for learner_id, session_id in ended:
            by_person.setdefault(learner_id, []).append(session_id)
        for learner_id, session_ids in by_person.items():
            await self._access.revoke(learner_id, session_ids, cause, request_id)
        return len(ended)

    async def of_person(self, learner_id: str) -> Sequence[Identity]:
        """The accounts elsewhere that sign in to an account, with what is sealed opened."""
        linked = (await self._access.credentials(learner_id)).identities
        return [each for each in await self.table.of_person(learner_id) if each.identity_id in linked]

    def title_of(self, issuer: str) -> str:
        """What people call the provider of an issuer; the issuer, if the settings do not name it any more."""
        return next((each.title for each in self.all if each.issuer == issuer), issuer)

    def _provider(self, name: str) -> Provider:
        found = self._by_name.get(name)
        if found is None:
            raise ProviderNotFound(provider=name[:40])
        return found

    def _ask(self, name: str, purpose: Purpose, browser: str, state: str) -> Ask:
        def derived(use: str) -> str:
            digest = hmac.new(browser.encode(), f"{use}\n{name}\n{state}".encode(), hashlib.sha256).digest()
            return base64.urlsafe_b64encode(digest).decode().rstrip("=")

        redirect_uri = f"{self._web_url}/v1/auth/providers/{name}/callback"
        return Ask(redirect_uri, state, derived("nonce"), derived("verifier"), confirms=purpose is Purpose.CONFIRM)

    async def _person(self, provider: Provider, answer: Answer, purpose: Purpose) -> Person:
        """Who has signed in at the provider, which gets the code only if the answer came from there."""
        await provider.check_sender(answer.iss)
        if answer.error in DENIED:
            raise refused(provider.settings, "you have not signed in there, or have not agreed")
        if answer.error is not None or not answer.code or len(answer.code) > CODES:
            raise refused(provider.settings, "it has sent no code")
        clock = self._access.log.clock
        ask = self._ask(provider.settings.name, purpose, answer.browser, answer.state)
        return await provider.person(answer.code, ask, clock.on_machine(clock.now()))

    async def _sign_in(self, provider: OidcProvider, person: Person, begun: Begun, request_id: str) -> Finished:
        access = self._access
        found = await self._linked(provider, person)
        if found is None or not (await access.user(found.learner_id)).exists:
            if not provider.opens_accounts:
                raise NoAccountHere(provider=provider.title)
            await access.must_take_registrations()
            found = await self._open_account(provider, person, request_id)
        learner_id, now = found.learner_id, access.now()
        credentials = await access.credentials(learner_id)
        signed = Signed(found.identity_id, provider.issuer, person.sid)
        number = await access.elsewhere.begin(learner_id, signed, person.token, now)
        by = SignInElsewhere(found.identity_id, number)
        needed = None if person.has_factor else self._factors.needed(learner_id, credentials, by)
        if needed is not None:
            return Finished(begun.return_to, needed=needed)
        method = "provider+mfa" if person.has_factor else "provider"
        session = await access.open(
            learner_id,
            credentials.password_id,
            method,
            request_id,
            factor_at=now if person.has_factor else None,
            confirmed_at=self._there_at(person),
            by=by,
        )
        await self.table.use(found.identity_id, now)
        return Finished(begun.return_to, session)

    async def _confirm(
        self, provider: OidcProvider, person: Person, begun: Begun, session: BrowserSession, request_id: str
    ) -> SignedIn:
        """The person of a session has proved at the provider to be there, after this was asked for."""
        found = await self._linked(provider, person)
        there_at = self._there_at(person)
        if found is None or found.learner_id != session.learner_id:
            raise SignInRefused
        if there_at is None or there_at < begun.begun_at - timedelta(seconds=LEEWAY):
            raise refused(provider, "it does not say that you have signed in there just now")
        method = "provider+mfa" if person.has_factor else "provider"
        return await self._access.confirm_session(session, method, request_id)

    async def _link(self, provider: OidcProvider, person: Person, session: BrowserSession, request_id: str) -> None:
        """Connect an account elsewhere with the account of who is signed in; raises LinkingRefused, IdentityTaken."""
        if await self._access.settings.value(SELF_LINKING) == REFUSED:
            raise LinkingRefused
        found, learner_id = await self._linked(provider, person), session.learner_id
        if found is not None:
            if found.learner_id != learner_id:
                raise IdentityTaken(provider=provider.title)
            return
        row = self._row(provider, person, learner_id)
        before = await self.table.find(provider.issuer, person.subject)
        if not await self.table.take(row, before):
            raise IdentityTaken(provider=provider.title)
        await self._access.handle(LinkIdentity(learner_id, row.identity_id, provider.issuer), learner_id, request_id)
        kept = await self.table.find(provider.issuer, person.subject)
        if kept is None or kept.identity_id != row.identity_id:  # who signs in by it at this moment was faster
            await self._access.handle(UnlinkIdentity(learner_id, row.identity_id), learner_id, request_id)
            raise IdentityTaken(provider=provider.title)
        undo = partial(self.unlink, learner_id, row.identity_id, request_id)
        await self._access.must_have_stayed_open(session, undo)

    async def _linked(self, provider: OidcProvider, person: Person) -> Identity | None:
        """The identity of a person, if the log has it."""
        row = await self.table.find(provider.issuer, person.subject)
        if row is None or row.identity_id not in (await self._access.credentials(row.learner_id)).identities:
            return None
        return row

    async def _open_account(self, provider: OidcProvider, person: Person, request_id: str) -> Identity:
        """
        Open an account of a person who is unknown here.

        What was begun and not finished is gone on with, and so is what another process does at the same time: each step
        may be done twice. A row that an account has given up, or was never given, signs in to nothing and is replaced.
        """
        row = await self.table.find(provider.issuer, person.subject)
        if row is None or (await self._access.user(row.learner_id)).exists:
            new = self._row(provider, person, uuid4().hex)
            row = new if await self.table.take(new, row) else await self.table.find(provider.issuer, person.subject)
        if row is None:
            raise BegunElsewhere
        said = {field: _said(person.claims.get(claim), field) for field, claim in CLAIMS.items()}
        link = LinkIdentity(row.learner_id, row.identity_id, provider.issuer)
        await self._access.handle(link, row.learner_id, request_id)
        await self._access.handle(ProvisionAccount(row.learner_id, provider.issuer, **said), row.learner_id, request_id)
        return row

    def _row(self, provider: OidcProvider, person: Person, learner_id: str) -> Identity:
        label = next(
            (said for each in LABELS if (said := _said(person.claims.get(each), DISPLAY_NAME))), person.subject
        )
        now = self._access.now()
        return Identity(uuid4().hex, learner_id, provider.issuer, person.subject, label[:LONGEST_NAME], now, None)

    def _there_at(self, person: Person) -> datetime | None:
        """When the person has proved at the provider to be there, by the clock of the campus."""
        if person.authenticated_at is None:
            return None
        clock = self._access.log.clock
        return min(clock.now(), person.authenticated_at + clock.shift)


def _said(value: object, field: str) -> str:
    """What a provider says of a person, if it is what it should be; else what stands for nothing."""
    if isinstance(value, str) and value and expected_of(field, value) is None:
        return value
    return DEFAULTS[field]
