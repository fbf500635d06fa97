"""A regrade is proposed, committed, and carried out page by page."""

from asyncio import gather
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass

from commands.log import Log, Position
from commands.lookups.catalog import outline
from commands.lookups.quiz import attempts_of
from commands.quiz.answers import responses_in, responses_of
from commands.quiz.lookup import existing_quiz
from domain.errors import OwnMatter
from domain.late_policy import LatePolicy
from domain.quiz import Quiz, QuizAttempt, QuizNotFound, attempt_stream, quiz_stream
from domain.quiz.changes import Regrade
from domain.quiz.counting import UnitTries
from domain.quiz.regrade import Foreseen, NewItem, foresee, regrade_of
from domain.quiz.version import Version
from domain.quiz_errors import BadRegrade
from domain.tags import QueryItem, tag

PAGE = 50  # attempts in one append, or read at once


@dataclass(frozen=True)
class Wanted:
    """
    What is to be regraded.

    Attributes:
        version: of the quiz; None for the newest.
        items: what items are to be.
        pass_bp, late: the policy; None for what stays.
        undo: the number of a regrade to take back, in the place of all that.
    """

    quiz_id: str
    version: int | None = None
    items: Sequence[NewItem] = ()
    pass_bp: int | None = None
    late: LatePolicy | None = None
    undo: int | None = None


def change_of(quiz: Quiz, wanted: Wanted) -> Regrade:
    """What has to change; raises BadRegrade, RegradeNotFound."""
    if wanted.undo is not None:
        return quiz.proposal(wanted.undo).change.reverse
    number = quiz.current.number if wanted.version is None else wanted.version
    if number not in quiz.versions or not number:
        raise BadRegrade(f"quiz {wanted.quiz_id} has no version {number}", version=number)
    return regrade_of(quiz.version_of(number), wanted.items, wanted.pass_bp, wanted.late)


@dataclass(frozen=True)
class ProposeRegrade:
    """Propose a regrade, of which was foreseen that of so many *attempts* it changes *affected*."""

    wanted: Wanted
    reason: str
    attempts: int
    affected: int


async def propose_regrade(command: ProposeRegrade, log: Log) -> Position:
    quiz = await _quiz(log, command.wanted.quiz_id)
    change = change_of(quiz, command.wanted)
    quiz.propose(change, attempts=command.attempts, affected=command.affected, reason=command.reason)
    return await log.save(quiz)


@dataclass(frozen=True)
class CommitRegrade:
    """
    Let a regrade hold that was proposed; its attempts follow by reactions.

    Not by a learner whose own attempt it changes, or may change once that is graded: OwnMatter.
    """

    quiz_id: str
    regrade_no: int


async def commit_regrade(command: CommitRegrade, log: Log) -> Position:
    quiz = await _quiz(log, command.quiz_id)
    change = quiz.proposal(command.regrade_no).change
    before = quiz.version_of(change.version)
    quiz.commit(command.regrade_no)
    if quiz.pending_events:
        await _must_leave_own(log, quiz, before, before.after(change, command.regrade_no))
    return await log.save(quiz)


async def _must_leave_own(log: Log, quiz: Quiz, before: Version, after: Version) -> None:
    """Refuse a regrade that changes an attempt of its sender, or holds for one that has no grade yet."""
    learner_id = log.context.actor
    of_own = (tag("quiz", quiz.id_of("quiz_id")), tag("learner", learner_id))
    for stream in await log.streams((QueryItem(("attempt.started", "attempt.submitted"), of_own),)):
        attempt = await log.read(QuizAttempt, stream)
        if attempt.quiz_version != before.number:
            continue
        foreseen = await foreseen_of(log, attempt, before, after)
        if attempt.score is None or (foreseen is not None and changes(attempt, foreseen)):
            raise OwnMatter(learner_id=learner_id)


@dataclass(frozen=True)
class ContinueRegrade:
    """Mark the next attempts again, and note how far the regrade is, in one append."""

    quiz_id: str
    regrade_no: int


async def continue_regrade(command: ContinueRegrade, log: Log) -> Position:
    quiz = await _quiz(log, command.quiz_id)
    progress = quiz.progress.get(command.regrade_no)
    if progress is None or progress.finished:
        return await log.save(quiz)
    streams = sorted(each for each in await attempts_at(log, command.quiz_id) if each > progress.last)
    page = streams[:PAGE]
    change = quiz.proposal(command.regrade_no).change
    after = quiz.version_of(change.version)
    before = after.after(change.reverse, after.regrade_no)
    attempts = [await log.load(QuizAttempt, stream) for stream in page]
    changed = 0
    known: dict[str, UnitTries] = {}
    for attempt in attempts:
        if attempt.quiz_version == change.version:
            changed += await _regrade(log, attempt, quiz, (before, after, command.regrade_no), known)
    last = page[-1] if page else ""
    quiz.note_progress(command.regrade_no, last=last, done=len(page), changed=changed, finished=len(streams) <= PAGE)
    return await log.save(*attempts, quiz)


async def _regrade(
    log: Log,
    attempt: QuizAttempt,
    quiz: Quiz,
    regrade: tuple[Version, Version, int],
    known: dict[str, UnitTries],
) -> bool:
    """
    Whether the regrade changes an attempt.

    Args:
        regrade: the version before it and after it, and its number.
        known: the attempts at the unit by learner, with what the page has changed: the log does not have that yet.
    """
    before, after, regrade_no = regrade
    foreseen = await foreseen_of(log, attempt, before, after)
    if foreseen is None or not changes(attempt, foreseen):
        return False
    learner_id = attempt.id_of("learner_id")
    if learner_id not in known:
        known[learner_id] = (await attempts_of(log, learner_id, attempt.run_id, quiz)).units[attempt.unit_id]
    attempt.regrade(foreseen, regrade_no, known[learner_id])
    known[learner_id] = known[learner_id].with_score(
        attempt.id_of("quiz_id"), attempt.attempt_no, foreseen.score, passed=foreseen.passed
    )
    return bool(attempt.pending_events)


def changes(attempt: QuizAttempt, foreseen: Foreseen) -> bool:
    """Whether anything is different then."""
    score, old = foreseen.score, attempt.score
    other = old is None or score.beats(old) or old.beats(score)
    return bool(foreseen.marks) or other or foreseen.passed != attempt.passed


async def attempts_at(log: Log, quiz_id: str) -> list[str]:
    """The streams of all attempts at a quiz that were submitted."""
    return await log.streams((QueryItem(("attempt.submitted",), (tag("quiz", quiz_id),)),))


async def foreseen_of(log: Log, attempt: QuizAttempt, before: Version, after: Version) -> Foreseen | None:
    """What a regrade makes of an attempt; see `foresee`."""
    if attempt.score is None:
        return None
    started = attempt.started_at is not None
    responses = await responses_of(log, attempt) if started else responses_in(attempt, before)
    run = await outline(log, attempt.run_id)
    return foresee(attempt, before, after, responses, run.late_of(attempt.unit_id))


async def _quiz(log: Log, quiz_id: str) -> Quiz:
    quiz = await log.load(Quiz, quiz_stream(quiz_id))
    if not quiz.exists:
        raise QuizNotFound(quiz_id=quiz_id)
    return quiz


@dataclass(frozen=True)
class Change:
    """What a regrade would make of one attempt."""

    attempt: QuizAttempt
    foreseen: Foreseen


async def preview(log: Log, wanted: Wanted) -> tuple[int, list[Change]]:
    """Of how many attempts at the version a regrade would change which; nothing is recorded."""
    quiz = await existing_quiz(log, wanted.quiz_id)
    change = change_of(quiz, wanted)
    before = quiz.version_of(change.version)
    after = before.after(change, max(quiz.proposals, default=0) + 1)
    number, found = 0, []
    async for foreseen in _foreseen(log, before, after, sorted(await attempts_at(log, wanted.quiz_id))):
        number += 1
        found += [] if foreseen is None else [foreseen]
    return number, found


async def previewed(log: Log, quiz_id: str, regrade_no: int, after: str, most: int) -> tuple[Quiz, list[Change], bool]:
    """
    What a regrade that was proposed, and may still be committed, would change, of learners after one of them.

    Args:
        after: the learner with whom the page before has ended; empty for the first page.
        most: changes after which no other learner begins.

    Returns:
        The quiz, the changes, and whether there are more.

    Raises:
        QuizNotFound, RegradeNotFound, RegradeOutdated, AlreadyCommitted.
    """
    quiz = await existing_quiz(log, quiz_id)
    change = quiz.open_proposal(regrade_no)
    version = quiz.version_of(change.version)
    of_last = attempt_stream(after, quiz_id, 1)[:-1] if after else ""
    streams = sorted(await attempts_at(log, quiz_id))
    left = [each for each in streams if each > of_last and not (after and each.startswith(of_last))]
    found: list[Change] = []
    async for foreseen in _foreseen(log, version, version.after(change, regrade_no), left):
        if foreseen is not None:
            if page_ends(found, foreseen, most):
                return quiz, found, True
            found.append(foreseen)
    return quiz, found, False


def page_ends(page: Sequence[Change], following: Change, most: int) -> bool:
    """Whether the next change is for another page; what follows for a learner is seen from all attempts together."""
    return len(page) >= most and page[-1].attempt.id_of("learner_id") != following.attempt.id_of("learner_id")


def in_parts(names: Sequence[str]) -> Iterator[Sequence[str]]:
    """Some names at a time: so many are read at once."""
    return (names[first : first + PAGE] for first in range(0, len(names), PAGE))


async def _foreseen(log: Log, before: Version, after: Version, streams: Sequence[str]) -> AsyncIterator[Change | None]:
    """For each of some attempts that is at the version, what a regrade changes; None if nothing."""

    async def of_attempt(stream: str) -> tuple[QuizAttempt, Foreseen | None]:
        attempt = await log.read(QuizAttempt, stream)
        is_meant = attempt.quiz_version == before.number
        return attempt, await foreseen_of(log, attempt, before, after) if is_meant else None

    for some in in_parts(streams):
        for attempt, foreseen in await gather(*(of_attempt(each) for each in some)):
            if attempt.quiz_version == before.number:
                is_other = foreseen is not None and changes(attempt, foreseen)
                yield Change(attempt, foreseen) if foreseen is not None and is_other else None
