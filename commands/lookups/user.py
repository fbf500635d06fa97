"""What other contexts may know of accounts: that there is one, that it is in use, and whether it is suspended."""

from commands.log import Log
from domain.personal import PersonErased
from domain.user import AccountStatus, User, user_stream
from domain.user_errors import AccountNotActive, AccountNotFound


async def must_have_account(log: Log, learner_id: str) -> None:
    """
    Refuse a person without an account; one whose address is not verified yet has one.

    Raises:
        AccountNotFound: there is none.
        PersonErased: it is erased.
    """
    user = await log.read(User, user_stream(learner_id))
    if not user.exists:
        raise AccountNotFound(learner_id=learner_id)
    if user.status is AccountStatus.ERASED:
        raise PersonErased(learner_id=learner_id)


async def is_suspended(log: Log, learner_id: str) -> bool:
    """Whether the staff let the person in no more."""
    return (await log.read(User, user_stream(learner_id))).status is AccountStatus.SUSPENDED


async def is_in_use(log: Log, learner_id: str) -> bool:
    """Whether the person signs in: the registration is complete, and the account neither suspended nor erased."""
    return (await log.read(User, user_stream(learner_id))).status is AccountStatus.ACTIVE


async def address_version(log: Log, learner_id: str) -> int:
    """Since which version of the account mails to the person go to the address to which they go."""
    return (await log.read(User, user_stream(learner_id))).address_version


async def must_be_in_use(log: Log, learner_id: str) -> None:
    """
    Refuse a person without an account that is in use.

    Raises:
        AccountNotFound, PersonErased: as above.
        AccountNotActive: its address is not verified yet.
    """
    await must_have_account(log, learner_id)
    if (await log.read(User, user_stream(learner_id))).status is not AccountStatus.ACTIVE:
        raise AccountNotActive(learner_id=learner_id)
