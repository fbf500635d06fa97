"""What a person does with an account, and what is done to it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from commands.log import Log, Position
from commands.lookups.roles import must_leave_an_admin
from domain.erasures import ErasureGround
from domain.user import AccountStatus, User, user_stream


@dataclass(frozen=True)
class RegisterAccount:
    """A person asks for an account; `repr` leaves out what is personal."""

    learner_id: str
    email: str = field(repr=False)
    language: str = field(default="en", repr=False)
    time_zone: str = field(default="UTC", repr=False)


async def register_account(command: RegisterAccount, log: Log) -> Position:
    user = await log.load(User, user_stream(command.learner_id))
    user.register(command.email, command.language, command.time_zone, await log.personal_key(user.id))
    return await log.save(user)


@dataclass(frozen=True)
class VerifyEmail:
    """A person has opened the link that was sent to the address of the account."""

    learner_id: str


async def verify_email(command: VerifyEmail, log: Log) -> Position:
    user = await log.load(User, user_stream(command.learner_id))
    user.verify_email()
    return await log.save(user)


@dataclass(frozen=True)
class ChangeProfile:
    """A person changes fields of the profile, by their names."""

    learner_id: str
    changes: Mapping[str, str] = field(repr=False)


async def change_profile(command: ChangeProfile, log: Log) -> Position:
    user = await log.load(User, user_stream(command.learner_id))
    user.change_profile(command.changes, await log.personal_key(user.id))
    return await log.save(user)


@dataclass(frozen=True)
class VerifyNotificationAddress:
    """The address for notifications has answered the mail that followed from the fact of this version."""

    learner_id: str
    requested: int


async def verify_notification_address(command: VerifyNotificationAddress, log: Log) -> Position:
    user = await log.load(User, user_stream(command.learner_id))
    user.verify_notification_address(command.requested, await log.personal_key(user.id))
    return await log.save(user)


@dataclass(frozen=True)
class LapseRegistration:
    """A registration that was asked for by the fact of this version is not completed in time."""

    learner_id: str
    asked: int


async def lapse_registration(command: LapseRegistration, log: Log) -> Position:
    user = await log.load(User, user_stream(command.learner_id))
    user.lapse(command.asked)
    return await log.save(user)


@dataclass(frozen=True)
class RequestEmailChange:
    """A person wants another address for the account, which is asked by mail."""

    learner_id: str
    email: str = field(repr=False)


async def request_email_change(command: RequestEmailChange, log: Log) -> Position:
    user = await log.load(User, user_stream(command.learner_id))
    user.request_email_change(command.email, await log.personal_key(user.id))
    return await log.save(user)


@dataclass(frozen=True)
class ChangeEmail:
    """The new address has answered the mail that followed from the fact of this version."""

    learner_id: str
    requested: int


async def change_email(command: ChangeEmail, log: Log) -> Position:
    user = await log.load(User, user_stream(command.learner_id))
    user.change_email(command.requested, await log.personal_key(user.id))
    return await log.save(user)


@dataclass(frozen=True)
class RestoreEmail:
    """The old address has answered that it was no wish of the person: the change of this version is taken back."""

    learner_id: str
    changed: int


async def restore_email(command: RestoreEmail, log: Log) -> Position:
    user = await log.load(User, user_stream(command.learner_id))
    user.restore_email(command.changed, await log.personal_key(user.id))
    return await log.save(user)


@dataclass(frozen=True)
class InviteAccount:
    """The staff open an account for a person, who gets a mail; `repr` leaves out what is personal."""

    learner_id: str
    email: str = field(repr=False)
    display_name: str = field(default="", repr=False)
    language: str = field(default="en", repr=False)
    time_zone: str = field(default="UTC", repr=False)


async def invite_account(command: InviteAccount, log: Log) -> Position:
    user = await log.load(User, user_stream(command.learner_id))
    key = await log.personal_key(user.id)
    user.invite(command.email, command.display_name, command.language, command.time_zone, key)
    return await log.save(user)


@dataclass(frozen=True)
class ProvisionAccount:
    """A person whom a provider of sign-ins has named opens an account; `repr` leaves out what is personal."""

    learner_id: str
    issuer: str
    display_name: str = field(default="", repr=False)
    language: str = field(default="en", repr=False)
    time_zone: str = field(default="UTC", repr=False)


async def provision_account(command: ProvisionAccount, log: Log) -> Position:
    user = await log.load(User, user_stream(command.learner_id))
    key = await log.personal_key(user.id)
    user.provision(command.issuer, command.display_name, command.language, command.time_zone, key)
    return await log.save(user)


@dataclass(frozen=True)
class GiveConsent:
    """A person consents to a purpose, in the words of a version."""

    learner_id: str
    purpose: str
    version: int


async def give_consent(command: GiveConsent, log: Log) -> Position:
    user = await log.load(User, user_stream(command.learner_id))
    user.consent(command.purpose, command.version)
    return await log.save(user)


@dataclass(frozen=True)
class WithdrawConsent:
    """A person takes a consent back."""

    learner_id: str
    purpose: str


async def withdraw_consent(command: WithdrawConsent, log: Log) -> Position:
    user = await log.load(User, user_stream(command.learner_id))
    user.withdraw_consent(command.purpose)
    return await log.save(user)


@dataclass(frozen=True)
class ExportData:
    """A person exports what is held about that person."""

    learner_id: str


async def export_data(command: ExportData, log: Log) -> Position:
    user = await log.load(User, user_stream(command.learner_id))
    user.export_data(log.context.at)
    return await log.save(user)


@dataclass(frozen=True)
class SuspendAccount:
    """The staff let a person in no more; *stays* is another admin, named where an admin is suspended."""

    learner_id: str
    reason: str = field(repr=False)
    stays: str | None = None


async def suspend_account(command: SuspendAccount, log: Log) -> Position:
    user = await log.load(User, user_stream(command.learner_id))
    await must_leave_an_admin(log, command.learner_id, command.stays)
    user.suspend(command.reason)
    return await log.save(user)


@dataclass(frozen=True)
class ReinstateAccount:
    """The staff let a person in again."""

    learner_id: str
    reason: str = field(repr=False)


async def reinstate_account(command: ReinstateAccount, log: Log) -> Position:
    user = await log.load(User, user_stream(command.learner_id))
    user.reinstate(command.reason)
    return await log.save(user)


@dataclass(frozen=True)
class RequestErasure:
    """
    What is known about a person is to be erased.

    Attributes:
        ground: why; the person's own wish, unless another one asks.
        stays: another admin; named where an admin without an end is erased.
        is_known: whether the log knows the person, who may have no account, by an import for example.
    """

    learner_id: str
    ground: ErasureGround = ErasureGround.OWN_WISH
    stays: str | None = None
    is_known: bool = False


async def request_erasure(command: RequestErasure, log: Log) -> Position:
    user = await log.load(User, user_stream(command.learner_id))
    if user.status is not AccountStatus.ERASED:
        await must_leave_an_admin(log, command.learner_id, command.stays)
    user.request_erasure(command.ground, is_known=command.is_known)
    return await log.save(user)


@dataclass(frozen=True)
class NoteKeyDestroyed:
    """The key of a person is destroyed, as was asked for."""

    learner_id: str


async def note_key_destroyed(command: NoteKeyDestroyed, log: Log) -> Position:
    user = await log.load(User, user_stream(command.learner_id))
    user.note_key_destroyed()
    return await log.save(user)
