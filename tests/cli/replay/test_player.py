"""The player, by its keys."""

from typing import Any

from textual.widgets import Static

from cli.replay.player import Player
from tests.support.tapes import DoubleScores, tape


def text(player: Player, name: str) -> str:
    """What a part of the screen shows."""
    shown: Any = player.query_one(f"#{name}", Static).visual
    return str(shown)


async def test_forward_back_to_a_time_and_to_a_change() -> None:
    """Each key shows its step: the fact, what it changed, and the documents after it."""
    player = Player(tape(6))
    async with player.run_test() as pilot:
        assert "before the first fact" in text(player, "head")
        assert text(player, "shown") == "no documents yet"
        await pilot.press("left")
        assert player.number == -1
        await pilot.press("right", "n")
        assert "2 of 6   20  progress.activity_recorded" in text(player, "head")
        assert "/best: null -> 2" in text(player, "changed")
        assert '"best": 2' in text(player, "shown")
        await pilot.press("p")
        assert player.number == 0
        await pilot.press("end", "right")
        assert player.number == 5
        await pilot.press("home", "right", "right", "f", *"best", "enter")
        assert player.number == 3
        assert "/best: 2 -> 4" in text(player, "changed")
        await pilot.press("t", *"2026-03-04", "enter")
        assert player.number == 2
        await pilot.press("t", *"50", "enter")
        assert player.number == 4
        await pilot.press("t", *"soon", "enter")
        await pilot.press("f", *"none", "enter")
        assert player.number == 4
        await pilot.press("down", "q")
    assert not player.is_running


async def test_another_rule_beside_todays() -> None:
    """Where the two differ is marked."""
    player = Player(tape(6), tape(6, DoubleScores))
    async with player.run_test() as pilot:
        await pilot.press("right")
        assert "both rules agree" in text(player, "changed")
        await pilot.press("end")
        assert "!= scores/28400 /best: today 6, changed 12" in text(player, "changed")
