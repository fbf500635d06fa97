"""Use cases of a run that follows another version of its course, and of its learners."""

from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest

from commands.catalog import ChangeRunVersion, PublishCourse, ScheduleRun
from commands.enrollment import RequestEnrollment
from commands.log import Log
from commands.lookups.catalog import STRUCTURE_MAX_AGE, Outline, outline
from commands.progress import CompleteByAttempts, CompleteUnit, DecideOutcome, OpenUnit
from commands.progress.following import PAGE, FollowRun
from commands.progress.viewing import RecordWatched
from commands.quiz import PublishQuiz, StartAttempt, SubmitAttempt
from domain.catalog import Run, Unit
from domain.progress import TOOL_SCORED, CourseProgress, RunRebase
from tests.support.given import fact
from tests.support.usecases import END, RUN, START, UNITS, Campus

MORE = (*UNITS[1:], Unit("q3", "quiz", "Rings", weight=5_000))
SECOND = PublishCourse("algebra", MORE)
REBASED = fact(CourseProgress.Rebased, from_version=1, to_version=2)


def page(last: str, done: int, moved: int, *, finished: bool = True) -> object:
    return fact(RunRebase.Progressed, change_no=1, to_version=2, last=last, done=done, moved=moved, finished=finished)


async def test_a_run_follows_another_version(campus: Campus) -> None:
    """It is a fact once; a version that there is not is refused, and so is a run that has ended."""
    assert await campus.refused(ChangeRunVersion(RUN, 2)) == "course_not_found"
    assert await campus.refused(ChangeRunVersion("nowhere", 2)) == "run_not_found"
    await campus.give(SECOND)
    assert await campus.refused(ChangeRunVersion(RUN, 2), at=END + timedelta(days=1)) == "bad_schedule"
    assert await campus.new(ChangeRunVersion(RUN, 2)) == [
        (f"run-{RUN}", fact(Run.VersionChanged, course_id="algebra", old=1, new=2, change_no=1))
    ]
    assert await campus.repeats(ChangeRunVersion(RUN, 2))
    assert await campus.repeats(ScheduleRun(RUN, "algebra", 1, START, END))


async def test_who_has_completed_keeps_the_version(campus: Campus) -> None:
    """All others follow, those who have done nothing as well; a second time changes nothing."""
    await campus.give(*(RequestEnrollment(each, RUN) for each in ("ann", "ben", "cat")))
    await campus.give(CompleteUnit("ann", RUN, "q1", "instructor", 9_000))
    await campus.give(CompleteUnit("ben", RUN, "q1", "instructor", 9_000), DecideOutcome("ben", RUN, 1, "pass"))
    await campus.give(SECOND, ChangeRunVersion(RUN, 2))
    last = f"enrollment-cat:{RUN}"
    assert await campus.new(FollowRun(RUN, 1)) == [
        (f"progress-ann:{RUN}", REBASED),
        (f"progress-cat:{RUN}", REBASED),
        (f"rebase-{RUN}", page(last, 3, 2)),
    ]
    assert await campus.repeats(FollowRun(RUN, 1))
    assert await campus.refused(OpenUnit("ann", RUN, "intro")) == "unknown_unit"
    assert await campus.refused(OpenUnit("ben", RUN, "q3")) == "unknown_unit"
    assert [said.type for _, said in await campus.new(OpenUnit("ann", RUN, "q3"))] == ["progress.unit_opened"]
    assert [said.type for _, said in await campus.new(OpenUnit("ben", RUN, "intro"))] == ["progress.unit_opened"]


async def test_an_attempt_at_a_unit_that_is_gone_completes_nothing(campus: Campus) -> None:
    """It is no refusal that waits for ever; a unit that there never was is one."""
    await campus.give(RequestEnrollment("ann", RUN), SECOND, ChangeRunVersion(RUN, 2), FollowRun(RUN, 1))
    passed = CompleteByAttempts("ann", RUN, "intro", "attempt-ann:x:1", graded=True, passed=True, position=1)
    assert await campus.new(passed) == []
    assert await campus.refused(replace(passed, unit_id="nowhere")) == "unknown_unit"


async def test_the_score_of_a_tool_for_a_unit_that_is_gone_completes_nothing(campus: Campus) -> None:
    """The tool may say so long after; by hand and by the staff it is refused."""
    await campus.give(RequestEnrollment("ann", RUN), SECOND, ChangeRunVersion(RUN, 2), FollowRun(RUN, 1))
    scored = CompleteUnit("ann", RUN, "intro", TOOL_SCORED, 5, 10)
    assert await campus.new(scored) == []
    for wrong in (replace(scored, unit_id="nowhere"), replace(scored, rule="instructor")):
        assert await campus.refused(wrong) == "unknown_unit"


async def test_who_begins_does_so_by_the_version_of_now(campus: Campus, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also through a process that still knows the run as it was: after the last page no other page would come."""
    known: list[Outline] = []

    async def remembered(
        log: Log, run_id: str, version: int | None = None, max_age: float = STRUCTURE_MAX_AGE
    ) -> Outline:
        found = await outline(log, run_id, version, max_age)
        if version is None and max_age:
            known.append(found)
            return known[0]
        return found

    monkeypatch.setattr("commands.progress.following.outline", remembered)
    await campus.give(RequestEnrollment("ann", RUN), OpenUnit("ann", RUN, "intro"))
    await campus.give(SECOND, ChangeRunVersion(RUN, 2), FollowRun(RUN, 1), RequestEnrollment("ben", RUN))
    assert [said.type for _, said in await campus.new(OpenUnit("ben", RUN, "q3"))] == [
        "progress.rebased",
        "progress.unit_opened",
    ]


async def test_who_comes_later_begins_with_the_version_of_then(campus: Campus) -> None:
    """The first thing that is done says so."""
    await campus.give(SECOND, ChangeRunVersion(RUN, 2), RequestEnrollment("ann", RUN))
    assert await campus.new(OpenUnit("ann", RUN, "q3")) == [
        (f"progress-ann:{RUN}", fact(CourseProgress.Rebased, from_version=None, to_version=2)),
        (f"progress-ann:{RUN}", fact(CourseProgress.UnitOpened, unit_id="q3")),
    ]


async def test_learners_follow_page_by_page(campus: Campus) -> None:
    """A page and its learners are one append; a later change takes the place of one that is not finished."""
    await campus.give(*(RequestEnrollment(f"l{each:02}", RUN) for each in range(PAGE + 1)))
    await campus.give(SECOND, ChangeRunVersion(RUN, 2))
    first = await campus.new(FollowRun(RUN, 1))
    assert first[-1] == (f"rebase-{RUN}", page(f"enrollment-l{PAGE - 1}:{RUN}", PAGE, PAGE, finished=False))
    assert await campus.new(FollowRun(RUN, 1)) == [
        (f"progress-l{PAGE}:{RUN}", REBASED),
        (f"rebase-{RUN}", page(f"enrollment-l{PAGE}:{RUN}", 1, 1)),
    ]
    await campus.give(ChangeRunVersion(RUN, 1))
    assert await campus.new(FollowRun(RUN, 1)) == []
    assert len(await campus.new(FollowRun(RUN, 2))) == PAGE + 1


async def test_what_is_open_is_asked_of_the_version_of_the_learner(campus: Campus) -> None:
    """Attempts and watching: who keeps an older version is not stopped by what comes before a unit in the new one."""
    film = Unit("film", "video", "The film", seconds=60)
    await campus.give(PublishCourse("algebra", (*UNITS, film)), ChangeRunVersion(RUN, 2))
    await campus.give(PublishQuiz("essay-1", RUN, "q2", "Rings", kind="essay"))
    await campus.give(*(RequestEnrollment(each, RUN) for each in ("ann", "ben")))
    await campus.give(
        OpenUnit("ann", RUN, "intro"), OpenUnit("ben", RUN, "intro"), DecideOutcome("ben", RUN, 2, "pass")
    )
    locked = [
        msgspec.structs.replace(each, after=["q1"]) if each.unit_id in ("film", "q2") else each
        for each in (*UNITS, film)
    ]
    await campus.give(PublishCourse("algebra", locked), ChangeRunVersion(RUN, 3), FollowRun(RUN, 2))

    def watched(learner_id: str) -> RecordWatched:
        return RecordWatched(learner_id, RUN, "film", "d1", 1, [(0, 20_000)], 20_000, 20)

    for command in (StartAttempt("ann", "essay-1"), SubmitAttempt("ann", "essay-1"), watched("ann")):
        assert await campus.refused(command) == "unit_locked"
    assert (await campus.new(StartAttempt("ben", "essay-1")))[0][1].type == "attempt.started"
    assert [said.type for _, said in await campus.new(watched("ben"))] == ["progress.unit_opened", "viewing.watched"]
    await campus.give(PublishCourse("algebra", UNITS[:2]), ChangeRunVersion(RUN, 4), FollowRun(RUN, 3))
    assert await campus.refused(StartAttempt("ann", "essay-1")) == "unknown_unit"
