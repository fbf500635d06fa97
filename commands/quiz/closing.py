"""From when on the learners of a run may see what a quiz shows once it is `closed`."""

from collections import Counter
from datetime import datetime

from commands.log import Log
from commands.lookups.catalog import outline
from commands.lookups.deadlines import deadline_for
from commands.lookups.enrollment import has_left
from commands.lookups.progress import outline_of_learner
from domain.quiz import Allowance, Quiz, QuizAttempt, Version, allowance_stream
from domain.quiz.closing import closed_at, runs_until, works_until
from domain.streams import id_of
from domain.tags import QueryItem, tag


async def closed_for_all(log: Log, quiz: Quiz, version: Version) -> datetime:
    """
    From when on no learner of the run needs what *version* of a quiz shows once it is closed.

    It is that of the version or of the newest one, by each version of the course that the run has followed, the latest,
    and the latest of any learner with more than others. As long as that for all is to come, no learner is looked at.
    """
    run = await outline(log, quiz.run_id)
    ends = []
    for number in run.versions:  # learners may follow each of them, with another late policy
        followed = await outline(log, quiz.run_id, number)
        deadlines = ((each, followed.deadline(quiz.unit_id, quiz=each.of_quiz)) for each in (version, quiz.current))
        ends += [closed_at(each, deadline) or run.ends_at for each, deadline in deadlines]
    of_all = max(ends)
    if log.context.at < of_all:
        return of_all
    return max([of_all, *await _of_learners(log, quiz)])


async def _of_learners(log: Log, quiz: Quiz) -> list[datetime]:
    """Until when learners with more than others work: few have that, and only theirs is replayed."""
    of_quiz, of_run = tag("quiz", quiz.id_of("quiz_id")), tag("run", quiz.run_id)
    begun = set(await log.streams((QueryItem(("attempt.started",), (of_quiz,)),)))
    ended = set(await log.streams((QueryItem(("attempt.submitted",), (of_quiz,)),)))
    more = await log.streams(
        (QueryItem(("allowance.granted",), (of_quiz,)), QueryItem(("enrollment.extension_granted",), (of_run,)))
    )
    taken = Counter(id_of(stream, "learner_id") for stream in begun | ended)
    ends = [await _runs_until(log, quiz, stream) for stream in begun - ended]
    learners = sorted({id_of(stream, "learner_id") for stream in more})
    ends += [await _works_until(log, quiz, learner_id, taken[learner_id]) for learner_id in learners]
    return [each for each in ends if each is not None]


async def _runs_until(log: Log, quiz: Quiz, stream: str) -> datetime | None:
    attempt = await log.read(QuizAttempt, stream)
    learner_id, version = attempt.id_of("learner_id"), quiz.version_of(attempt.quiz_version)
    run = await outline_of_learner(log, learner_id, quiz.run_id)
    deadline = await deadline_for(log, learner_id, run, quiz.unit_id, version.of_quiz)
    return runs_until(attempt, version, deadline, await _allowance(log, quiz, learner_id))


async def _works_until(log: Log, quiz: Quiz, learner_id: str, taken: int) -> datetime | None:
    """Until when a learner may start another attempt; one who has left the run starts none."""
    if await has_left(log, learner_id, quiz.run_id):
        return None
    run = await outline_of_learner(log, learner_id, quiz.run_id)
    deadline = await deadline_for(log, learner_id, run, quiz.unit_id, quiz.current.of_quiz)
    return works_until(quiz.current, deadline, await _allowance(log, quiz, learner_id), taken)


async def _allowance(log: Log, quiz: Quiz, learner_id: str) -> Allowance:
    return await log.read(Allowance, allowance_stream(learner_id, quiz.id_of("quiz_id")))
