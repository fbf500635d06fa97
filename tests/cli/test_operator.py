"""In whose name commands are sent from the command line."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from cli.console import Failure
from cli.main import COMMANDS, LazyCommands
from cli.operator import Justification, command_context, operator
from domain.admin.tickets import BadTicket
from tests.cli.test_help import every

CLI = Path(__file__).parents[2] / "cli"


def test_each_command_is_a_request_of_its_own() -> None:
    """Its facts have a cause, by which they are found together."""
    at = datetime(2026, 3, 1, tzinfo=UTC)
    contexts = [command_context(at) for _ in range(2)]
    assert [each.actor for each in contexts] == [operator()] * 2
    assert len({each.correlation_id for each in contexts} - {None, ""}) == 2


def test_no_command_says_by_itself_who_sends_it() -> None:
    """Or its facts could lack a cause."""
    others = [path for path in CLI.rglob("*.py") if path != CLI / "operator.py"]
    assert [path for path in others if " Context(" in path.read_text()] == []


def test_what_an_operator_says_stands_in_the_context() -> None:
    """The reason of the facts themselves does not: it is in the command."""
    at = datetime(2026, 3, 1, tzinfo=UTC)
    said = command_context(at, Justification("HELP-1", " by phone ", "is known"))
    assert (said.ticket, said.reason, said.role) == ("HELP-1", "by phone", "operator")
    for why in (" ", "x" * 201, "two\nlines", "\0"):
        with pytest.raises(Failure, match="1 to 200 characters"):
            command_context(at, Justification(why=why))
    with pytest.raises(BadTicket):
        command_context(at, Justification("ask Ada"))


def test_who_is_asked_for_a_ticket_is_asked_for_a_reason() -> None:
    """Every act at the command line takes both, since the settings of a campus may have both for all that is done."""
    taken = {
        typed: {option for parameter in command.params for option in parameter.opts}
        for name in COMMANDS
        for typed, command in every(name, LazyCommands().get_command(None, name))
    }
    asked = {typed for typed, options in taken.items() if "--ticket" in options and "--reason" not in options}
    assert asked == {"admin audit"}, "which looks for a ticket"
    assert sum("--ticket" in options for options in taken.values()) >= 25


def test_all_but_looks_and_dry_runs_are_asked_for_a_ticket() -> None:
    """And a reason, where the settings of the campus have one for all that is done: acts begin with `accounted`."""
    unasked = {path.relative_to(CLI).as_posix() for path in CLI.rglob("*.py") if "command_context(" in path.read_text()}
    assert unasked == {"operator.py", "looks.py", "account.py", "admin/desk.py"}
