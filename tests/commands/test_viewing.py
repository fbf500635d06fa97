"""Use case of watching: a player's batches, what they open and complete, and who may send them."""

from datetime import timedelta
from typing import Any

from commands.catalog import CreateCourse, OpenRun, PublishCourse, ScheduleRun
from commands.enrollment import RequestEnrollment
from commands.progress.viewing import RecordWatched
from domain.catalog import Unit, UnitCompletion
from domain.progress import CourseProgress
from tests.support.given import fact
from tests.support.usecases import AT, END, START, Campus

RUN = "film-1"
UNITS = (
    Unit("film", "video", "The film", weight=5_000, seconds=60, completion=UnitCompletion("watched", 5_000)),
    Unit("talk", "audio", "The talk"),
    Unit("intro", "page", "Begin here", weight=5_000),
)
COURSE = (
    CreateCourse("film", "Film"),
    PublishCourse("film", UNITS),
    ScheduleRun(RUN, "film", 1, START, END),
    OpenRun(RUN),
    RequestEnrollment("ann", RUN),
)
STREAM, PROGRESS = f"viewing-ann:{RUN}:film", f"progress-ann:{RUN}"


def watched(segments: list[tuple[int, int]], client_seq: int = 1, unit_id: str = "film", **more: Any) -> RecordWatched:
    return RecordWatched("ann", RUN, unit_id, "d1", client_seq, segments, 20_000, 20, **more)


async def test_half_of_a_film_completes_it(campus: Campus) -> None:
    """The first batch opens the unit, that which reaches the mark completes it: these facts are the evidence."""
    await campus.give(*COURSE)
    (opened, first) = await campus.new(watched([(0, 20_000)], seconds_ago=5))
    assert opened == (PROGRESS, fact(CourseProgress.UnitOpened, unit_id="film"))
    assert (first[0], first[1].type) == (STREAM, "viewing.watched")
    assert first[1].fields["ended_at"] == f"{AT - timedelta(seconds=5):%Y-%m-%dT%H:%M:%SZ}"
    assert [said.type for _, said in await campus.new(watched([(10_000, 29_999)], 2))] == ["viewing.watched"]
    (completed, _) = await campus.new(watched([(29_999, 30_000)], 3))
    assert completed == (
        PROGRESS,
        fact(
            CourseProgress.UnitCompleted,
            unit_id="film",
            course_version=1,
            rule="watched",
            score_bp=None,
            points=None,
            possible=None,
            at_least_bp=5_000,
            evidence=STREAM,
        ),
    )
    assert [said.type for _, said in await campus.new(watched([(0, 60_000)], 4))] == ["viewing.watched"]


async def test_no_batch_begins_before_the_place(campus: Campus) -> None:
    """One of a month ago would make study time, and room for a fact every half minute since; clocks may be wrong."""
    await campus.give(*COURSE)
    assert await campus.refused(watched([(0, 20_000)], seconds_ago=2_000_000)) == "bad_batch"
    assert await campus.facts(watched([(0, 20_000)], seconds_ago=240))
    assert await campus.facts(watched([(0, 20_000)], 2, seconds_ago=100))
    assert await campus.refused(watched([(0, 20_000)], 3, seconds_ago=900)) == "bad_batch"


async def test_a_batch_may_be_sent_again(campus: Campus) -> None:
    """Here and in another process: nothing happens, and the answer is the same."""
    await campus.give(*COURSE)
    assert await campus.repeats(watched([(0, 40_000)]))


async def test_what_is_watched_has_no_other_rule_and_no_length(campus: Campus) -> None:
    """A recording without a length is kept, and completes nothing."""
    await campus.give(*COURSE)
    assert [said.type for _, said in await campus.new(watched([(0, 40_000)], unit_id="talk"))] == [
        "progress.unit_opened",
        "viewing.watched",
    ]


async def test_who_may_watch_what(campus: Campus) -> None:
    """It takes a place on a run that goes on, and a unit that can be watched."""
    await campus.give(*COURSE)
    assert await campus.refused(watched([], unit_id="q9")) == "unknown_unit"
    assert await campus.refused(watched([], unit_id="intro")) == "not_watchable"
    assert await campus.refused(watched([(5, 4)])) == "bad_batch"
    assert await campus.refused(watched([]), at=END) == "run_is_over"
    assert await campus.refused(RecordWatched("ben", RUN, "film", "d1", 1, [], 0, 0)) == "not_enrolled"
