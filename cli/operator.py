"""Who gives a command: what is written beside a decision of an operator."""

import getpass
import os
import socket
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from commands.log import Context


OPERATOR = "operator"
"""The role of who works at the machine, in the facts that follow."""


def operator() -> str:
    """The user and the host, `ada@campus-1`."""
    return f"{_user()}@{socket.gethostname()}"


def command_context(at: datetime, ticket: str | None = None) -> "Context":
    """
    In whose name a command is sent from the command line, as a request with an id of its own.

    Raises:
        BadTicket: *ticket*, where the matter is dealt with, is no reference.
    """
    import uuid_utils

    from commands.log import Context
    from domain.admin.tickets import check_ticket

    request = uuid_utils.uuid7().hex
    known = None if ticket is None else check_ticket(ticket)
    return Context(operator(), at, "cli", correlation_id=request, role=OPERATOR, ticket=known)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container without a name for its user
        return f"uid {os.getuid()}"
