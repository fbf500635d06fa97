"""The units of a course as the API's player has them: which is next, which stand before and after one."""

from collections.abc import Mapping
from typing import Any

Player = Mapping[str, Any]
Unit = dict[str, Any]


def units_of(player: Player) -> list[Unit]:
    """All units, in their order."""
    return [unit for section in player["sections"] for unit in section["units"]]


def unit_of(player: Player, unit_id: str) -> Unit | None:
    """A unit by its id; None if there is none."""
    return next((unit for unit in units_of(player) if unit["unit_id"] == unit_id), None)


def next_unit(player: Player, after: str = "") -> str | None:
    """
    The unit to go on with: that where the learner has stopped, else the next one that is open, else the first one.

    Args:
        after: a unit that the learner has just completed, in place of where the learner has stopped; *player* does not
            have that yet.
    """
    units = units_of(player)
    to_do = [unit["unit_id"] for unit in units if unit["unit_id"] != after and _can_be_done(unit, after)]
    stopped = after or (player["resume"] or {}).get("unit_id", "")
    if stopped in to_do:
        return str(stopped)
    order = [unit["unit_id"] for unit in units]
    begun = order.index(stopped) if stopped in order else -1
    return next((each for each in to_do if order.index(each) > begun), to_do[0] if to_do else None)


def _can_be_done(unit: Unit, completed: str) -> bool:
    """Whether a learner who has completed a unit, beside what the player says, can do something on another one."""
    if unit["state"] in ("open", "begun"):
        return True
    waits_for = {each for lock in unit["locks"] for each in lock["units"]}
    only_for_units = all(lock["reason"] == "units_before" for lock in unit["locks"])
    return unit["state"] == "locked" and only_for_units and waits_for == {completed}


def beside(player: Player, unit_id: str) -> tuple[Unit | None, Unit | None]:
    """The units before and after one in the outline."""
    units = units_of(player)
    at = next(number for number, unit in enumerate(units) if unit["unit_id"] == unit_id)
    return (units[at - 1] if at else None), (units[at + 1] if at + 1 < len(units) else None)
