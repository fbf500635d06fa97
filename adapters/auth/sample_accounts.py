"""
The accounts of the sample people: made when they are first needed, each step idempotent, and signed in by one click.
"""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

from adapters.auth.access import AccountAccess, SignedIn
from adapters.auth.factors import Factors
from adapters.auth.sample_people import APP_SECRET, PASSWORD, SAMPLE_PEOPLE, SamplePerson, SampleSignInOff
from adapters.command_bus.replay import replayed
from commands.auth import AddFactor, SetPassword
from commands.log import Context
from commands.roles import GrantRole
from commands.user import InviteAccount, VerifyEmail
from domain.auth import Credentials, FactorKind
from domain.errors import Conflict
from domain.roles import CAMPUS, SCOPES, Grant, Role, Roles, roles_stream
from domain.user import AccountStatus

METHOD = "development"
"""How a session was opened for which nothing was asked."""

SETTLED_FOR = timedelta(days=170)
"""How long ago they have got their accounts: so long that no mail says so now."""

REASON = "a sample person of a development campus"
_making = asyncio.Lock()


class SampleAddressTaken(Conflict):
    """Another account has the address of a sample person."""

    code = "sample_address_taken"
    template = "the address {email} of the sample {role} belongs to another account"


class SampleAccounts:
    """Makes the accounts of the sample people, and opens their sessions; raises SampleSignInOff elsewhere."""

    def __init__(self, access: AccountAccess) -> None:
        if not access.has_sample_people:
            raise SampleSignInOff
        self._access = access
        self._factors = Factors(access.log.link, access.log.keys)

    async def make_all(self, source: str) -> None:
        """Make what is not there of the five accounts."""
        for person in SAMPLE_PEOPLE.values():
            await self.make(person, source)

    async def sign_in(self, person: SamplePerson, request_id: str) -> SignedIn:
        """Open a session of who is taken to have just given the password and the second factor."""
        async with _making:
            await self.make(person, "api", request_id)
        access = self._access
        now, credentials = access.now(), await access.credentials(person.learner_id)
        factor_at = now if person.is_staff else None
        return await access.open(
            person.learner_id, credentials.password_id, METHOD, request_id, confirmed_at=now, factor_at=factor_at
        )

    async def make(self, person: SamplePerson, source: str, request_id: str | None = None) -> None:
        """
        Make what is not there of an account: address, password, name, second factor, role on the whole campus.

        Roles in courses are granted with the courses.

        Raises:
            SampleAddressTaken.
        """
        access, learner_id = self._access, person.learner_id
        user, credentials = await access.user(learner_id), await access.credentials(learner_id)
        commands: list[Any] = []
        if not user.exists:
            if await access.addresses.claim(person.email, learner_id) != learner_id:
                raise SampleAddressTaken(email=person.email, role=person.role)
            commands.append(InviteAccount(learner_id, person.email, person.name))
        if credentials.password_id is None:
            password_id = uuid4().hex
            await access.passwords.keep(learner_id, password_id, PASSWORD)
            commands.append(SetPassword(learner_id, password_id, "registration"))
        if not user.exists or user.status is AccountStatus.PENDING:
            commands.append(VerifyEmail(learner_id))
        if person.is_staff:
            commands += await self._staff(person, credentials)
        context = Context(learner_id, access.now() - SETTLED_FOR, source=source, correlation_id=request_id)
        for command in commands:
            await access.bus.handle(command, context)

    async def _staff(self, person: SamplePerson, credentials: Credentials) -> list[Any]:
        learner_id, commands = person.learner_id, list[Any]()
        if not credentials.factors:
            factor_id = uuid4().hex
            await self._factors.keep_totp(learner_id, factor_id, "sample app", APP_SECRET, self._access.now())
            commands.append(AddFactor(learner_id, factor_id, FactorKind.TOTP))
        roles = await replayed(self._access.log, Roles, roles_stream(learner_id))
        if CAMPUS in SCOPES[Role(person.role)] and not roles.exists:  # one that was revoked stays so
            commands.append(GrantRole(learner_id, Grant(person.role, CAMPUS), None, REASON))
        return commands
