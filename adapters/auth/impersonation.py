"""
An admin acts as a learner, for half an hour at the most: in a session of the learner that rests on the admin's own.

The browser has one session at a time. The admin's own waits meanwhile, and gets another token when the browser comes
back to it. Whatever ends one of the two ends the impersonation (adapters/auth/sessions.py).
"""

from datetime import timedelta
from typing import NamedTuple
from uuid import uuid4

from adapters.auth.access import AccountAccess, SignedIn
from adapters.auth.changes import AccessChanges
from adapters.auth.sessions import BrowserSession, Sessions
from adapters.command_bus.bus import Bus
from adapters.postgres.log.postgres_log import PostgresLog
from commands.auth import Impersonate, RevokeSessions
from commands.log import Context
from domain.auth import SignInRefused
from domain.fact import Fact
from domain.user import AccountStatus


class Why(NamedTuple):
    """Why an admin acts as a learner, and by which request for help."""

    reason: str
    ticket: str


class Impersonation:
    """The beginning and the end of impersonations, in one process of the API."""

    def __init__(self, access: AccountAccess) -> None:
        self._access = access

    async def begin(
        self, own: BrowserSession, learner_id: str, lasts: timedelta, why: Why, request_id: str
    ) -> SignedIn:
        """
        Begin to act as a learner; *own* is the session of the admin.

        Raises:
            NotImpersonated: the person is the admin, or one of the staff.
            UnfitImpersonation: it would last too long.
            AccountNotFound, AccountNotActive, PersonErased: there is no such account, or it is not in use.
        """
        access, session_id = self._access, uuid4().hex
        until = min(access.now() + lasts, own.until)
        command = Impersonate(learner_id, session_id, until, why.reason)
        await access.handle(command, learner_id, request_id, actor=own.learner_id, ticket=why.ticket)
        token = await access.sessions.open(learner_id, session_id, until, actor=own)
        if (await access.user(learner_id)).status is not AccountStatus.ACTIVE:
            await access.sessions.end(learner_id, [session_id])  # erased meanwhile
            raise SignInRefused
        return SignedIn(learner_id, session_id, token, until)

    async def end(self, session: BrowserSession, cause: str, request_id: str) -> SignedIn | None:
        """End it, and give the admin's own session another token; None if that has ended as well."""
        access, actor_id, own_id = self._access, session.actor_id or "", session.actor_session_id or ""
        await access.revoke(session.learner_id, [session.session_id], cause, request_id, actor=actor_id)
        renewed = await access.sessions.renew(actor_id, own_id)
        return None if renewed is None else SignedIn(actor_id, own_id, *renewed)


async def end_impersonations(log: PostgresLog, bus: Bus, lost: Fact) -> None:
    """End all sessions in which the person of *lost* acts as others: by that fact a role was lost; may be repeated."""
    sessions = Sessions(log.link, log.clock, AccessChanges(log.link))
    for each in await sessions.resting_on(lost.id("learner_id")):
        context = Context(
            actor="dispatcher",
            at=log.clock.now(),
            source="dispatcher:end_impersonations",
            on_behalf_of=lost.meta.actor,
            causation_id=lost.meta.event_id,
            correlation_id=lost.meta.correlation_id,
        )
        await bus.handle(RevokeSessions(each.learner_id, (each.session_id,), "role_lost"), context)
        await sessions.end(each.learner_id, [each.session_id])
