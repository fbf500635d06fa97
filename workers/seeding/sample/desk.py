"""What is on the desks of the sample campus's staff: a bank of questions, a draft, more time, a corrected grade."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from commands.catalog import EditDraft, StartDraft
from commands.enrollment import RequestEnrollment, WithdrawEnrollment
from commands.enrollment.extensions import GrantExtensions
from commands.question_bank import AddQuestion, CreateQuestionBank
from commands.quiz import OverrideGrade, SubmitAttempt
from domain.catalog import Content, Unit
from domain.catalog.edits import AddUnit, ChangeUnit, RenameSection
from domain.questions.question import Essay
from domain.questions.sections import Label
from workers.seeding.sample.cast import ADA, INES
from workers.seeding.sample.shelf import courses
from workers.seeding.sample.timetable import BY_ID, Step, unit_of

COURSE, RUN = "MATH-101", "MATH-101-1"
BANK = "linear-algebra"
DAY = timedelta(days=1)
DEADLINE = 26  # days after the start, of the work for which some get more time


def desk_steps(now: datetime, studies: Sequence[Step], contents: Mapping[str, Content]) -> Iterator[Step]:
    """All of it; it follows from who studies what."""
    for number, command in enumerate((*_bank(), *_draft(contents))):
        yield Step(now - 12 * DAY + timedelta(minutes=number), INES.learner_id, command)
    yield Step(now - DAY, INES.learner_id, _more_time(now, studies))
    yield from _corrected(now, studies)


def _bank() -> Iterator[CreateQuestionBank | AddQuestion]:
    """The questions of the course, for other quizzes."""
    yield CreateQuestionBank(BANK, "Linear algebra", COURSE)
    for unit in courses()[COURSE].graded:
        for number, (question, key) in enumerate(unit.asked, start=1):
            if not isinstance(question, Essay):
                yield AddQuestion(BANK, Label(title=f"{unit.title} {number}", category=unit.title), question, key)


def _draft(contents: Mapping[str, Content]) -> Iterator[StartDraft | EditDraft]:
    """The next version of the course, which is not published yet."""
    course = courses()[COURSE]
    eigen = next(unit for unit in course.units if unit.unit_id == "eigen")
    renamed = msgspec.structs.replace(unit_of(course, eigen, contents), title="Eigenvectors, and why bridges swing")
    added = Unit("survey", "link", "Tell us what was missing", url="https://campus.example/survey")
    yield StartDraft(COURSE)
    yield EditDraft(COURSE, 1, [RenameSection("part-3", "Directions that stay, and what grows")])
    yield EditDraft(COURSE, 2, [ChangeUnit(renamed)])
    yield EditDraft(COURSE, 3, [AddUnit(added, "part-3")])


def _more_time(now: datetime, studies: Sequence[Step]) -> GrantExtensions:
    """Two learners get a week more for their essays."""
    left = {step.command.learner_id for step in studies if isinstance(step.command, WithdrawEnrollment)}
    here = [
        step.command.learner_id
        for step in studies
        if isinstance(step.command, RequestEnrollment) and step.command.run_id == RUN
    ]
    chosen = [each for each in here if each not in left and each != ADA.learner_id][:2]
    due = BY_ID[RUN].starts_at(now) + (DEADLINE + 7) * DAY
    return GrantExtensions(RUN, "essay-1", chosen, due, "both have moved house this week")


def _corrected(now: datetime, studies: Sequence[Step]) -> Iterator[Step]:
    """A teacher has looked at an answer once more."""
    quiz_id = BY_ID[RUN].quiz_id("quiz-1")
    handed_in = (
        step.command.learner_id
        for step in studies
        if isinstance(step.command, SubmitAttempt) and step.command.quiz_id == quiz_id and step.at < now - 5 * DAY
    )
    for learner_id in [each for each in handed_in if each != ADA.learner_id][:1]:
        override = OverrideGrade(learner_id, quiz_id, 1, 9_000, "the drawing was right, only the number was not")
        yield Step(now - DAY, INES.learner_id, override, learner_id)
