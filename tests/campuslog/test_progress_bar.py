"""A bar on a terminal, and nothing elsewhere."""

import pytest

from campuslog import Campus, progress_bar
from tests.support.rules import ClicksByHand


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every question counts as a long one."""
    monkeypatch.setattr(progress_bar, "PATIENCE", 0.0)


def test_a_bar_on_a_terminal(
    campus: Campus, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Reading and folding are shown on standard error, and taken away when they are done."""
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    campus.events().polars()
    assert "reading facts" in capfd.readouterr().err
    campus.rebuild(ClicksByHand)
    said = capfd.readouterr()
    assert "folding clicks" in said.err
    assert said.out == ""


def test_nothing_in_a_log_file(campus: Campus, capfd: pytest.CaptureFixture[str]) -> None:
    """Where standard error is no terminal there is no bar."""
    campus.rebuild(ClicksByHand)
    assert capfd.readouterr() == ("", "")


def test_nothing_when_it_is_not_wanted(
    exported: Campus, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """`progress=False` is silent on a terminal, too."""
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    monkeypatch.setattr(exported, "_progress", False)
    exported.rebuild(ClicksByHand)
    assert capfd.readouterr() == ("", "")
