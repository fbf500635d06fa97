"""Who gives a command: what is written beside a decision of an operator."""

import getpass
import os
import socket


def operator() -> str:
    """The user and the host, `ada@campus-1`."""
    return f"{_user()}@{socket.gethostname()}"


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container without a name for its user
        return f"uid {os.getuid()}"
