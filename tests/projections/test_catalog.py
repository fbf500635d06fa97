"""The catalog: courses, versions, runs and quizzes, as people look them up."""

from datetime import UTC, datetime
from typing import Any

from projections.catalog import (
    COURSES,
    QUIZZES,
    RUNS,
    SEARCH,
    STRUCTURES,
    WORDS,
    Catalog,
    CatalogCourse,
    CatalogQuiz,
    CatalogRun,
    CatalogSearch,
    CatalogStructure,
    CatalogWord,
)
from tests.support.facts import START, UNITS, History, fold, rows_of


def test_a_course_its_version_and_its_run_are_rows() -> None:
    """The status of a run follows opening and closing."""
    history = History().course()
    run = CatalogRun("AAA-1", "AAA", 1, START, datetime(2014, 6, 1, tzinfo=UTC), pacing="cohort", status="scheduled")
    stored = fold(Catalog, history)
    assert rows_of(stored, COURSES, CatalogCourse) == [CatalogCourse("AAA", "Algebra", "", "en", 1, START)]
    assert rows_of(stored, STRUCTURES, CatalogStructure) == [
        CatalogStructure("AAA", 1, UNITS, "all", "mean", "0", START)
    ]
    assert rows_of(stored, RUNS, CatalogRun) == [run]
    history.add("run-AAA-1", "run.opened")
    assert rows_of(fold(Catalog, history), RUNS, CatalogRun)[0].status == "open"
    history.add("run-AAA-1", "run.closed")
    assert rows_of(fold(Catalog, history), RUNS, CatalogRun)[0].status == "closed"


def test_a_run_says_how_seats_are_given() -> None:
    """For how long a seat is held, and how many may wait for one."""
    history = History().course()
    history.facts[-1].data.update(capacity=2, seat_offer_hours=12, waitlist_limit=0)
    (run,) = rows_of(fold(Catalog, history), RUNS, CatalogRun)
    assert (run.capacity, run.seat_offer_hours, run.waitlist_limit) == (2, 12, 0)


def test_a_run_says_from_when_days_count() -> None:
    """From its start where an old fact says nothing; and it has its cohorts, in the order in which they begin."""
    history = History().course()
    assert rows_of(fold(Catalog, history), RUNS, CatalogRun)[0].due_from == "start"
    history.facts[-1].data.update(due_from="enrollment")
    for name, begins_at in (("b", "2014-01-02T00:00:00Z"), ("a", "2014-01-03T00:00:00Z")):
        history.add(f"cohort-AAA-1:{name}", "cohort.planned", name=name.upper(), begins_at=begins_at)
    moved: dict[str, Any] = {
        "old_name": "B",
        "new_name": "Late",
        "old_begins_at": "",
        "new_begins_at": "2014-01-04T00:00:00Z",
    }
    history.add("cohort-AAA-1:b", "cohort.changed", **moved, change_no=1)
    (run,) = rows_of(fold(Catalog, history), RUNS, CatalogRun)
    assert run.due_from == "enrollment"
    assert [(each.cohort_id, each.name, each.begins_at.day) for each in run.cohorts] == [
        ("a", "A", 3),
        ("b", "Late", 4),
    ]


def test_a_course_is_found_by_what_it_says_now() -> None:
    """As if it had said so from the first; a course without a version is found by nothing."""
    history = History().course(sections=[{"section_id": "s", "title": "Rings", "units": []}])
    history.add("course-AAA", "course.renamed", old="Algebra", new="Structures")
    history.add("course-AAA", "course.summary_changed", old="", new="Groups and rings.")
    history.add("course-AAA", "course.language_changed", old="en", new="de")
    now = fold(Catalog, history)
    first = History().course(sections=[{"section_id": "s", "title": "Rings", "units": []}])
    first.facts[0].data.update(title="Structures", summary="Groups and rings.", language="de")
    from_first = fold(Catalog, first)
    assert rows_of(now, COURSES, CatalogCourse) == rows_of(from_first, COURSES, CatalogCourse)
    assert rows_of(now, SEARCH, CatalogSearch) == rows_of(from_first, SEARCH, CatalogSearch)
    words = {each.word for each in rows_of(now, WORDS, CatalogWord)}
    assert words >= {each.word for each in rows_of(from_first, WORDS, CatalogWord)}
    alone = History().add("course-B", "course.created", title="Sets", summary="", language="en")
    alone.add("course-B", "course.renamed", old="Sets", new="Logic")
    assert rows_of(fold(Catalog, alone), SEARCH, CatalogSearch) == []


def test_a_quiz_is_kept_without_its_key() -> None:
    """What learners may look up cannot tell them the answers."""
    items = [{"item_id": "q1", "text": "1 + 1?", "options": ["1", "2"]}]
    history = History().add(
        "quiz-q",
        "quiz.published",
        version=1,
        run_id="AAA-1",
        unit_id="tma1",
        kind="CMA",
        title="Sums",
        items=items,
        key=[1],
        key_hash="h",
        time_limit=60,
        attempts_allowed=2,
        due_at=None,
        pass_bp=4_000,
    )
    assert rows_of(fold(Catalog, history), QUIZZES, CatalogQuiz) == [
        CatalogQuiz("q", 1, "AAA-1", "tma1", "CMA", "Sums", items, 60, 2, None, 4_000)
    ]
