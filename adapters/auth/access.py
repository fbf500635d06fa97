"""
What all ways in and out have in common: the account as the log has it, its password, its sessions.

What needs secrets is written beside the log before the fact that makes it valid, and taken away after the fact that
ends it; what breaks in between changes nothing: a session or a token stands by the log alone (standing.py).
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import uuid4

from adapters.auth.api_tokens import ApiTokens
from adapters.auth.attempts import Attempts
from adapters.auth.changes import AccessChanges
from adapters.auth.passwords import Passwords, is_known, words_of_campus
from adapters.auth.provider_sessions import ProviderSessions
from adapters.auth.sample_people import IDS as SAMPLE_IDS
from adapters.auth.sessions import LONGEST, BrowserSession, Sessions
from adapters.campus_settings import KnownSettings
from adapters.command_bus.bus import Bus
from adapters.command_bus.replay import replayed
from adapters.personal.addresses import Addresses
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.settings import Settings
from commands.auth import ConfirmSession, OpenSession, RevokeSessions, RevokeTokens, SetPassword
from commands.log import Context
from domain.admin.settings import CLOSED, REGISTRATION
from domain.auth import (
    Credentials,
    SignInRefused,
    credentials_stream,
)
from domain.errors import Forbidden
from domain.links import LinkRefused
from domain.passwords import SHORTEST_OF_STAFF, SHORTEST_PASSWORD, check_password
from domain.roles import Role, Roles, roles_stream
from domain.user import DISPLAY_NAME, AccountStatus, User, user_stream

ACTOR_LEFT = "actor_left"
"""Why a session has ended in which an admin acted as the person: the admin has signed out, or was signed out."""

MOST_SESSIONS = 50
"""Of one person, at the same time: with one more, that which was not used for the longest time ends."""
EVEN = 0.5  # seconds; an answer that could tell something by its time takes a multiple of this


class RegistrationClosed(Forbidden):
    """No mail leaves this campus, so no address can be verified."""

    code = "registration_closed"
    template = "this campus takes no registrations: its operator has to set CAMPUS_SMTP_URL"


class RegistrationEnded(Forbidden):
    """The staff have closed the registration."""

    code = "registration_by_invitation"
    template = "this campus takes no registrations now: its staff invite people"


@dataclass(frozen=True)
class SignedIn:
    """A session that was just opened, and its token, which is kept nowhere."""

    learner_id: str
    session_id: str
    token: str
    until: datetime


class SignInElsewhere(NamedTuple):
    """A sign-in by an account of a provider: which account, and the row of `provider_sessions`."""

    identity_id: str
    provider_session_id: str


@asynccontextmanager
async def even_time() -> AsyncIterator[None]:
    """Have the block take a multiple of `EVEN`, also when it raises."""
    started = time.monotonic()
    try:
        yield
    finally:
        await asyncio.sleep(EVEN - (time.monotonic() - started) % EVEN)


class AccountAccess:
    """
    Accounts, passwords and sessions, in one process of the API.

    Attributes:
        has_sample_people: whether the people sign in whose passwords all know: on a development campus only.
    """

    def __init__(self, log: PostgresLog, bus: Bus, settings: Settings) -> None:
        self.changes = AccessChanges(log.link)
        self.sessions = Sessions(log.link, log.clock, self.changes)
        self.passwords = Passwords(log.link)
        self.addresses = Addresses(log.link, log.keys)
        self.attempts = Attempts(log.link, log.keys)
        self.elsewhere = ProviderSessions(log.link, log.keys)
        self.api_tokens = ApiTokens(log.link, log.clock, self.changes)
        self.settings = KnownSettings(log)
        self.log = log
        self.bus = bus
        self.secret = settings.token_secret
        self.has_sample_people = settings.dev_login
        self._sends_mails = bool(settings.smtp_url)
        self._words = words_of_campus(settings)

    def must_send_mails(self) -> None:
        """Raise RegistrationClosed where no mail leaves."""
        if not self._sends_mails:
            raise RegistrationClosed

    async def must_take_registrations(self) -> None:
        """Raise RegistrationEnded where the staff have closed the registration."""
        if await self.settings.value(REGISTRATION) == CLOSED:
            raise RegistrationEnded

    def now(self) -> datetime:
        """The present time, by the clock of the campus."""
        return self.log.clock.now()

    async def user(self, learner_id: str) -> User:
        """The account; blank for an id that none has."""
        return await replayed(self.log, User, user_stream(learner_id or "none"))

    async def credentials(self, learner_id: str) -> Credentials:
        """What proves whose the account is; blank for an id that none has."""
        return await replayed(self.log, Credentials, credentials_stream(learner_id or "none"))

    async def address_of(self, user: User) -> str:
        """The address of an account; empty once its key is gone."""
        return (await self.log.keys.reading(user.id)).open(user.email) or ""

    async def called(self, user: User) -> str:
        """How apps and machines call an account: by its address, else by the person's name, else by its id."""
        key = await self.log.keys.reading(user.id)
        return key.open(user.email) or key.open(user.profile.get(DISPLAY_NAME)) or user.learner_id

    async def active(self, learner_id: str) -> User:
        """The account to which a link leads; raises LinkRefused for one that is not in use."""
        user = await self.user(learner_id)
        if user.status is not AccountStatus.ACTIVE:
            raise LinkRefused("account")
        return user

    async def handle(
        self, command: Any, learner_id: str, request_id: str, *, actor: str | None = None, ticket: str | None = None
    ) -> None:
        """Carry out a command in the name of a person; *actor* is the admin who does it for them, if one does."""
        on_behalf_of, role = (None, None) if actor is None else (learner_id, Role.ADMIN.value)
        context = Context(
            actor or learner_id,
            self.now(),
            on_behalf_of=on_behalf_of,
            correlation_id=request_id,
            role=role,
            ticket=ticket,
        )
        await self.bus.handle(command, context)

    async def check_password(self, user: User, password: str) -> None:
        """Raise BadPassword for one that would be guessed; who has a role needs a longer one."""
        roles = await replayed(self.log, Roles, roles_stream(user.learner_id))
        least = SHORTEST_OF_STAFF if roles.live(self.now()) else SHORTEST_PASSWORD
        name = (await self.log.keys.reading(user.id)).open(user.profile.get(DISPLAY_NAME)) or ""
        words, address = (*self._words, name), await self.address_of(user)
        check_password(password, address=address, is_known=is_known(password, words), least=least, words=words)

    async def confirm(self, learner_id: str, password: str, client: str) -> None:
        """Make sure that it is the person who asks; raises SignInRefused or TooManyAttempts."""
        async with self.attempts.counted(f"account {learner_id}", client, self.now()):
            credentials = await self.credentials(learner_id)
            if not await self.passwords.fits(learner_id, credentials.password_id, password):
                raise SignInRefused

    async def set_password(self, learner_id: str, password: str, cause: str, request_id: str) -> str:
        """Keep the hash, then have the log say that it is the valid one; others are forgotten."""
        password_id = uuid4().hex
        await self.passwords.keep(learner_id, password_id, password)
        await self.handle(SetPassword(learner_id, password_id, cause), learner_id, request_id)
        await self.drop_replaced(learner_id, password_id)
        return password_id

    async def drop_replaced(self, learner_id: str, password_id: str) -> None:
        """Forget the hashes of passwords before this one; not of one that was chosen after it."""
        facts = await self.log.stream(credentials_stream(learner_id))
        chosen = [fact.data["password_id"] for fact in facts if fact.type == Credentials.PasswordSet.TOPIC]
        await self.passwords.drop(learner_id, chosen[: chosen.index(password_id)])

    async def open(
        self,
        learner_id: str,
        password_id: str | None,
        method: str,
        request_id: str,
        *,
        confirmed_at: datetime | None,
        factor_at: datetime | None = None,
        by: SignInElsewhere | None = None,
    ) -> SignedIn:
        """
        Open a session of who has proved to be the person.

        Args:
            confirmed_at: when the person has proved to be there; None if that is not known.
            factor_at: when a second factor was given.
            by: the sign-in elsewhere, if that proves who the person is.

        Raises:
            SignInRefused: another password is valid by now, the account elsewhere was disconnected, the session there
                has ended, the account cannot be used any more, or is that of a sample person.
        """
        if learner_id in SAMPLE_IDS and not self.has_sample_people:
            raise SignInRefused
        session_id, until = uuid4().hex, self.now() + LONGEST
        await self.handle(OpenSession(learner_id, session_id, method, until), learner_id, request_id)
        is_short = await self.passwords.is_short(learner_id, password_id)
        token = await self.sessions.open(
            learner_id,
            session_id,
            until,
            confirmed_at=confirmed_at,
            factor_at=factor_at,
            short_password=is_short,
            provider_session_id=None if by is None else by.provider_session_id,
        )
        user, credentials = await self.user(learner_id), await self.credentials(learner_id)
        stands = by is None or await self.stands(by, credentials)
        if user.status is not AccountStatus.ACTIVE or credentials.password_id != password_id or not stands:
            await self.sessions.end(learner_id, [session_id])  # changed or erased meanwhile
            raise SignInRefused
        own = [each.session_id for each in await self.sessions.of_person(learner_id) if each.actor_id is None]
        await self.revoke(learner_id, own[MOST_SESSIONS:], "too_many", request_id)
        return SignedIn(learner_id, session_id, token, until)

    async def stands(self, by: SignInElsewhere, credentials: Credentials) -> bool:
        """Whether a sign-in elsewhere still opens a session: it is connected, and has not ended there."""
        return by.identity_id in credentials.identities and await self.elsewhere.stands(by.provider_session_id)

    async def confirm_session(self, session: BrowserSession, method: str, request_id: str) -> SignedIn:
        """
        Note that the person of a session has proved once more to be there; the session gets another token.

        Raises:
            SignInRefused: it has ended meanwhile.
        """
        learner_id = session.learner_id
        await self.handle(ConfirmSession(learner_id, session.session_id, method), learner_id, request_id)
        token = await self.sessions.confirm(session, with_factor=method not in ("password", "provider"))
        if token is None:
            raise SignInRefused
        return SignedIn(learner_id, session.session_id, token, session.until)

    async def must_have_stayed_open(self, session: BrowserSession, undo: Callable[[], Awaitable[Any]]) -> None:
        """
        Take back what was made in a session, and outlasts it, if the session has ended meanwhile.

        A process hears of that half a second late, and what is made after the fact that ends all sessions is not ended
        by it: who has another's session would keep a token, a passkey or a sign-in elsewhere.

        Raises:
            SignInRefused: it has ended; *undo* was done.
        """
        if not await self.sessions.is_open(session.learner_id, session.session_id):
            await undo()
            raise SignInRefused

    async def revoke(
        self, learner_id: str, session_ids: Sequence[str], cause: str, request_id: str, *, actor: str | None = None
    ) -> None:
        """
        End sessions of a person: the fact first, so that what ends is known; then the session.

        Those end with them in which the person acts as others.
        """
        if not session_ids:
            return
        command = RevokeSessions(learner_id, tuple(session_ids), cause)
        await self.handle(command, learner_id, request_id, actor=actor)
        for each in await self.sessions.resting_on(learner_id):
            if each.actor_session_id in session_ids:
                await self.revoke(each.learner_id, [each.session_id], ACTOR_LEFT, request_id, actor=learner_id)
        await self.sessions.end(learner_id, session_ids)

    async def revoke_tokens(self, learner_id: str, token_ids: Sequence[str], cause: str, request_id: str) -> None:
        """End tokens of a person, in the same order."""
        if token_ids:
            await self.handle(RevokeTokens(learner_id, tuple(token_ids), cause), learner_id, request_id)
            await self.api_tokens.end(learner_id, token_ids)

    async def revoke_all(self, learner_id: str, cause: str, request_id: str) -> int:
        """End all sessions of a person, and all tokens; returns how many sessions these were."""
        tokens = [token.token_id for token in await self.api_tokens.kept_of(learner_id)]
        await self.revoke_tokens(learner_id, tokens, cause, request_id)
        open_ones = [session.session_id for session in await self.sessions.kept_of(learner_id)]
        await self.revoke(learner_id, open_ones, cause, request_id)
        return len(open_ones)

    async def end_for(self, learner_id: str, cause: str, context: Context) -> int:
        """
        End all sessions and tokens of a person, in the name of another; returns how many there were.

        Those that a fact of the person has ended are noted as well, and taken away.
        """
        tokens = tuple(token.token_id for token in await self.api_tokens.kept_of(learner_id))
        if tokens:
            await self.bus.handle(RevokeTokens(learner_id, tokens, cause), context)
            await self.api_tokens.end(learner_id, tokens)
        sessions = tuple(session.session_id for session in await self.sessions.kept_of(learner_id))
        if sessions:
            await self.bus.handle(RevokeSessions(learner_id, sessions, cause), context)
            await self.sessions.end(learner_id, sessions)
        return len(tokens) + len(sessions)
