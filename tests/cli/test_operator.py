"""In whose name commands are sent from the command line."""

from datetime import UTC, datetime
from pathlib import Path

from cli.operator import command_context, operator

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


def test_all_but_looks_and_dry_runs_are_asked_for_a_ticket() -> None:
    """Where the settings of the campus have one for all that is done: acts begin with `accounted`."""
    unasked = {path.relative_to(CLI).as_posix() for path in CLI.rglob("*.py") if "command_context(" in path.read_text()}
    assert unasked == {"operator.py", "looks.py", "account.py", "admin/desk.py"}
