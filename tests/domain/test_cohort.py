"""Cohorts of a run, and the one in which a learner is."""

from datetime import timedelta
from functools import partial

import pytest

from domain.enrollment import Cohort, Enrollment, NotEnrolled
from tests.support.given import AT, STREAMS, fact, given

ANN = {"learner_id": "ann", "run_id": "algebra-1"}
SPRING, LATER = AT + timedelta(days=7), AT + timedelta(days=9)
ASKED = fact(Enrollment.Requested, **ANN, mode="free", source="api")
PLANNED = fact(Cohort.Planned, name="Spring", begins_at=SPRING)
MOVED = fact(Cohort.Changed, old_name="Spring", new_name="Late", old_begins_at=SPRING, new_begins_at=LATER, change_no=1)
PAGE = fact(Cohort.Followed, change_no=1, last="enrollment-ann:algebra-1", done=50, moved=1, finished=False)
END = fact(Cohort.Followed, change_no=1, last="enrollment-zoe:algebra-1", done=3, moved=0, finished=True)
AGAIN = fact(Cohort.Changed, old_name="Late", new_name="Late", old_begins_at=LATER, new_begins_at=SPRING, change_no=2)
JOINED = fact(Enrollment.CohortChanged, old_cohort=None, new_cohort="spring", old_begins_at=None, new_begins_at=SPRING)


def cohort(begins_at: object = SPRING) -> Cohort:
    """The cohort of the spring, which begins then."""
    made = Cohort.blank(STREAMS["cohort"])
    made.begins_at = begins_at  # type: ignore[assignment]
    return made


def test_a_cohort_is_planned_once_and_may_be_another_later() -> None:
    """The same again is no fact."""
    given(Cohort).when(lambda each: each.plan("Spring", SPRING)).then(PLANNED)
    given(Cohort, PLANNED).when(lambda each: each.plan("Spring", SPRING)).then()
    given(Cohort, PLANNED).when(lambda each: each.plan("Late", LATER)).then(MOVED)
    given(Cohort, PLANNED, MOVED).when(lambda each: each.plan("Late", SPRING)).then(AGAIN)


@pytest.mark.parametrize(
    ("facts", "places"),
    [
        ((PLANNED, MOVED), ("", None)),
        ((PLANNED, MOVED, PAGE), ("enrollment-ann:algebra-1", None)),
        ((PLANNED, MOVED, PAGE, END), (None, None)),
        ((PLANNED, MOVED, PAGE, AGAIN), (None, "")),
    ],
)
def test_learners_follow_the_last_change_to_its_end(facts: tuple[object, ...], places: tuple[object, ...]) -> None:
    """Page after page; a later change begins again, and an earlier one goes no further."""
    found: list[str | None] = []
    given(Cohort, *facts).when(lambda each: found.extend(each.place(no) for no in (1, 2))).then()  # type: ignore[arg-type]
    assert tuple(found[:2]) == places


def test_a_learner_is_in_one_cohort() -> None:
    """Or in another, or in none, or in one that begins at another time; the same again is no fact."""
    other = Cohort.blank("cohort-algebra-1:autumn")
    other.begins_at = LATER
    given(Enrollment).when(lambda each: each.join(cohort())).refused(NotEnrolled, **ANN)
    given(Enrollment, ASKED).when(lambda each: each.join(cohort())).then(JOINED)
    given(Enrollment, ASKED, JOINED).when(lambda each: each.join(cohort())).then()
    given(Enrollment, ASKED).when(lambda each: each.join(None)).then()
    for joined, new, begins_at in ((other, "autumn", LATER), (None, None, None), (cohort(LATER), "spring", LATER)):
        said = {"old_begins_at": SPRING, "new_begins_at": begins_at}
        moved = fact(Enrollment.CohortChanged, old_cohort="spring", new_cohort=new, **said)
        given(Enrollment, ASKED, JOINED).when(partial(join, joined)).then(moved)


def join(joined: Cohort | None, enrollment: Enrollment) -> None:
    """Be in a cohort."""
    enrollment.join(joined)
