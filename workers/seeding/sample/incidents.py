"""What makes a week lively: appeals, a regrade, attempts that run, announcements."""

import random
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import msgspec

from commands.admin import PublishAnnouncement
from commands.enrollment import RequestEnrollment
from commands.progress.appeals import AnswerAppeal, MakeAppeal
from commands.quiz import CommitRegrade, ProposeRegrade, SaveAnswer, StartAttempt, SubmitAttempt
from commands.quiz.regrading import Wanted
from domain.questions import right_response
from domain.questions.key import SingleChoiceKey
from domain.quiz.regrade import NewItem
from workers.seeding.sample.cast import ADA, INES, KOFI, TEACHERS
from workers.seeding.sample.timetable import BY_ID, Step

EARLY = "CLIM-150-1"
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
APPEALS = (
    ("The question about bias can be read in two ways, and I have explained my reading in the forum.", True),
    ("I was ill on the day of the exam and would like to take it again.", False),
    ("My answer to the last question is the same as in the notes of week six.", None),
    ("Please look at the second question again: the number is right, I have only rounded it differently.", None),
)
ANNOUNCEMENTS = (
    (
        9,
        "campus",
        KOFI,
        "Servers rest on Sunday",
        "On Sunday from 6:00 to 6:30 UTC the campus is not reached. Attempts that run then get half an hour more.",
    ),
    (
        3,
        "run:MATH-101-1",
        INES,
        "Your machines",
        "The first machines are in, and there are three currency exchanges among them. Be bold: look at your kitchen.",
    ),
    (
        1,
        "run:CLIM-150-1",
        TEACHERS["sciences"],
        "Welcome",
        "We begin with thirty years of weather. Read the first unit before Thursday; nothing else has to be prepared.",
    ),
    (
        0.2,
        "run:WRIT-110-1",
        INES,
        "Essays are being graded",
        "The first comments are out. If yours is missing, it is on the pile of this afternoon.",
    ),
)
GRANTED = "The reading is fair: the question was unclear."
DISMISSED = "The rules of the exam allow no second attempt."


def incident_steps(now: datetime, dice: random.Random, studies: Sequence[Step]) -> Iterator[Step]:
    """All of it; it follows from who studies what."""
    yield from _announcements(now)
    yield from _regrade(now)
    judged = [step.command.learner_id for step in studies if _is_exam(step.command)]
    yield from _appeals(now, dice, judged)
    begun = [step.command.learner_id for step in studies if _is_place(step.command)]
    yield from _running(now, [ADA.learner_id, *[each for each in begun if each != ADA.learner_id][:3]])


def _is_exam(command: object) -> bool:
    return isinstance(command, SubmitAttempt) and command.quiz_id == "STAT-110-1-exam"


def _is_place(command: object) -> bool:
    return isinstance(command, RequestEnrollment) and command.run_id == EARLY


def _running(now: datetime, learner_ids: Sequence[str]) -> Iterator[Step]:
    """Some take the first quiz of a run that has just begun: their attempts go on."""
    run = BY_ID[EARLY]
    unit = next(unit for unit in run.course.units if unit.unit_id == "quiz-1")
    question, key = unit.asked[0]
    for number, learner_id in enumerate(learner_ids):
        names = (learner_id, run.quiz_id(unit.unit_id))
        at = now - HOUR + timedelta(minutes=11 * number)
        yield Step(at, learner_id, StartAttempt(*names), learner_id)
        response = msgspec.to_builtins(right_response(key))
        answered = SaveAnswer(*names, 1, question.question_id, 1, response)
        yield Step(at + timedelta(minutes=2), learner_id, answered, learner_id)


def _announcements(now: datetime) -> Iterator[Step]:
    for number, (days_ago, scope, author, title, text) in enumerate(ANNOUNCEMENTS, start=1):
        publish = PublishAnnouncement(f"sample-{number}", scope, title, text, now + 14 * DAY)
        yield Step(now - days_ago * DAY, author.learner_id, publish)


def _regrade(now: datetime) -> Iterator[Step]:
    """Two days ago another answer to the first question of a quiz was accepted in part."""
    run = BY_ID["MATH-101-1"]
    unit = next(unit for unit in run.course.units if unit.unit_id == "quiz-1")
    question, key = unit.asked[0]
    if not isinstance(key, SingleChoiceKey):
        raise TypeError(f"{question.question_id} is no choice of one")
    other = next(option for option in key.feedback if option not in key.shares)
    milder = msgspec.structs.replace(key, shares={**key.shares, other: "0.5"})
    wanted = Wanted(run.quiz_id("quiz-1"), items=[NewItem(question.question_id, key=msgspec.to_builtins(milder))])
    reason = "the plus was printed so small that it could be read as a sign of multiplication"
    yield Step(now - 2 * DAY, INES.learner_id, ProposeRegrade(wanted, reason, attempts=0, affected=0))
    yield Step(now - 2 * DAY + HOUR, INES.learner_id, CommitRegrade(run.quiz_id("quiz-1"), 1))


def _appeals(now: datetime, dice: random.Random, judged: Sequence[str]) -> Iterator[Step]:
    """Learners who are not content with their outcome."""
    for number, learner_id in enumerate(dice.sample([each for each in judged if each != ADA.learner_id], 6)):
        words, granted = APPEALS[number % len(APPEALS)]
        at = now - DAY * (4 + number % 5)
        names = (learner_id, "STAT-110-1")
        yield Step(at, learner_id, MakeAppeal(*names, words), learner_id)
        if granted is not None:
            said = (
                "The reading is fair: the question was unclear."
                if granted
                else "The rules of the exam allow no second."
            )
            answered = AnswerAppeal(*names, 1, granted=granted, words=said)
            yield Step(at + 2 * DAY, INES.learner_id, answered, learner_id)
