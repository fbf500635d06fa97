"""
How a person gets in and out: registration, the link of the mail, signing in, sessions; over commands and tables.

What is answered does not tell whether an address has an account: not by its words, its status, or its time. What needs
secrets is written beside the log before the fact that makes it valid, and taken away after the fact that ends it; each
step may be done twice, so what breaks in between is mended by doing it again.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from adapters.auth.attempts import Attempts
from adapters.auth.links import VERIFY, account_of
from adapters.auth.passwords import Passwords, is_known
from adapters.auth.sessions import LONGEST, BrowserSession, Sessions
from adapters.command_bus.bus import Bus
from adapters.command_bus.replay import replayed
from adapters.personal.addresses import Addresses
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.settings import Settings
from commands.auth import OpenSession, RevokeSessions, SetPassword
from commands.log import Context
from commands.user import ChangeProfile, RegisterAccount, RequestErasure, VerifyEmail
from domain.auth import Credentials, LinkRefused, SignInRefused, check_password, credentials_stream
from domain.errors import Forbidden
from domain.personal import PersonErased
from domain.user import DISPLAY_NAME, LANGUAGE, TIME_ZONE, AccountStatus, User, check_profile, user_stream

EVEN = 0.5  # seconds; an answer that could tell something by its time takes a multiple of this


class RegistrationClosed(Forbidden):
    """No mail leaves this campus, so no address can be verified."""

    code = "registration_closed"
    template = "this campus takes no registrations: its operator has to set CAMPUS_SMTP_URL"


@dataclass(frozen=True)
class SignedIn:
    """A session that was just opened, and its token, which is kept nowhere."""

    learner_id: str
    session_id: str
    token: str
    until: datetime


@asynccontextmanager
async def even_time() -> AsyncIterator[None]:
    """Have the block take a multiple of `EVEN`, also when it raises."""
    started = time.monotonic()
    try:
        yield
    finally:
        await asyncio.sleep(EVEN - (time.monotonic() - started) % EVEN)


class People:
    """Registration and signing in, in one process of the API."""

    def __init__(self, log: PostgresLog, bus: Bus, settings: Settings) -> None:
        self.sessions = Sessions(log.link, log.clock)
        self.passwords = Passwords(log.link)
        self._addresses = Addresses(log.link, log.keys)
        self._attempts = Attempts(log.link, log.keys)
        self._log = log
        self._bus = bus
        self._secret = settings.token_secret
        self._takes_registrations = bool(settings.smtp_url)

    async def register(self, email: str, language: str, time_zone: str, request_id: str) -> None:
        """
        Ask for an account; the rest goes by mail. Nothing, if that address has just asked.

        Raises:
            BadTimeZone: the time zone is none.
        """
        if not self._takes_registrations:
            raise RegistrationClosed
        check_profile({LANGUAGE: language, TIME_ZONE: time_zone})  # before it is known whether there is an account
        async with even_time():
            learner_id = await self._addresses.claim(email, uuid4().hex)
            if await self._addresses.take_turn(email, self._log.clock.now()):
                command = RegisterAccount(learner_id, email, language, time_zone)
                with suppress(PersonErased):  # whose address is about to be forgotten
                    await self._bus.handle(command, self._context(learner_id, request_id))

    async def complete(self, token: str, password: str, display_name: str, request_id: str) -> SignedIn:
        """
        Complete a registration by the link of its mail: the address is verified, the password set, a session opened.

        Raises:
            LinkRefused, BadPassword.
        """
        learner_id = account_of(token, VERIFY, self._secret, now=self._log.clock.now())
        user = await replayed(self._log, User, user_stream(learner_id))
        if user.status is not AccountStatus.PENDING:
            raise LinkRefused
        address = (await self._log.keys.reading(user.id)).open(user.email) or ""
        check_password(password, address=address, is_known=is_known(password))
        context = self._context(learner_id, request_id)
        password_id = await self._set_password(learner_id, password, "registration", context)
        await self._bus.handle(VerifyEmail(learner_id), context)
        await self._bus.handle(ChangeProfile(learner_id, {DISPLAY_NAME: display_name}), context)
        return await self._open(learner_id, password_id, "link", context)

    async def sign_in(self, email: str, password: str, client: str, request_id: str) -> SignedIn:
        """
        Sign in by address and password.

        Raises:
            SignInRefused: they do not belong together, or the account cannot be used.
            TooManyAttempts: that has failed too often from this network.
        """
        async with even_time():
            now = self._log.clock.now()
            attempt = await self._attempts.begin(email, client, now)
            learner_id = await self._addresses.find(email) or ""
            stream = learner_id or "none"
            user = await replayed(self._log, User, user_stream(stream))
            credentials = await replayed(self._log, Credentials, credentials_stream(stream))
            fits = await self.passwords.fits(learner_id, credentials.password_id, password)
            if not fits or user.status is not AccountStatus.ACTIVE:
                raise SignInRefused
            await self._attempts.succeeded(attempt)
            context = self._context(learner_id, request_id)
            return await self._open(learner_id, credentials.password_id, "password", context)

    async def confirm(self, learner_id: str, password: str, client: str) -> None:
        """Make sure that it is the person who asks; raises SignInRefused or TooManyAttempts."""
        now = self._log.clock.now()
        attempt = await self._attempts.begin(f"account {learner_id}", client, now)
        credentials = await replayed(self._log, Credentials, credentials_stream(learner_id))
        if not await self.passwords.fits(learner_id, credentials.password_id, password):
            raise SignInRefused
        await self._attempts.succeeded(attempt)

    async def change_password(self, session: BrowserSession, password: str, request_id: str) -> SignedIn:
        """Set another password; all sessions end, and the one that asks is replaced. Raises BadPassword."""
        learner_id = session.learner_id
        user = await replayed(self._log, User, user_stream(learner_id))
        address = (await self._log.keys.reading(user.id)).open(user.email) or ""
        check_password(password, address=address, is_known=is_known(password))
        context = self._context(learner_id, request_id)
        password_id = await self._set_password(learner_id, password, "change", context)
        await self.revoke_all(learner_id, "password", request_id)
        return await self._open(learner_id, password_id, "password", context)

    async def revoke(self, learner_id: str, session_ids: Sequence[str], cause: str, request_id: str) -> None:
        """End sessions of a person: the fact first, so that what ends is known; then the session."""
        if session_ids:
            command = RevokeSessions(learner_id, tuple(session_ids), cause)
            await self._bus.handle(command, self._context(learner_id, request_id))
            await self.sessions.end(learner_id, session_ids)

    async def revoke_all(self, learner_id: str, cause: str, request_id: str) -> int:
        """End all sessions of a person; returns how many these were."""
        open_ones = [session.session_id for session in await self.sessions.of_person(learner_id)]
        await self.revoke(learner_id, open_ones, cause, request_id)
        return len(open_ones)

    async def erase(self, learner_id: str, request_id: str) -> int:
        """End the account and all sessions, and say how many; the dispatcher destroys the key after that."""
        await self._bus.handle(RequestErasure(learner_id), self._context(learner_id, request_id))
        return await self.revoke_all(learner_id, "erasure", request_id)

    async def _set_password(self, learner_id: str, password: str, cause: str, context: Context) -> str:
        """Keep the hash, then have the log say that it is the valid one; others are forgotten."""
        password_id = uuid4().hex
        await self.passwords.keep(learner_id, password_id, password)
        await self._bus.handle(SetPassword(learner_id, password_id, cause), context)
        facts = await self._log.stream(credentials_stream(learner_id))
        chosen = [fact.data["password_id"] for fact in facts if fact.type == Credentials.PasswordSet.TOPIC]
        await self.passwords.drop(learner_id, chosen[: chosen.index(password_id)])  # not what was chosen after it
        return password_id

    async def _open(self, learner_id: str, password_id: str | None, method: str, context: Context) -> SignedIn:
        session_id, until = uuid4().hex, self._log.clock.now() + LONGEST
        await self._bus.handle(OpenSession(learner_id, session_id, method, until), context)
        token = await self.sessions.open(learner_id, session_id, until)
        user = await replayed(self._log, User, user_stream(learner_id))
        credentials = await replayed(self._log, Credentials, credentials_stream(learner_id))
        if user.status is not AccountStatus.ACTIVE or credentials.password_id != password_id:
            await self.sessions.end(learner_id, [session_id])  # changed or erased meanwhile
            raise SignInRefused
        return SignedIn(learner_id, session_id, token, until)

    def _context(self, learner_id: str, request_id: str) -> Context:
        return Context(learner_id, self._log.clock.now(), correlation_id=request_id)
