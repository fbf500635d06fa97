"""What other contexts may know of quizzes: which units of a run have one, and how a learner's attempts went."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from commands.log import Log
from domain.fact import Fact
from domain.quiz import Quiz
from domain.score import Score, score_in
from domain.tags import QueryItem, tag

ATTEMPTS = ("attempt.submitted", "attempt.graded", "attempt.grade_overridden", "attempt.regraded")
QUIZ_MAX_AGE = 1.0  # seconds for which a quiz may be known from memory


@dataclass
class Attempts:
    """
    A learner's attempts on one run.

    Attributes:
        scores: the best score of each unit.
        passed: units with an attempt that has passed.
        closed: units with quizzes of which every attempt is used and graded.
        left: units with a quiz that allows another attempt.
        ungraded: units with an attempt that waits for a grade.
        scored: by the stream of an attempt, its unit and its present score.
    """

    scores: dict[str, Score] = field(default_factory=dict)
    passed: set[str] = field(default_factory=set)
    closed: set[str] = field(default_factory=set)
    left: set[str] = field(default_factory=set)
    ungraded: set[str] = field(default_factory=set)
    scored: dict[str, tuple[str, Score]] = field(default_factory=dict)

    def best_of_others(self, stream: str, unit_id: str) -> Score | None:
        """The best score of a unit without the attempt of *stream*."""
        best: Score | None = None
        for other, (of, score) in self.scored.items():
            if of == unit_id and other != stream and score.beats(best):
                best = score
        return best


async def quizzes_of(log: Log, run_id: str) -> dict[str, Quiz]:
    """The quizzes of a run, by their streams; if one is published meanwhile, what rests on them is decided again."""
    published = QueryItem(("quiz.published",), (tag("run", run_id),))
    quizzes = {stream: await log.read(Quiz, stream, QUIZ_MAX_AGE) for stream in await log.streams((published,))}
    return {stream: quiz for stream, quiz in quizzes.items() if quiz.exists}


async def units_with_quiz(log: Log, run_id: str) -> set[str]:
    """The units of a run that have a quiz."""
    return {quiz.unit_id for quiz in (await quizzes_of(log, run_id)).values()}


async def attempts_of(log: Log, learner_id: str, run_id: str) -> Attempts:
    """
    How a learner's attempts on a run went, by all facts that the log has.

    What is decided on them is decided again when the learner hands in another meanwhile, or one is graded.
    """
    quizzes = {quiz.id_of("quiz_id"): quiz for quiz in (await quizzes_of(log, run_id)).values()}
    by_quiz: defaultdict[str, list[Fact]] = defaultdict(list)
    if quizzes:
        taken = QueryItem(ATTEMPTS, (tag("learner", learner_id),))
        for fact in await log.facts((taken,)):
            by_quiz[fact.id("quiz_id")].append(fact)
    attempts = Attempts()
    for quiz_id, quiz in quizzes.items():
        _add(attempts, quiz, by_quiz[quiz_id])
    attempts.closed = {quiz.unit_id for quiz in quizzes.values()} - attempts.left - attempts.ungraded
    return attempts


def _add(attempts: Attempts, quiz: Quiz, facts: Iterable[Fact]) -> None:
    submitted: set[str] = set()
    scores: dict[str, Score] = {}
    passed: set[str] = set()
    for fact in facts:
        if fact.type == "attempt.submitted":
            submitted.add(fact.stream_id)
        elif (score := score_in(fact.data)) is not None:
            scores[fact.stream_id] = score
            (passed.add if fact.data["passed"] else passed.discard)(fact.stream_id)
    if passed:
        attempts.passed.add(quiz.unit_id)
    for stream, score in scores.items():
        attempts.scored[stream] = quiz.unit_id, score
        if score.beats(attempts.scores.get(quiz.unit_id)):
            attempts.scores[quiz.unit_id] = score
    if submitted - scores.keys():
        attempts.ungraded.add(quiz.unit_id)
    if len(submitted) < quiz.attempts_allowed:
        attempts.left.add(quiz.unit_id)
