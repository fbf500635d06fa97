"""Signing in and out, as facts; what is secret stands beside the log (adapters/auth)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from commands.log import Log, Position
from domain.auth import Credentials, Session, credentials_stream, session_stream


@dataclass(frozen=True)
class SetPassword:
    """A person has chosen a password; `cause` is `registration`, `change` or `reset`."""

    learner_id: str
    password_id: str
    cause: str


async def set_password(command: SetPassword, log: Log) -> Position:
    credentials = await log.load(Credentials, credentials_stream(command.learner_id))
    credentials.set_password(command.password_id, command.cause)
    return await log.save(credentials)


@dataclass(frozen=True)
class OpenSession:
    """A person has signed in, by `password` or by the `link` of a mail."""

    learner_id: str
    session_id: str
    method: str
    until: datetime


async def open_session(command: OpenSession, log: Log) -> Position:
    session = await log.load(Session, session_stream(command.learner_id, command.session_id))
    session.open(command.method, command.until)
    return await log.save(session)


@dataclass(frozen=True)
class RevokeSessions:
    """Sessions end before their time; `cause` is `logout`, `logout_everywhere`, `password` or `erasure`."""

    learner_id: str
    session_ids: Sequence[str]
    cause: str


async def revoke_sessions(command: RevokeSessions, log: Log) -> Position:
    sessions = [await log.load(Session, session_stream(command.learner_id, each)) for each in command.session_ids]
    for session in sessions:
        session.revoke(command.cause)
    return await log.save(*sessions)
