"""How `campus` speaks to scripts: JSON on standard output, all else on standard error."""

import json

import pytest
from rich.table import Table

from cli import console, main


def test_an_answer_as_json_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """`--json` prints one object, and nothing else."""
    console.answer({"head": 3}, as_json=True, table=Table)
    assert json.loads(capsys.readouterr().out) == {"head": 3}


def test_off_a_terminal_no_table_is_cut(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever `COLUMNS` says: a log file shows every value whole, and in one line."""
    monkeypatch.setenv("COLUMNS", "40")

    def table() -> Table:
        shown = Table("read model", "digest", "remark")
        shown.add_row("course_dashboard" * 5, "0123456789abcdef" * 4, "a sentence of many words " * 9)
        return shown

    console.answer({}, as_json=False, table=table)
    (line,) = [line for line in capsys.readouterr().out.splitlines() if "dashboard" in line]
    assert "course_dashboard" * 5 in line
    assert "0123456789abcdef" * 4 in line
    assert line.count("a sentence of many words") == 9
    assert not line.endswith(" " * 100)


def test_progress_without_a_terminal_is_plain_lines(capsys: pytest.CaptureFixture[str]) -> None:
    """A log file gets lines with amount, rate and share, on standard error."""
    with console.progress("importing", total=200, unit="rows") as advance:
        advance(150)
        advance(50)
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("importing: 200 rows, ")
    assert "100 % of 200, 0 s left" in said.err


def test_a_failure_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    """Square brackets in a message are text, not markup."""
    console.fail("port [8000] is taken")
    assert capsys.readouterr().err == "campus: port [8000] is taken\n"


def test_an_unexpected_error_names_its_type() -> None:
    """Our own errors are sentences; of others the type is worth knowing."""
    assert main.sentence(console.Failure("no seat")) == "no seat"
    assert main.sentence(KeyError("seat")).startswith("KeyError: 'seat'")
