"""The life of an attempt: started, answers saved one by one, submitted by the learner or the server, more time."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from commands.log import Log, Position
from commands.lookups.catalog import outline
from commands.lookups.enrollment import extended_due, must_have_access, must_take_part
from commands.quiz.lookup import existing_quiz
from domain.fact import Fact
from domain.quiz import Allowance, Entry, QuizAttempt, allowance_stream, attempt_stream
from domain.quiz.answers import stored_form
from domain.quiz.attempt import BY_LEARNER
from domain.quiz_errors import AttemptNotFound
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
    run = await outline(log, quiz.run_id)
    await must_take_part(log, command.learner_id, run)
    taken = await _taken(log, command.learner_id, command.quiz_id)
    running = _running(taken)
    number = running or max((int(fact.id("attempt_no")) for fact in taken), default=0) + 1
    attempt = await log.load(QuizAttempt, attempt_stream(command.learner_id, command.quiz_id, number))
    allowance = await log.read(Allowance, allowance_stream(command.learner_id, command.quiz_id))
    entry = Entry(command.password, command.address, command.honour)
    seed = secrets.token_hex(SEED)
    attempt.start(quiz, allowance, entry, at=log.context.at, seed=seed, run_ends_at=run.ends_at)
    return await log.save(attempt)


async def _taken(log: Log, learner_id: str, quiz_id: str) -> list[Fact]:
    """The starts and submissions of a learner at a quiz; if there is another meanwhile, all is decided again."""
    about = (tag("learner", learner_id), tag("quiz", quiz_id))
    return await log.facts((QueryItem(TAKEN, about),))


def _running(taken: Sequence[Fact]) -> int | None:
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
    form = stored_form(version, command.item_id, command.response if asks else None)
    attempt.save_answer(command.item_id, command.client_seq, *form, at=log.context.at)
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
    granted = await extended_due(log, command.learner_id, quiz.run_id, quiz.unit_id)
    if attempt.started_at is not None:
        await must_have_access(log, command.learner_id, quiz.run_id)
        due_at = granted or quiz.version_of(attempt.quiz_version).due_at
        return await _ended(log, attempt, attempt.hand_in(due_at, at=log.context.at))
    await must_take_part(log, command.learner_id, await outline(log, quiz.run_id))
    attempt.submit(quiz, command.responses, by=BY_LEARNER, at=log.context.at, granted=granted)
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
    granted = await extended_due(log, command.learner_id, quiz.run_id, quiz.unit_id)
    due_at = granted or quiz.version_of(attempt.quiz_version).due_at
    return await _ended(log, attempt, attempt.end(due_at, at=log.context.at))


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
    run = await outline(log, quiz.run_id)
    allowance = await log.load(Allowance, allowance_stream(command.learner_id, command.quiz_id))
    allowance.grant(
        quiz.run_id,
        extra_seconds=command.extra_seconds,
        extra_attempts=command.extra_attempts,
        closes_at=command.closes_at,
        reason=command.reason,
    )
    running = _running(await _taken(log, command.learner_id, command.quiz_id))
    if running is None:
        return await log.save(allowance)
    attempt = await log.load(QuizAttempt, attempt_stream(command.learner_id, command.quiz_id, running))
    attempt.move_deadline(quiz.version_of(attempt.quiz_version), allowance, run.ends_at)
    return await log.save(attempt, allowance)


async def _attempt(log: Log, learner_id: str, quiz_id: str, attempt_no: int) -> QuizAttempt:
    attempt = await log.load(QuizAttempt, attempt_stream(learner_id, quiz_id, attempt_no))
    if attempt.started_at is None:
        raise AttemptNotFound(attempt_no=attempt_no, quiz_id=quiz_id)
    return attempt
