"""Cohorts of a run: from when the days of their learners count, whatever becomes of the cohort and of the learner."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from commands.catalog import CreateCourse, OpenRun, PublishCourse, ScheduleRun
from commands.enrollment import RequestEnrollment, cohorts
from commands.enrollment.cohorts import AssignCohort, FollowCohort, PlanCohort
from commands.enrollment.extensions import GrantExtensions
from commands.log import Context
from commands.quiz import FollowDeadline, PublishQuiz, SubmitAttempt
from domain.catalog import Unit
from domain.late_policy import LatePolicy
from domain.quiz import Item
from tests.support.given import AT
from tests.support.usecases import Campus

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
RUN, END = "paced-1", AT + 30 * DAY
OWN = ScheduleRun(RUN, "paced", 1, AT, END, pacing="cohort", due_from="enrollment", late=LatePolicy("accept"))
OPENED = (
    CreateCourse("paced", "Paced"),
    PublishCourse("paced", [Unit("u1", "quiz", "", weight=10_000, due_after_days=2)]),
    OWN,
    OpenRun(RUN),
    PublishQuiz("paced-quiz", RUN, "u1", "Late", items=[Item("i1", "?", ["no", "yes"])], key=[1], attempts_allowed=2),
    *(RequestEnrollment(each, RUN) for each in ("ann", "ben", "cat")),
)
SPRING, AUTUMN = PlanCohort(RUN, "spring", "Spring", AT + 5 * DAY), PlanCohort(RUN, "autumn", "Autumn", AT + 20 * DAY)
BOTH = AssignCohort(RUN, "spring", ["ann", "ben"])
ANSWERS = SubmitAttempt("ann", "paced-quiz", 1, (1,))


async def at(campus: Campus, when: Any, *commands: Any) -> None:
    """Carry commands out at a time."""
    for command in commands:
        await campus.bus.handle(command, Context("test", when))


async def late_by(campus: Campus, no: int = 1) -> float:
    """How late an attempt is by now."""
    return float((await campus.log.stream(f"attempt-ann:paced-quiz:{no}"))[-1].data["late_by"])


async def test_days_count_from_the_cohort(campus: Campus) -> None:
    """Also where the learner came later or earlier, and for an extension; not of who is in none any more."""
    await at(campus, AT, *OPENED, SPRING, AUTUMN, BOTH)
    assert await campus.repeats(SPRING)
    assert await campus.repeats(BOTH)
    await at(campus, AT + 7 * DAY + HOUR, ANSWERS)
    assert await late_by(campus) == HOUR.total_seconds()
    more = GrantExtensions(RUN, "u1", ["ann"], AT + 7 * DAY)
    assert await campus.refused(more) == "bad_extension"
    await at(campus, AT + 8 * DAY, AssignCohort(RUN, None, ["ann"]), FollowDeadline("ann", RUN, None, 1))
    assert await late_by(campus) == (5 * DAY + HOUR).total_seconds()
    await at(campus, AT + 8 * DAY, replace(BOTH, cohort_id="autumn"), FollowDeadline("ann", RUN, None, 1))
    assert (await late_by(campus), await campus.refused(more)) == (0, "bad_extension")


async def test_learners_follow_a_cohort_that_moves(campus: Campus, monkeypatch: pytest.MonkeyPatch) -> None:
    """Page by page; who has gone to another cohort does not, and a later change ends an earlier one."""
    monkeypatch.setattr(cohorts, "PAGE", 2)
    await at(campus, AT, *OPENED, SPRING, AUTUMN, replace(BOTH, learner_ids=["ann", "ben", "cat"]))
    await at(campus, AT, AssignCohort(RUN, "autumn", ["ben"]), replace(SPRING, begins_at=AT + 6 * DAY))
    first, second = [await campus.new(FollowCohort(RUN, "spring", 1)) for _ in range(2)]
    assert [stream for stream, _ in first] == [f"enrollment-ann:{RUN}", f"cohort-{RUN}:spring"]
    assert [stream for stream, _ in second] == [f"enrollment-cat:{RUN}", f"cohort-{RUN}:spring"]
    assert await campus.repeats(FollowCohort(RUN, "spring", 1))
    later = replace(SPRING, begins_at=AT + 7 * DAY)
    await at(campus, AT, later, replace(later, name="Later"))
    assert await campus.new(FollowCohort(RUN, "spring", 2)) == []
    moved = await campus.facts(FollowCohort(RUN, "spring", 3))
    assert [fact.data.get("new_begins_at") for fact in moved] == [f"{AT + 7 * DAY:%Y-%m-%dT%H:%M:%SZ}", None]
    assert (moved[-1].data["moved"], moved[-1].data["finished"]) == (1, False)


async def test_what_is_no_cohort_is_refused(campus: Campus) -> None:
    """One of a run whose days count from its start, one that begins outside of its run, one that there is not."""
    await at(campus, AT, *OPENED, replace(OWN, run_id="paced-2", due_from="start"))
    refused = [
        replace(SPRING, run_id="paced-2"),
        replace(SPRING, begins_at=AT - HOUR),
        replace(SPRING, begins_at=END),
    ]
    assert {await campus.refused(command) for command in refused} == {"bad_cohort"}
    assert await campus.refused(BOTH) == "cohort_not_found"
    await at(campus, AT, SPRING)
    assert await campus.refused(replace(BOTH, learner_ids=["ann", "dan"])) == "not_enrolled"
