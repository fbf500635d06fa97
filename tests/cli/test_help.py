"""The help of every command."""

from collections.abc import Iterator
from typing import Any

import pytest

from cli.main import COMMANDS, LazyCommands
from tests.support.campus_up import campus


def every(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    """A command and those in it, with what to type."""
    yield name, command
    for each, inner in getattr(command, "commands", {}).items():
        yield from every(f"{name} {each}", inner)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_every_command_reads_well(name: str) -> None:
    """A paragraph is one line for the terminal to break; no option is about the shell; no argument has two brackets."""
    for typed, command in every(name, LazyCommands().get_command(None, name)):
        assert command.help, typed
        assert all("\n" not in paragraph for paragraph in command.help.split("\n\n")), typed
        parameters = [(each.name, each.metavar or "") for each in command.params]
        assert not [each for each, _ in parameters if each.endswith("_completion")], typed
        assert not [each for each, metavar in parameters if metavar.startswith("[")], typed


@pytest.mark.processes
def test_a_misspelt_command_names_the_one_that_is_meant() -> None:
    """With the exit code of a wrong command line."""
    refused = campus("statu")
    assert refused.returncode == 2
    assert "Did you mean 'status'?" in " ".join(refused.stderr.split())
