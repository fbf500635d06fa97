"""Who gives a command: what is written beside a decision of an operator."""

import getpass
import os
import socket
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from commands.log import Context


def operator() -> str:
    """The user and the host, `ada@campus-1`."""
    return f"{_user()}@{socket.gethostname()}"


def command_context(at: datetime) -> "Context":
    """In whose name a command is sent from the command line, as a request with an id of its own."""
    import uuid_utils

    from commands.log import Context

    return Context(operator(), at, "cli", correlation_id=uuid_utils.uuid7().hex)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container without a name for its user
        return f"uid {os.getuid()}"
