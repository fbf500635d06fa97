"""Signing in and out, as facts; what is secret stands beside the log (adapters/auth)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from commands.log import Log, Position
from commands.lookups.roles import has_role
from commands.lookups.user import is_suspended, must_be_in_use
from domain.auth import (
    Credentials,
    FactorKind,
    NotImpersonated,
    Session,
    Token,
    TokenKind,
    credentials_stream,
    session_stream,
    token_stream,
)


@dataclass(frozen=True)
class SetPassword:
    """A person has chosen a password; `cause` is `registration` or `change`."""

    learner_id: str
    password_id: str
    cause: str


async def set_password(command: SetPassword, log: Log) -> Position:
    credentials = await log.load(Credentials, credentials_stream(command.learner_id))
    credentials.set_password(command.password_id, command.cause)
    return await log.save(credentials)


@dataclass(frozen=True)
class RequestReset:
    """It is said that a person has forgotten the password: a mail follows."""

    learner_id: str


async def request_reset(command: RequestReset, log: Log) -> Position:
    credentials = await log.load(Credentials, credentials_stream(command.learner_id))
    credentials.request_reset()
    return await log.save(credentials)


@dataclass(frozen=True)
class ResetPassword:
    """By the link of a mail a person has replaced the password of this id."""

    learner_id: str
    password_id: str
    replaced: str


async def reset_password(command: ResetPassword, log: Log) -> Position:
    credentials = await log.load(Credentials, credentials_stream(command.learner_id))
    credentials.reset_password(command.password_id, command.replaced)
    return await log.save(credentials)


@dataclass(frozen=True)
class AddFactor:
    """A second factor was shown to work; its secret stands beside the log."""

    learner_id: str
    factor_id: str
    kind: FactorKind


async def add_factor(command: AddFactor, log: Log) -> Position:
    credentials = await log.load(Credentials, credentials_stream(command.learner_id))
    credentials.add_factor(command.factor_id, command.kind)
    return await log.save(credentials)


@dataclass(frozen=True)
class RemoveFactor:
    """A second factor is not asked for any more."""

    learner_id: str
    factor_id: str


async def remove_factor(command: RemoveFactor, log: Log) -> Position:
    credentials = await log.load(Credentials, credentials_stream(command.learner_id))
    credentials.remove_factor(command.factor_id)
    return await log.save(credentials)


@dataclass(frozen=True)
class LinkIdentity:
    """A person signs in by an account of this issuer from now on; which one it is stands beside the log."""

    learner_id: str
    identity_id: str
    issuer: str


async def link_identity(command: LinkIdentity, log: Log) -> Position:
    credentials = await log.load(Credentials, credentials_stream(command.learner_id))
    credentials.link_identity(command.identity_id, command.issuer)
    return await log.save(credentials)


@dataclass(frozen=True)
class UnlinkIdentity:
    """A person does not sign in by an account elsewhere any more."""

    learner_id: str
    identity_id: str


async def unlink_identity(command: UnlinkIdentity, log: Log) -> Position:
    credentials = await log.load(Credentials, credentials_stream(command.learner_id))
    credentials.unlink_identity(command.identity_id)
    return await log.save(credentials)


@dataclass(frozen=True)
class MakeRecoveryCodes:
    """So many recovery codes were shown to the person, and replace those before them."""

    learner_id: str
    codes_id: str
    count: int


async def make_recovery_codes(command: MakeRecoveryCodes, log: Log) -> Position:
    credentials = await log.load(Credentials, credentials_stream(command.learner_id))
    credentials.make_recovery_codes(command.codes_id, command.count)
    return await log.save(credentials)


@dataclass(frozen=True)
class UseRecoveryCode:
    """One of the recovery codes has taken the place of a second factor."""

    learner_id: str
    codes_id: str


async def use_recovery_code(command: UseRecoveryCode, log: Log) -> Position:
    credentials = await log.load(Credentials, credentials_stream(command.learner_id))
    credentials.use_recovery_code(command.codes_id)
    return await log.save(credentials)


@dataclass(frozen=True)
class ConfirmSession:
    """A person has proved once more to be there; `method` is as docs/facts.md has it."""

    learner_id: str
    session_id: str
    method: str


async def confirm_session(command: ConfirmSession, log: Log) -> Position:
    session = await log.load(Session, session_stream(command.learner_id, command.session_id))
    session.confirm(command.method)
    return await log.save(session)


@dataclass(frozen=True)
class OpenSession:
    """A person has signed in; `method` is as docs/facts.md has it."""

    learner_id: str
    session_id: str
    method: str
    until: datetime


async def open_session(command: OpenSession, log: Log) -> Position:
    session = await log.load(Session, session_stream(command.learner_id, command.session_id))
    session.open(command.method, command.until)
    return await log.save(session)


@dataclass(frozen=True)
class Impersonate:
    """The actor, an admin, begins to act as a learner."""

    learner_id: str
    session_id: str
    until: datetime
    reason: str


async def impersonate(command: Impersonate, log: Log) -> Position:
    session = await log.load(Session, session_stream(command.learner_id, command.session_id))
    if not session.exists:
        if await is_suspended(log, command.learner_id):
            raise NotImpersonated(learner_id=command.learner_id, why="is suspended")
        await must_be_in_use(log, command.learner_id)
        if await has_role(log, command.learner_id):
            raise NotImpersonated(learner_id=command.learner_id, why="has a role of the staff")
    session.impersonate(log.context.actor, command.until, command.reason, log.context.at)
    return await log.save(session)


@dataclass(frozen=True)
class IssueToken:
    """A person gets a token for a program, or an app the first of those that follow each other."""

    learner_id: str
    token_id: str
    kind: TokenKind
    scopes: Sequence[str]
    until: datetime


async def issue_token(command: IssueToken, log: Log) -> Position:
    token = await log.load(Token, token_stream(command.learner_id, command.token_id))
    token.issue(command.kind, command.scopes, command.until)
    return await log.save(token)


@dataclass(frozen=True)
class RevokeTokens:
    """Tokens end before their time; `cause` is as docs/facts.md has it."""

    learner_id: str
    token_ids: Sequence[str]
    cause: str


async def revoke_tokens(command: RevokeTokens, log: Log) -> Position:
    tokens = [await log.load(Token, token_stream(command.learner_id, each)) for each in command.token_ids]
    for token in tokens:
        token.revoke(command.cause)
    return await log.save(*tokens)


@dataclass(frozen=True)
class RevokeSessions:
    """Sessions end before their time; `cause` is as docs/facts.md has it."""

    learner_id: str
    session_ids: Sequence[str]
    cause: str


async def revoke_sessions(command: RevokeSessions, log: Log) -> Position:
    sessions = [await log.load(Session, session_stream(command.learner_id, each)) for each in command.session_ids]
    for session in sessions:
        session.revoke(command.cause)
    return await log.save(*sessions)
