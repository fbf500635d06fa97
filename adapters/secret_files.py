"""
Settings from files: `CAMPUS_TOKEN_SECRET_FILE=/run/secrets/token` is `CAMPUS_TOKEN_SECRET` with what the file says.

Secrets of Docker and Kubernetes come as files, and the environment of a process can be read by others of its user.
"""

import os
from collections.abc import Collection
from pathlib import Path

SUFFIX = "_FILE"


class UnreadableSetting(Exception):
    """A setting cannot be taken from its file; the message is one sentence, without what the file says."""


def variables_of_files(prefix: str) -> dict[str, str]:
    """The variables that name a file, by the variable whose place they take; empty ones name none."""
    return {
        name.upper().removesuffix(SUFFIX): path
        for name, path in os.environ.items()
        if name.upper().startswith(prefix) and name.upper().endswith(SUFFIX) and path
    }


def read_settings(prefix: str, fields: Collection[str]) -> dict[str, str]:
    """
    The settings that come from files; a line end after the last line is none of the value.

    Raises:
        UnreadableSetting: a file cannot be read, or the setting is in the environment, too.
    """
    found: dict[str, str] = {}
    for variable, path in variables_of_files(prefix).items():
        field = variable.removeprefix(prefix).lower()
        if field not in fields:
            continue  # `CAMPUS_CA_FILE` is a setting itself
        if os.environ.get(variable):
            raise UnreadableSetting(f"{variable} and {variable}{SUFFIX} are both set: leave one out")
        try:
            found[field] = Path(path).read_text("utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise UnreadableSetting(f"{variable}{SUFFIX} cannot be read: {type(error).__name__}, {path}") from None
    return found
