"""docs/howto/rebuild.md: every command that it shows can be typed so, and its change applies to the code of today."""

import re
import shlex
from typing import Any

import pytest

from cli.main import LazyCommands
from tests.support.page_edits import edited
from tests.test_docs import DOCS

TEXT = (DOCS / "howto" / "rebuild.md").read_text()
(CHANGE,) = re.findall(r"^```diff\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)
CHANGED = next(line[1:] for line in CHANGE.splitlines() if line.startswith("+    if "))
COMMANDS = re.findall(r"^    (campus projections [^#\n]*)", TEXT.replace("\\\n", " "), re.MULTILINE)


@pytest.mark.parametrize("command", dict.fromkeys(map(str.strip, COMMANDS)))
def test_a_command_of_the_howto_is_understood(command: str) -> None:
    """With its arguments and options; nothing is run."""
    _, name, *arguments = shlex.split(command)
    found: Any = LazyCommands().get_command(None, name)
    while commands := getattr(found, "commands", None):
        found = commands[arguments.pop(0) if arguments and arguments[0] in commands else "list"]  # as `parked` does
    found.make_context(found.name, arguments)


def test_the_change_of_the_howto_applies() -> None:
    """Its lines are those of the read model; the message about a misspelt word shows the line that it changes."""
    changed = edited((DOCS.parent / "projections" / "course_dashboard.py").read_text(), CHANGE)
    assert "LEAST_AMOUNT = 3" in changed
    line = CHANGED.strip().replace("amount", "amnt")
    assert f"at my_rule.py:…: {line}" in " ".join(TEXT.split())
