"""Runs of the courses: one that is over, three in progress (one of them too small), one to come, and one for sale."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from commands.catalog import CloseRun, CreateCourse, OpenRun, PublishCourse, ScheduleRun
from commands.payment.products import ChangePrice, CreateProduct
from commands.quiz import PublishQuiz
from domain.deadlines import is_over
from workers.seeding.catalog import COURSES, SeedCourse, items_and_key

OPEN_BEFORE = timedelta(days=28)  # enrollment opens before a run starts
PASS_BP = 6_000
ATTEMPTS = 2
BY_ID = {course.course_id: course for course in COURSES}


class PlannedCommand(NamedTuple):
    """
    One command, its time and its actor.

    Attributes:
        alone: carry it out after all earlier and before all later commands, not concurrently.
    """

    at: datetime
    actor: str
    command: Any
    alone: bool = False


@dataclass(frozen=True)
class Term:
    """
    One run.

    Attributes:
        starts: day of the start, counted from today.
        share: share of all learners that ask for a place, 0 to 1.
        seats: seats as a share of those who ask, None where there is no limit.
    """

    run_id: str
    course: SeedCourse
    starts: int
    weeks: int
    share: float
    seats: float | None = None

    def starts_at(self, today: datetime) -> datetime:
        """Midnight of the first day."""
        return today + timedelta(days=self.starts)

    def ends_at(self, today: datetime) -> datetime:
        """Midnight after the last day."""
        return self.starts_at(today) + timedelta(weeks=self.weeks)

    def capacity(self, learners: int) -> int | None:
        """Seats on a campus of *learners* learners."""
        return None if self.seats is None else max(1, round(learners * self.share * self.seats))

    def quiz_id(self, unit_id: str) -> str:
        """The quiz of a unit."""
        return f"{self.run_id}-{unit_id}"


TERMS = (
    Term("STAT101-1", BY_ID["STAT101"], starts=-105, weeks=11, share=0.4),
    Term("CLIM150-1", BY_ID["CLIM150"], starts=-56, weeks=12, share=0.35),
    Term("STAT101-2", BY_ID["STAT101"], starts=-35, weeks=11, share=0.45),
    Term("DB201-1", BY_ID["DB201"], starts=-21, weeks=10, share=0.25, seats=0.8),
    Term("WRIT110-1", BY_ID["WRIT110"], starts=16, weeks=9, share=0.2),
)
SOLD = Term("WRIT110-2", BY_ID["WRIT110"], starts=27, weeks=9, share=0)
PRODUCT = "writing-clearly"
PRICES = {"EUR": 4_900, "JPY": 7_800}  # minor units


def catalog_steps(today: datetime, learners: int) -> Iterator[PlannedCommand]:
    """The commands of the instructors."""
    for course in COURSES:
        opens = min(term.starts_at(today) for term in TERMS if term.course is course) - OPEN_BEFORE
        at = opens - timedelta(days=14, hours=-9)
        yield PlannedCommand(
            at, course.instructor, CreateCourse(course.course_id, course.title, course.summary), alone=True
        )
        yield PlannedCommand(at, course.instructor, PublishCourse(course.course_id, course.units()), alone=True)
    for term in TERMS:
        yield from _term_steps(term, today, learners)


def _term_steps(term: Term, today: datetime, learners: int) -> Iterator[PlannedCommand]:
    course, starts_at, ends_at = term.course, term.starts_at(today), term.ends_at(today)
    opens_at = starts_at - OPEN_BEFORE + timedelta(hours=6)
    run = ScheduleRun(
        term.run_id, course.course_id, 1, starts_at, ends_at, term.capacity(learners), seat_offer_hours=None
    )
    yield PlannedCommand(opens_at - timedelta(days=7), course.instructor, run, alone=True)
    yield PlannedCommand(opens_at, course.instructor, OpenRun(term.run_id), alone=True)
    for number, quiz in enumerate(course.quizzes, start=1):
        items, key = items_and_key(quiz)
        unit_id = f"quiz-{number}"
        publish = PublishQuiz(
            term.quiz_id(unit_id),
            term.run_id,
            unit_id,
            quiz.title,
            items=items,
            key=key,
            attempts_allowed=ATTEMPTS,
            pass_bp=PASS_BP,
        )
        yield PlannedCommand(opens_at, course.instructor, publish, alone=True)
    if is_over(ends_at, today):
        yield PlannedCommand(ends_at, course.instructor, CloseRun(term.run_id), alone=True)


def sale_steps(today: datetime) -> Iterator[PlannedCommand]:
    """A run that must be bought, put up for sale today: learners who ask for a place by themselves are not on it."""
    for step in _term_steps(SOLD, today, learners=0):
        yield step._replace(at=today)
    title = f"{SOLD.course.title}, with feedback"
    sale = [CreateProduct(PRODUCT, title, "run", run_id=SOLD.run_id)]
    for command in (*sale, *(ChangePrice(PRODUCT, currency, amount) for currency, amount in PRICES.items())):
        yield PlannedCommand(today, "admin", command, alone=True)
