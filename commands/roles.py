"""Who gives roles to whom, and takes them."""

from dataclasses import dataclass
from datetime import datetime

from commands.log import Log, Position
from commands.lookups.catalog import course_of_run, must_have_course
from commands.lookups.clients import must_be_client
from commands.lookups.roles import must_leave_an_admin
from commands.lookups.user import must_have_account
from domain.personal import ACCOUNT_ERASED
from domain.roles import ADMIN_OF_CAMPUS, COURSE, RUN, Grant, Role, Roles, check_scope, roles_stream


@dataclass(frozen=True)
class GrantRole:
    """
    The actor grants a role to a person.

    Attributes:
        until: when it ends by itself; None for never.
        stays: another admin; named where an admin without an end would get one.
    """

    learner_id: str
    grant: Grant
    until: datetime | None
    reason: str
    stays: str | None = None


async def grant_role(command: GrantRole, log: Log) -> Position:
    grant = command.grant
    check_scope(Role(grant.role), grant.scope)
    if grant.scope.startswith(COURSE):
        await must_have_course(log, grant.scope.removeprefix(COURSE))
    if grant.scope.startswith(RUN):
        await course_of_run(log, grant.scope.removeprefix(RUN))
    if grant.role == Role.SERVICE:
        must_be_client(command.learner_id)
    else:
        await must_have_account(log, command.learner_id)
    roles = await log.load(Roles, roles_stream(command.learner_id))
    if command.until is not None and grant == ADMIN_OF_CAMPUS:
        await must_leave_an_admin(log, command.learner_id, command.stays)
    roles.grant(grant, command.until, command.reason, log.context.at)
    return await log.save(roles)


@dataclass(frozen=True)
class RevokeRole:
    """The actor takes a role from a person; *stays* is another admin, named where an admin loses the role."""

    learner_id: str
    grant: Grant
    reason: str
    stays: str | None = None


async def revoke_role(command: RevokeRole, log: Log) -> Position:
    roles = await log.load(Roles, roles_stream(command.learner_id))
    if command.grant == ADMIN_OF_CAMPUS:
        await must_leave_an_admin(log, command.learner_id, command.stays)
    roles.revoke(command.grant, command.reason)
    return await log.save(roles)


@dataclass(frozen=True)
class EndRoles:
    """A person is erased: all roles that hold end with the account."""

    learner_id: str


async def end_roles(command: EndRoles, log: Log) -> Position:
    roles = await log.load(Roles, roles_stream(command.learner_id))
    roles.end(ACCOUNT_ERASED, log.context.at)
    return await log.save(roles)
