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
