"""Every aggregate, by the category of its streams, and every fact, by the name under which it is stored."""

from domain.aggregate import Aggregate
from domain.catalog import Course, Run
from domain.enrollment import Enrollment, Seats
from domain.progress import CourseProgress
from domain.quiz import Quiz, QuizAttempt

AGGREGATES: tuple[type[Aggregate], ...] = (Course, Run, Enrollment, Seats, CourseProgress, Quiz, QuizAttempt)

BY_CATEGORY: dict[str, type[Aggregate]] = {aggregate.category: aggregate for aggregate in AGGREGATES}

LEARNER_CATEGORIES: tuple[str, ...] = tuple(a.category for a in AGGREGATES if a.learner_first)

FACTS: dict[str, type[Aggregate.Event]] = {
    member.TOPIC: member
    for aggregate in AGGREGATES
    for member in vars(aggregate).values()
    if isinstance(member, type) and issubclass(member, Aggregate.Event) and hasattr(member, "TOPIC")
}
