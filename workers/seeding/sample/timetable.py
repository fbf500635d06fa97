"""Runs of the sample courses: over, full, self-paced, of this week and to come; who teaches them, what is for sale."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import msgspec

from commands.catalog import CloseRun, CreateCourse, OpenRun, PublishCourse, ScheduleRun
from commands.payment.coupons import CreateCoupon
from commands.payment.products import ChangePrice, CreateProduct
from commands.quiz import PublishQuiz
from commands.roles import GrantRole
from domain.catalog import Content, Letter, Prerequisite, Unit
from domain.catalog.unit import UnitCompletion
from domain.late_policy import PERCENT_A_DAY, UNTIL, LatePolicy
from domain.quiz import Rules
from domain.quiz.rules import Feedback
from domain.roles import Grant
from workers.seeding.sample.cast import INES, KOFI, TEACHERS, Person
from workers.seeding.sample.shelf import WrittenCourse, WrittenUnit, courses

FIRST = timedelta(days=150)
"""How long ago the first course was made."""
PERCENT = 100  # basis points
PASS_BP = 5_000
WATCHED_BP = 8_000
LETTERS = [Letter("A", 9_000), Letter("B", 8_000), Letter("C", 7_000), Letter("D", 5_000), Letter("F", 0)]
TAUGHT_BY: Mapping[str, Person] = {
    **dict.fromkeys(("MATH-101", "STAT-110", "WRIT-110", "CS-101"), INES),
    **dict.fromkeys(("BIO-120", "CLIM-150", "ECON-140"), TEACHERS["sciences"]),
    **dict.fromkeys(("HIST-210", "PHIL-105"), TEACHERS["humanities"]),
    **dict.fromkeys(("ENER-130", "MUS-100"), TEACHERS["german"]),
    "CS-230": TEACHERS["computing"],
}
REASON = "teaches the course"


class Step(NamedTuple):
    """
    One command, its time and its actor.

    Attributes:
        chain: steps of one chain are done in their order, those of the staff ("") before others of the same days.
        is_past: whether nothing is to follow from it by itself: no job that was due long ago, no call of a provider.
    """

    at: datetime
    actor: str
    command: Any
    chain: str = ""
    is_past: bool = False


class SampleRun(NamedTuple):
    """
    A run.

    Attributes:
        starts: day of the start, counted from now.
        share: the part of all learners that ask for a place.
        capacity: seats; others wait.
        product: what has to be bought for it, empty for nothing.
    """

    run_id: str
    starts: int
    weeks: int
    share: float
    pacing: str = "instructor"
    capacity: int | None = None
    product: str = ""

    @property
    def course(self) -> WrittenCourse:
        """The course."""
        return courses()[self.run_id.rpartition("-")[0]]

    @property
    def teacher(self) -> Person:
        """Who teaches it."""
        return TAUGHT_BY[self.course.course_id]

    @property
    def is_self_paced(self) -> bool:
        """Whether each learner begins when they like."""
        return self.pacing == "self"

    def starts_at(self, now: datetime) -> datetime:
        """Eight in the morning of the first day."""
        return _morning(now) + timedelta(days=self.starts)

    def ends_at(self, now: datetime) -> datetime:
        """The same hour after the last week."""
        return self.starts_at(now) + timedelta(weeks=self.weeks)

    def quiz_id(self, unit_id: str) -> str:
        """The quiz of a unit."""
        return f"{self.run_id}-{unit_id}"


RUNS = (
    SampleRun("STAT-110-1", -98, 10, 0.45),
    SampleRun("HIST-210-1", -45, 12, 0.25),
    SampleRun("PHIL-105-1", -31, 6, 0.25),
    SampleRun("MATH-101-1", -24, 10, 0.55),
    SampleRun("BIO-120-1", -17, 8, 0.3),
    SampleRun("WRIT-110-1", -14, 6, 0, product="clear-writing"),
    SampleRun("MUS-100-1", -8, 8, 0.32, capacity=12),
    SampleRun("WRIT-110-2", -2, 6, 0, product="clear-writing-2"),
    SampleRun("ENER-130-1", -3, 6, 0.2),
    SampleRun("CLIM-150-1", -1, 7, 0.35),
    SampleRun("CS-230-1", 9, 8, 0, capacity=20, product="databases"),
    SampleRun("STAT-110-2", 20, 10, 0.15),
    SampleRun("CS-101-1", -60, 40, 0.4, "self"),
    SampleRun("ECON-140-1", -40, 40, 0.2, "self"),
)
BY_ID = {run.run_id: run for run in RUNS}
PRICES = {
    "clear-writing": {"EUR": 4_900, "USD": 5_200},
    "clear-writing-2": {"EUR": 4_900, "USD": 5_200},
    "databases": {"EUR": 8_900, "USD": 9_500},
}
COUPONS = (
    CreateCoupon("WELCOME20", "percent", percent_bp=2_000, limit=100, limit_per_learner=1),
    CreateCoupon("SCHOLAR", "percent", percent_bp=10_000, limit=5, limit_per_learner=1, products=("databases",)),
)


def catalog_steps(now: datetime, contents: Mapping[str, Content]) -> Iterator[Step]:
    """
    What the staff do for the catalog.

    Args:
        contents: the content of units, by course and unit, as `COURSE/UNIT`.
    """
    for number, course in enumerate(courses().values()):
        at = now - FIRST + timedelta(hours=number)
        teacher = TAUGHT_BY[course.course_id].learner_id
        units = [unit_of(course, unit, contents) for unit in course.units]
        needs = [Prerequisite([course.needs])] if course.needs else []
        yield Step(at, teacher, CreateCourse(course.course_id, course.title, course.summary, course.language))
        publish = PublishCourse(course.course_id, units, sections=course.sections, letters=LETTERS, prerequisites=needs)
        yield Step(at, teacher, publish)
        grant = GrantRole(teacher, Grant("instructor", f"course:{course.course_id}"), None, REASON)
        yield Step(at, KOFI.learner_id, grant)
    for run in RUNS:
        yield from _run(run, now)
    yield from _sale(now)


def unit_of(course: WrittenCourse, unit: WrittenUnit, contents: Mapping[str, Content]) -> Unit:
    """A unit as a version of its course has it."""
    seconds = unit.number("seconds") or None
    rule = {"text": UnitCompletion("opened"), "file": UnitCompletion("opened"), "link": UnitCompletion("opened")}
    if seconds:
        rule[unit.kind] = UnitCompletion("watched", WATCHED_BP)
    return Unit(
        unit.unit_id,
        unit.kind,
        unit.title,
        weight=unit.number("weight") * PERCENT,
        due_after_days=unit.number("due") or None,
        completion=rule.get(unit.kind),
        due_time="23:59" if unit.number("due") else "",
        late=LatePolicy(PERCENT_A_DAY, unit.number("late") * PERCENT, 7) if unit.number("late") else None,
        content=contents.get(f"{course.course_id}/{unit.unit_id}"),
        seconds=seconds,
        url=unit.options.get("url", ""),
    )


def _run(run: SampleRun, now: datetime) -> Iterator[Step]:
    teacher, starts_at, ends_at = run.teacher.learner_id, run.starts_at(now), run.ends_at(now)
    planned = min(starts_at, now) - timedelta(days=40)
    plan = ScheduleRun(
        run.run_id,
        run.course.course_id,
        1,
        starts_at,
        ends_at,
        run.capacity,
        run.pacing,
        time_zone="Europe/Berlin",
        late=LatePolicy(UNTIL, days=3),
    )
    yield Step(planned, teacher, plan)
    for unit in run.course.graded:
        yield Step(planned, teacher, _quiz(run, unit))
    yield Step(planned + timedelta(days=2), teacher, OpenRun(run.run_id))
    if ends_at <= now:
        yield Step(ends_at, teacher, CloseRun(run.run_id))


def _quiz(run: SampleRun, unit: WrittenUnit) -> PublishQuiz:
    return PublishQuiz(
        run.quiz_id(unit.unit_id),
        run.run_id,
        unit.unit_id,
        unit.title,
        unit.kind,
        time_limit=unit.number("minutes") * 60 or None,
        attempts_allowed=unit.number("attempts", 1),
        pass_bp=PASS_BP,
        rules=Rules(feedback=Feedback(key="submitted")),
        questions=[msgspec.to_builtins(question) for question, _ in unit.asked],
        keys=[msgspec.to_builtins(key) for _, key in unit.asked],
    )


def _sale(now: datetime) -> Iterator[Step]:
    """What is for sale."""
    for run in (run for run in RUNS if run.product):
        at = min(run.starts_at(now), now) - timedelta(days=39)
        product = CreateProduct(run.product, run.course.title, "run", run_id=run.run_id)
        yield Step(at, KOFI.learner_id, product)
        for currency, amount in PRICES[run.product].items():
            yield Step(at, KOFI.learner_id, ChangePrice(run.product, currency, amount))
    for coupon in COUPONS:
        yield Step(now - timedelta(days=50), KOFI.learner_id, coupon)


def _morning(now: datetime) -> datetime:
    return now.replace(hour=8, minute=0, second=0, microsecond=0)
