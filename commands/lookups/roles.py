"""What other contexts may know of roles: whether a person has one, and whether an admin stays."""

from commands.log import Log
from commands.lookups.user import is_in_use, must_have_account
from domain.roles import LastAdmin, Roles, roles_stream


async def must_leave_an_admin(log: Log, learner_id: str, stays: str | None) -> None:
    """
    Refuse to take an admin from the campus where no other has the role without an end.

    The append is under the condition that the roles of both do not change meanwhile, so that two admins who take the
    role from each other, or end their accounts at the same time, do not both succeed.

    Args:
        stays: another admin, named by who asks.

    Raises:
        LastAdmin: none was named, or that person is none, is suspended, or has not completed the registration, which
            lapses then.
        AccountNotFound, PersonErased: the other has no account.
    """
    if not (await log.read(Roles, roles_stream(learner_id))).is_lasting_admin:
        return
    if stays is None or stays == learner_id:
        raise LastAdmin(learner_id=learner_id)
    await must_have_account(log, stays)
    if not await is_in_use(log, stays):
        raise LastAdmin(learner_id=learner_id)
    if not (await log.read(Roles, roles_stream(stays))).is_lasting_admin:
        raise LastAdmin(learner_id=learner_id)


async def has_role(log: Log, learner_id: str) -> bool:
    """Whether a person has a role now, beside that of a learner."""
    roles = await log.read(Roles, roles_stream(learner_id))
    return bool(roles.live(log.context.at))
