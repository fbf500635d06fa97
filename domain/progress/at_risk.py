"""
Which learners of a run are at risk, by one rule in three parts, each with the figure that it follows from.

    inactive    nothing done and nothing handed in for QUIET_DAYS whole days
    missed      a unit that counts was due, and nothing was handed in
    low_grade   the grade so far is below what the course is passed with

The rule is about who has a place on a run that has begun and is not over. It says what happened, not what will: a
warning that people can check before they write to a learner.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Literal, NamedTuple

from domain.grading import PASS_BP

QUIET_DAYS = 14
NAMED = 5  # units in a sentence
WEEK = timedelta(days=6)  # from its Monday to its Sunday

ReasonCode = Literal["inactive", "missed", "low_grade"]
RULE = (
    f"At risk is who has a place and has done and handed in nothing for {QUIET_DAYS} days, has not handed in a unit"
    f" that counts and was due, or has a grade so far below {PASS_BP / 100:g} %."
)


class Reason(NamedTuple):
    """
    Why a learner is at risk.

    Attributes:
        figure: days without anything, units that were missed, or basis points of the grade so far.
        words: the sentence with it.
    """

    code: ReasonCode
    figure: int
    words: str


class Standing(NamedTuple):
    """
    Where a learner with a place stands.

    Attributes:
        since: the day on which the learner got the place, or the run began, if that was later.
        last_week: the Monday of the last week with any activity; the day in it is not known.
        last_handed_in: the day on which something was handed in last.
        missed: units that count, were due and were not handed in; of *due* ones.
    """

    since: date
    last_week: date | None
    last_handed_in: date | None
    missed: Sequence[str]
    due: int
    grade_so_far_bp: int | None


def missed_units(due: Mapping[str, datetime], done: Collection[str], now: datetime) -> tuple[list[str], int]:
    """The units that were due before *now* and are not *done*, and how many were due."""
    past = [unit_id for unit_id, at in due.items() if at < now]
    return [unit_id for unit_id in past if unit_id not in done], len(past)


def reasons(standing: Standing, today: date) -> list[Reason]:
    """Why a learner is at risk; empty for one who is not."""
    found: list[Reason] = []
    last = last_day(standing, today)
    quiet = (today - (last or standing.since)).days
    if quiet >= QUIET_DAYS:
        since = f"since {last.isoformat()}" if last else "at all"
        found.append(Reason("inactive", quiet, f"Nothing done or handed in {since}: {quiet} days."))
    if standing.missed:
        number = len(standing.missed)
        named = ", ".join(standing.missed[:NAMED]) + (", …" if number > NAMED else "")
        words = f"{number} of {standing.due} units that were due not handed in: {named}."
        found.append(Reason("missed", number, words))
    grade = standing.grade_so_far_bp
    if grade is not None and grade < PASS_BP:
        words = f"Grade so far {grade / 100:g} %, below the {PASS_BP / 100:g} % to pass."
        found.append(Reason("low_grade", grade, words))
    return found


def last_day(standing: Standing, today: date) -> date | None:
    """The last day on which the learner can have done something: of a week that is known, its Sunday."""
    days = [standing.last_handed_in, None if standing.last_week is None else min(standing.last_week + WEEK, today)]
    return max((day for day in days if day is not None), default=None)
