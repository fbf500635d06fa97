"""What a person does with an account, and what is done to it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from commands.log import Log, Position
from domain.user import User, user_stream


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
class RequestErasure:
    """What is known about a person is to be erased."""

    learner_id: str


async def request_erasure(command: RequestErasure, log: Log) -> Position:
    user = await log.load(User, user_stream(command.learner_id))
    user.request_erasure()
    return await log.save(user)


@dataclass(frozen=True)
class NoteKeyDestroyed:
    """The key of a person is destroyed, as was asked for."""

    learner_id: str


async def note_key_destroyed(command: NoteKeyDestroyed, log: Log) -> Position:
    user = await log.load(User, user_stream(command.learner_id))
    user.note_key_destroyed()
    return await log.save(user)
