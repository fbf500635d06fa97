"""
How a person gets in and out: registration, the link of the mail, signing in, sessions; over commands and tables.

What is answered does not tell whether an address has an account: not by its words, its status, or its time.
"""

from contextlib import suppress
from uuid import uuid4

from adapters.auth.access import AccountAccess, SignedIn, even_time
from adapters.auth.changed_address import ChangedAddress
from adapters.auth.impersonation import Impersonation
from adapters.auth.issuing import Tokens
from adapters.auth.links import VERIFY, link_of
from adapters.auth.passkeys import Passkeys
from adapters.auth.providers import Providers
from adapters.auth.recovery import Recovery
from adapters.auth.second_factors import FactorNeeded, SecondFactors
from adapters.auth.sessions import BrowserSession
from adapters.command_bus.bus import Bus
from adapters.personal.addresses import plain
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.settings import Settings
from commands.user import ChangeProfile, RegisterAccount, RequestErasure, VerifyEmail
from domain.auth import SignInRefused
from domain.links import LinkRefused
from domain.personal import PersonErased
from domain.profiles import check_profile
from domain.user import DISPLAY_NAME, LANGUAGE, TIME_ZONE, AccountStatus


class People(AccountAccess):
    """
    Registration and signing in, in one process of the API.

    Attributes:
        recovery: forgotten passwords.
        changed_address: changes of the address.
        factors: second factors: apps and recovery codes.
        passkeys: keys that sign, which are a second factor, and sign in by themselves.
        tokens: of the API.
        providers: sign-ins by accounts elsewhere.
        impersonation: admins who act as learners.
    """

    def __init__(self, log: PostgresLog, bus: Bus, settings: Settings) -> None:
        super().__init__(log, bus, settings)
        self.recovery = Recovery(self)
        self.changed_address = ChangedAddress(self)
        self.factors = SecondFactors(self)
        self.passkeys = Passkeys(self, self.factors, settings.web_url)
        self.tokens = Tokens(self, settings.web_url)
        self.providers = Providers(self, self.factors, settings.providers, settings.web_url)
        self.impersonation = Impersonation(self)

    async def register(self, email: str, language: str, time_zone: str, client: str, request_id: str) -> None:
        """
        Ask for an account; the rest goes by mail. Nothing, if that address has just asked.

        Raises:
            BadTimeZone: the time zone is none.
            TooManyAttempts: too many mails were asked for from this network.
        """
        self.must_send_mails()
        await self.must_take_registrations()
        check_profile({LANGUAGE: language, TIME_ZONE: time_zone})  # before it is known whether there is an account
        async with even_time():
            now = self.now()
            await self.attempts.count_mail(client, now)
            learner_id = await self.addresses.claim(email, uuid4().hex)
            if learner_id is not None and await self.addresses.take_turn(email, now):
                command = RegisterAccount(learner_id, email, language, time_zone)
                with suppress(PersonErased):  # whose address is about to be forgotten
                    await self.handle(command, learner_id, request_id)

    async def complete(self, token: str, password: str, display_name: str, request_id: str) -> SignedIn:
        """
        Complete a registration by the link of its mail: the address is verified, the password set, a session opened.

        Raises:
            LinkRefused, BadPassword.
        """
        learner_id = link_of(token, VERIFY, self.secret, now=self.now()).learner_id
        user = await self.user(learner_id)
        address = await self.address_of(user)
        if user.status is not AccountStatus.PENDING or await self.addresses.find(address) != learner_id:
            raise LinkRefused
        await self.check_password(user, password)
        password_id = await self.set_password(learner_id, password, "registration", request_id)
        await self.handle(VerifyEmail(learner_id), learner_id, request_id)
        await self.handle(ChangeProfile(learner_id, {DISPLAY_NAME: display_name}), learner_id, request_id)
        try:
            return await self.open(learner_id, password_id, "link", request_id, confirmed_at=self.now())
        except SignInRefused:  # the same link was used once more meanwhile
            raise LinkRefused from None

    async def sign_in(self, email: str, password: str, client: str, request_id: str) -> SignedIn | FactorNeeded:
        """
        Sign in by address and password, and say if a second factor has to follow.

        Raises:
            SignInRefused: they do not belong together, or the account cannot be used.
            TooManyAttempts: that has failed too often from this network.
        """
        async with even_time(), self.attempts.counted(email, client, self.now()):
            learner_id = await self.addresses.find(email) or ""
            user, credentials = await self.user(learner_id), await self.credentials(learner_id)
            fits = await self.passwords.fits(learner_id, credentials.password_id, password)
            is_its_address = plain(await self.address_of(user)) == plain(email)  # one that was replaced leads nowhere
            if not fits or not is_its_address or user.status is not AccountStatus.ACTIVE:
                raise SignInRefused
            needed = self.factors.needed(learner_id, credentials)
            if needed is not None:
                return needed
            return await self.open(learner_id, credentials.password_id, "password", request_id, confirmed_at=self.now())

    async def change_password(self, session: BrowserSession, password: str, request_id: str) -> SignedIn:
        """Set another password; all sessions end, and the one that asks is replaced. Raises BadPassword."""
        learner_id = session.learner_id
        await self.check_password(await self.user(learner_id), password)
        password_id = await self.set_password(learner_id, password, "change", request_id)
        await self.revoke_all(learner_id, "password", request_id)
        return await self.open(
            learner_id, password_id, "password", request_id, confirmed_at=self.now(), factor_at=session.factor_at
        )

    async def erase(self, learner_id: str, stays: str | None, request_id: str) -> int:
        """
        End the account and all sessions, and say how many; the dispatcher destroys the key after that.

        Args:
            stays: another admin, if the person is one.

        Raises:
            LastAdmin: the campus would have none.
        """
        await self.handle(RequestErasure(learner_id, stays=stays), learner_id, request_id)
        return await self.revoke_all(learner_id, "erasure", request_id)

    async def stop(self) -> None:
        """End what looks at sessions, tokens and clients of open streams, and close connections to providers."""
        await self.sessions.stop()
        await self.tokens.table.stop()
        await self.tokens.clients.stop()
        await self.providers.close()
