"""Who gives a command: what is written beside a decision of an operator."""

import getpass
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from cli.console import Failure

if TYPE_CHECKING:
    from adapters.operations import Operations
    from adapters.postgres.log.postgres_log import PostgresLog
    from adapters.settings import Settings
    from commands.log import Context

Ticket = Annotated[
    str | None, typer.Option("--ticket", help="Where the matter is dealt with, such as HELP-123.", show_default=False)
]
Why = Annotated[
    str | None,
    typer.Option(
        "--reason", metavar="TEXT", help="Why. It is sealed beside the facts, and may name persons.", show_default=False
    ),
]
"""Of a command whose facts have no reason of their own."""

ClearReason = Annotated[
    str,
    typer.Option("--reason", metavar="TEXT", help="Why. It stays in clear: name no person.", show_default=False),
]
"""Of what is no person's (docs/privacy.md)."""

LONGEST_REASON = 200  # characters
OPERATOR = "operator"
"""The role of who works at the machine, in the facts that follow."""


def operator() -> str:
    """The user and the host, `ada@campus-1`."""
    return f"{_user()}@{socket.gethostname()}"


class Justification(NamedTuple):
    """
    What an operator says of an act, as the settings of the campus may ask for it.

    Attributes:
        why: for facts that have no reason of their own; it is sealed beside them.
        reason: that stands in the facts.
    """

    ticket: str | None = None
    why: str | None = None
    reason: str | None = None


def command_context(at: datetime, said: Justification | None = None) -> "Context":
    """
    In whose name a command is sent from the command line, as a request with an id of its own.

    Raises:
        BadTicket: the ticket, where the matter is dealt with, is no reference.
        Failure: the reason is empty, or too long.
    """
    import uuid_utils

    from commands.log import Context
    from domain.admin.tickets import check_ticket

    request = uuid_utils.uuid7().hex
    said = said or Justification()
    known = None if said.ticket is None else check_ticket(said.ticket)
    why = None if said.why is None else reason_of(said.why)
    return Context(operator(), at, "cli", correlation_id=request, role=OPERATOR, reason=why, ticket=known)


def reason_of(reason: str) -> str:
    """A reason without the space around it; raises Failure for none, and for one that is no line of text."""
    reason = reason.strip()
    if not (0 < len(reason) <= LONGEST_REASON and reason.isprintable()):
        raise Failure(f"a reason has 1 to {LONGEST_REASON} characters: type --reason TEXT, for those who ask later")
    return reason


def in_clear(reason: str) -> str:
    """A reason that is no person's, and stays in clear, without white space around it; raises Failure if it may not."""
    from domain.admin.clear_words import check_clear
    from domain.errors import DomainError

    try:
        return check_clear(reason.strip())
    except DomainError as error:
        raise Failure(error.sentence) from None


async def accounted(log: "PostgresLog", said: Justification) -> "Context":
    """
    In whose name an act of the operator is recorded, once it is sure that the campus asks for no more.

    Raises:
        Failure: the settings ask for a ticket or a reason, or the ticket is no reference.
    """
    from adapters.campus_settings import KnownSettings
    from domain.admin.settings import REASONS, REQUIRED, TICKETS
    from domain.errors import DomainError

    try:
        context = command_context(log.clock.now(), said)
    except DomainError as error:
        raise Failure(error.sentence) from None
    known = KnownSettings(log)
    if said.ticket is None and await known.value(TICKETS) == REQUIRED:
        raise Failure("this campus has a ticket for all that is done: type --ticket, such as --ticket HELP-123")
    if not (said.why or said.reason) and await known.value(REASONS) == REQUIRED:
        raise Failure("this campus has a reason for all that is done: type --reason TEXT, for those who ask later")
    return context


async def accounted_of(settings: "Settings", said: Justification) -> "Context":
    """The same for what opens no log by itself."""
    from adapters.postgres.log.postgres_log import PostgresLog

    log = await PostgresLog.open(settings)
    try:
        return await accounted(log, said)
    finally:
        await log.close()


@asynccontextmanager
async def operations(settings: "Settings", said: Justification) -> "AsyncIterator[tuple[Operations, Context]]":
    """What an operator decides about failures, and in whose name; what a rule refuses is a Failure."""
    from adapters.command_bus.bus import Bus
    from adapters.operations import Operations
    from adapters.postgres.log.postgres_log import PostgresLog
    from domain.errors import DomainError

    log = await PostgresLog.open(settings)
    try:
        yield Operations(log, Bus(log)), await accounted(log, said)
    except DomainError as error:
        raise Failure(error.sentence) from error
    finally:
        await log.close()


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container without a name for its user
        return f"uid {os.getuid()}"
