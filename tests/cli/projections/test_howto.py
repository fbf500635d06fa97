"""docs/howto/rebuild.md: every command that it shows can be typed so, and its change applies to the code of today."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from cli.main import LazyCommands
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


@pytest.mark.processes
def test_the_change_of_the_howto_applies(tmp_path: Path) -> None:
    """Its lines are those of the read model, and it says where they stand."""
    if not shutil.which("git"):
        pytest.skip("git is not installed")
    rule = "projections/course_dashboard.py"
    (tmp_path / "projections").mkdir()
    shutil.copyfile(DOCS.parent / rule, tmp_path / rule)
    patch = f"--- a/{rule}\n+++ b/{rule}\n{CHANGE}"
    done = subprocess.run(
        ["git", "apply", "--verbose", "-"], cwd=tmp_path, input=patch, text=True, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "offset" not in done.stderr
    line = (tmp_path / rule).read_text().splitlines().index(CHANGED) + 1
    assert f"at my_rule.py:{line}:" in TEXT
