"""The life of an attempt: started, answers saved one by one, submitted by the learner or the server, more time."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from commands.log import Log, Position
from commands.lookups.catalog import outline
from commands.lookups.deadlines import deadline_for
from commands.lookups.enrollment import must_go_on, must_have_access
from commands.lookups.progress import must_be_open, outline_of_learner
from commands.lookups.quiz import attempts_of, quizzes_of
from commands.quiz.lookup import existing_quiz
from domain.deadlines import Deadline
from domain.fact import Fact, is_import
from domain.quiz import Allowance, Entry, Quiz, QuizAttempt, allowance_stream, attempt_stream
from domain.quiz.answers import stored_form
from domain.quiz.attempt_end import BY_LEARNER, BY_STAFF
from domain.quiz.counting import UnitTries
from domain.quiz_errors import AttemptNotFound
from domain.streams import id_of
from domain.tags import QueryItem, tag

SEED = 16  # bytes
TAKEN = ("attempt.started", "attempt.submitted")


@dataclass(frozen=True)
class StartAttempt:
    """
    Start the next attempt at a quiz; one that runs already is the answer, however often and from where it is asked.

    Attributes:
        password: of the quiz, in clear; empty where it has none.
        address: from where the learner comes.
        honour: the learner accepts the statement of the quiz.
    """

    learner_id: str
    quiz_id: str
    password: str = field(default="", repr=False)
    address: str | None = None
    honour: bool = False


async def start_attempt(command: StartAttempt, log: Log) -> Position:
    quiz = await existing_quiz(log, command.quiz_id)
    run = await outline_of_learner(log, command.learner_id, quiz.run_id)
    await must_have_access(log, command.learner_id, quiz.run_id)
    deadline = await deadline_for(log, command.learner_id, run, quiz.unit_id, quiz.current.of_quiz)
    must_go_on(run, log.context.at, deadline)
    await must_be_open(log, command.learner_id, run, quiz.unit_id)
    taken = await taken_by(log, command.learner_id, command.quiz_id)
    running = running_of(taken)
    number = running or max((int(fact.id("attempt_no")) for fact in taken), default=0) + 1
    attempt = await log.load(QuizAttempt, attempt_stream(command.learner_id, command.quiz_id, number))
    allowance = await log.read(Allowance, allowance_stream(command.learner_id, command.quiz_id))
    entry = Entry(command.password, command.address, command.honour)
    seed = secrets.token_hex(SEED)
    attempt.start(quiz, allowance, entry, at=log.context.at, seed=seed, deadline=deadline)
    return await log.save(attempt)


async def taken_by(log: Log, learner_id: str, quiz_id: str) -> list[Fact]:
    """The starts and submissions of a learner at a quiz; if there is another meanwhile, all is decided again."""
    about = (tag("learner", learner_id), tag("quiz", quiz_id))
    return await log.facts((QueryItem(TAKEN, about),))


def running_of(taken: Sequence[Fact]) -> int | None:
    """The number of the attempt that runs, if one does."""
    streams = {fact.stream_id: fact for fact in taken if fact.type == "attempt.started"}
    for fact in taken:
        if fact.type == "attempt.submitted":
            streams.pop(fact.stream_id, None)
    return next((int(fact.id("attempt_no")) for fact in streams.values()), None)


@dataclass(frozen=True)
class SaveAnswer:
    """Save the answer to one item; *response* as domain/questions has it, None to take an answer back."""

    learner_id: str
    quiz_id: str
    attempt_no: int
    item_id: str
    client_seq: int
    response: dict[str, Any] | None


async def save_answer(command: SaveAnswer, log: Log) -> Position:
    quiz = await existing_quiz(log, command.quiz_id)
    await must_have_access(log, command.learner_id, quiz.run_id)
    attempt = await _attempt(log, command.learner_id, command.quiz_id, command.attempt_no)
    asks = command.item_id in attempt.items  # the attempt refuses what it does not ask
    version = quiz.version_of(attempt.quiz_version)
    if attempt.is_over(log.context.at):
        await _move(log, attempt, quiz)
    form = stored_form(version, command.item_id, command.response if asks else None)
    attempt.save_answer(command.item_id, command.client_seq, *form, at=log.context.at)
    return await log.save(attempt)


@dataclass(frozen=True)
class ShowHint:
    """Show the learner the hint of this number, from 1, to an item; see `QuizAttempt.show_hint`."""

    learner_id: str
    quiz_id: str
    attempt_no: int
    item_id: str
    hint_no: int


async def show_hint(command: ShowHint, log: Log) -> Position:
    quiz = await existing_quiz(log, command.quiz_id)
    await must_have_access(log, command.learner_id, quiz.run_id)
    attempt = await _attempt(log, command.learner_id, command.quiz_id, command.attempt_no)
    version = quiz.version_of(attempt.quiz_version)
    attempt.show_hint(version, command.item_id, command.hint_no, at=log.context.at)
    return await log.save(attempt)


@dataclass(frozen=True)
class SubmitAttempt:
    """
    Hand in an attempt: one that was started with what was saved in it.

    Attributes:
        responses: where it was not started, the chosen options, counted from 0, -1 for none.
    """

    learner_id: str
    quiz_id: str
    attempt_no: int = 1
    responses: Sequence[int] = ()


async def submit_attempt(command: SubmitAttempt, log: Log) -> Position:
    quiz = await existing_quiz(log, command.quiz_id)
    attempt = await log.load(QuizAttempt, attempt_stream(command.learner_id, command.quiz_id, command.attempt_no))
    await must_have_access(log, command.learner_id, quiz.run_id)
    if attempt.started_at is not None:
        deadline = await _move(log, attempt, quiz)
        return await _ended(log, attempt, attempt.hand_in(deadline, at=log.context.at))
    run = await outline_of_learner(log, command.learner_id, quiz.run_id)
    deadline = await deadline_for(log, command.learner_id, run, quiz.unit_id, quiz.current.of_quiz)
    must_go_on(run, log.context.at, deadline)
    await must_be_open(log, command.learner_id, run, quiz.unit_id)
    extra = 0
    if command.attempt_no > quiz.attempts_allowed:  # for the others nothing is read
        extra = (await log.read(Allowance, allowance_stream(command.learner_id, command.quiz_id))).extra_attempts
    at = log.context.at
    attempt.submit(quiz, command.responses, by=BY_LEARNER, at=at, deadline=deadline, extra_attempts=extra)
    return await log.save(attempt)


@dataclass(frozen=True)
class EndAttempt:
    """The time of an attempt is over: the server submits what was saved, as of the deadline."""

    learner_id: str
    quiz_id: str
    attempt_no: int


async def end_attempt(command: EndAttempt, log: Log) -> Position:
    quiz = await existing_quiz(log, command.quiz_id)
    attempt = await _attempt(log, command.learner_id, command.quiz_id, command.attempt_no)
    deadline = await _move(log, attempt, quiz)
    if attempt.pending_events and not attempt.is_over(log.context.at):
        return await log.save(attempt)  # it goes on, by an extension that no reaction has brought yet
    return await _ended(log, attempt, attempt.end(deadline, at=log.context.at))


async def _move(log: Log, attempt: QuizAttempt, quiz: Quiz) -> Deadline:
    """Let a running attempt end when the learner's deadline and allowance say now; returns the deadline."""
    learner_id, version = attempt.id_of("learner_id"), quiz.version_of(attempt.quiz_version)
    run = await outline_of_learner(log, learner_id, quiz.run_id)
    deadline = await deadline_for(log, learner_id, run, quiz.unit_id, version.of_quiz)
    allowance = await log.read(Allowance, allowance_stream(learner_id, attempt.id_of("quiz_id")))
    attempt.move_deadline(version, allowance, deadline)
    return deadline


async def _ended(log: Log, attempt: QuizAttempt, at: datetime) -> Position:
    """Append that an attempt has ended; it happened *at* its end, whenever it is recorded."""
    log.context = replace(log.context, at=at)
    return await log.save(attempt)


@dataclass(frozen=True)
class GrantAllowance:
    """
    Allow a learner more than the rules of a quiz do, in the place of what was allowed before.

    An attempt that runs ends later, or earlier, from now on; see `Allowance.grant`.
    """

    learner_id: str
    quiz_id: str
    reason: str
    extra_seconds: int = 0
    extra_attempts: int = 0
    closes_at: datetime | None = None


async def grant_allowance(command: GrantAllowance, log: Log) -> Position:
    quiz = await existing_quiz(log, command.quiz_id)
    run = await outline_of_learner(log, command.learner_id, quiz.run_id)
    allowance = await log.load(Allowance, allowance_stream(command.learner_id, command.quiz_id))
    allowance.grant(
        quiz.run_id,
        extra_seconds=command.extra_seconds,
        extra_attempts=command.extra_attempts,
        closes_at=command.closes_at,
        reason=command.reason,
    )
    running = running_of(await taken_by(log, command.learner_id, command.quiz_id))
    if running is None:
        return await log.save(allowance)
    attempt = await log.load(QuizAttempt, attempt_stream(command.learner_id, command.quiz_id, running))
    version = quiz.version_of(attempt.quiz_version)
    deadline = await deadline_for(log, command.learner_id, run, quiz.unit_id, version.of_quiz)
    attempt.move_deadline(version, allowance, deadline)
    return await log.save(attempt, allowance)


@dataclass(frozen=True)
class FollowDeadline:
    """
    A learner has another deadline for a unit: attempts that run end by it, those that were submitted are late by it.
    Without a unit it is so for all of the run.

    The present deadline counts: a reaction that was refused and is tried again may be about an earlier one.

    Attributes:
        position: of the fact that says so: the answer where the learner has no attempt.
    """

    learner_id: str
    run_id: str
    unit_id: str | None
    position: int


async def follow_deadline(command: FollowDeadline, log: Log) -> Position:
    run, changed = await outline(log, command.run_id), []
    for stream, quiz in (await quizzes_of(log, command.run_id)).items():
        if command.unit_id not in (quiz.unit_id, None):
            continue
        quiz_id = id_of(stream, "quiz_id")
        last = {
            fact.stream_id: fact for fact in await taken_by(log, command.learner_id, quiz_id)
        }  # start or submission
        tries = (await attempts_of(log, command.learner_id, run.run_id, quiz)).units[quiz.unit_id]
        for attempt_stream_id, fact in last.items():
            attempt = await log.load(QuizAttempt, attempt_stream_id)
            if attempt.runs:
                await _move(log, attempt, quiz)
            else:
                tries = await _be_late(log, attempt, quiz, fact, tries)
            changed.append(attempt)
    return await log.save(*changed) if changed else command.position


async def _be_late(log: Log, attempt: QuizAttempt, quiz: Quiz, submitted: Fact, tries: UnitTries) -> UnitTries:
    """
    Measure again how late an attempt is, of which *submitted* is the fact of its end.

    Returns:
        The learner's attempts at the unit after it: the log does not have that yet.
    """
    learner_id, version = attempt.id_of("learner_id"), quiz.version_of(attempt.quiz_version)
    if submitted.data["banked"] or submitted.data["by"] == BY_STAFF or is_import(submitted.meta.source):
        return tries  # it happened elsewhere, at another time
    run = await outline_of_learner(log, learner_id, quiz.run_id)
    deadline = await deadline_for(log, learner_id, run, quiz.unit_id, version.of_quiz)
    attempt.follow_deadline(deadline, version, tries, at=submitted.occurred_at)
    if attempt.score is None:
        return tries
    return tries.with_score(attempt.id_of("quiz_id"), attempt.attempt_no, attempt.score, passed=attempt.passed)


async def _attempt(log: Log, learner_id: str, quiz_id: str, attempt_no: int) -> QuizAttempt:
    attempt = await log.load(QuizAttempt, attempt_stream(learner_id, quiz_id, attempt_no))
    if attempt.started_at is None:
        raise AttemptNotFound(attempt_no=attempt_no, quiz_id=quiz_id)
    return attempt
