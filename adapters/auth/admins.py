"""
The first admin: an account that is opened on the machine, with the role, by a password that is typed in or by a link.

No password is made up here. Who has the machine has the campus, so nothing more is asked; the facts say who it was.
"""

from dataclasses import replace
from typing import NamedTuple
from uuid import uuid4

from adapters.auth.links import VERIFY, link_token
from adapters.auth.passwords import Passwords, is_known, words_of_campus
from adapters.command_bus.bus import Bus
from adapters.command_bus.replay import replayed
from adapters.personal.addresses import Addresses
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.settings import Settings
from commands.auth import SetPassword
from commands.log import Context
from commands.roles import GrantRole
from commands.user import RegisterAccount, VerifyEmail
from domain.passwords import SHORTEST_OF_STAFF, check_password
from domain.personal import MADE_ON_THE_MACHINE, PersonErased
from domain.roles import ADMIN_OF_CAMPUS
from domain.user import AccountStatus, User, user_stream
from domain.user_errors import AddressGivenUp


class NewAdmin(NamedTuple):
    """
    A person who is an admin now.

    Attributes:
        had_account: whether the account was in use before, so that its password stays.
        link: what completes the registration, where no password was given; valid for a day.
    """

    learner_id: str
    had_account: bool
    link: str | None


class Admins:
    """Opens accounts of admins, from the command line."""

    def __init__(self, log: PostgresLog, bus: Bus, settings: Settings) -> None:
        self._log = log
        self._bus = bus
        self._addresses = Addresses(log.link, log.keys)
        self._passwords = Passwords(log.link)
        self._settings = settings

    async def account_of(self, email: str) -> str | None:
        """The account of an address."""
        return await self._addresses.find(email)

    async def is_in_use(self, email: str) -> bool:
        """Whether the address has an account that is complete, and so a password."""
        learner_id = await self._addresses.find(email)
        return learner_id is not None and (await self._user(learner_id)).status is AccountStatus.ACTIVE

    async def create(self, email: str, password: str | None, context: Context) -> NewAdmin:
        """
        Make the person with an address an admin, with an account if there is none; each step may be done twice.

        Args:
            password: of a new account; None for one that is completed by a link.

        Raises:
            BadPassword: it would be guessed; nothing was done.
            PersonErased: the account of the address is being erased.
            AddressGivenUp: another account had the address until lately.
        """
        if password is not None:
            words = words_of_campus(self._settings)
            known = is_known(password, words)
            check_password(password, address=email, is_known=known, least=SHORTEST_OF_STAFF, words=words)
        learner_id = await self._addresses.claim(email, uuid4().hex)
        if learner_id is None:
            raise AddressGivenUp
        user = await self._user(learner_id)
        if user.status is AccountStatus.ERASED:
            raise PersonErased(learner_id=learner_id)
        is_new = user.status is not AccountStatus.ACTIVE
        if not user.exists:
            await self._bus.handle(RegisterAccount(learner_id, email), context)
        if is_new and password is not None:
            await self._open(learner_id, password, context)
        at_now = replace(context, at=self._log.clock.now())
        await self._bus.handle(GrantRole(learner_id, ADMIN_OF_CAMPUS, None, MADE_ON_THE_MACHINE), at_now)
        return NewAdmin(learner_id, not is_new, self._link(learner_id) if is_new and password is None else None)

    async def _open(self, learner_id: str, password: str, context: Context) -> None:
        password_id = uuid4().hex
        await self._passwords.keep(learner_id, password_id, password)
        await self._bus.handle(SetPassword(learner_id, password_id, "registration"), context)
        await self._bus.handle(VerifyEmail(learner_id), context)

    def _link(self, learner_id: str) -> str:
        token = link_token(learner_id, VERIFY, self._settings.token_secret, now=self._log.clock.now())
        return f"{self._settings.web_url}{VERIFY.page}#{token}"

    async def _user(self, learner_id: str) -> User:
        return await replayed(self._log, User, user_stream(learner_id))
