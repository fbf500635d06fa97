"""docs/howto/rebuild.md: every command that it shows can be typed so."""

import re
import shlex
from typing import Any

import pytest
import typer

from cli.main import app
from tests.test_docs import DOCS

TEXT = (DOCS / "howto" / "rebuild.md").read_text()
COMMANDS = re.findall(r"^    (campus projections [^#\n]*)", TEXT.replace("\\\n", " "), re.MULTILINE)


@pytest.mark.parametrize("command", dict.fromkeys(map(str.strip, COMMANDS)))
def test_a_command_of_the_howto_is_understood(command: str) -> None:
    """With its arguments and options; nothing is run."""
    found: Any = typer.main.get_command(app)
    _, *arguments = shlex.split(command)
    while commands := getattr(found, "commands", None):
        found = commands[arguments.pop(0)]
    found.make_context(found.name, arguments)
