"""What other contexts may know of quizzes: which units of a run have one, and how a learner's attempts went."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from commands.log import Log
from domain.fact import Fact
from domain.quiz import Quiz
from domain.quiz.counting import Tried, UnitTries
from domain.score import Score, score_in
from domain.tags import QueryItem, tag

ATTEMPTS = ("attempt.submitted", "attempt.graded", "attempt.grade_overridden", "attempt.regraded")
ALLOWED = "allowance.granted"
QUIZ_MAX_AGE = 1.0  # seconds for which a quiz may be known from memory


@dataclass
class Attempts:
    """
    A learner's attempts on one run.

    Attributes:
        scores: the score of each unit, by the attempts that count.
        passed: units with a quiz that is passed by them.
        closed: units with quizzes of which every attempt is used and graded.
        left: units with a quiz that allows the learner another attempt, which may change the score.
        ungraded: units with an attempt that waits for a grade.
        units: the attempts of each unit with a quiz.
    """

    scores: dict[str, Score] = field(default_factory=dict)
    passed: set[str] = field(default_factory=set)
    closed: set[str] = field(default_factory=set)
    left: set[str] = field(default_factory=set)
    ungraded: set[str] = field(default_factory=set)
    units: dict[str, UnitTries] = field(default_factory=dict)

    def with_unit(self, unit_id: str, tries: UnitTries) -> "Attempts":
        """The same with other attempts at a unit."""
        scores = {each: score for each, score in self.scores.items() if each != unit_id}
        if tries.score is not None:
            scores[unit_id] = tries.score
        passed = self.passed | {unit_id} if tries.passed else self.passed - {unit_id}
        return replace(self, scores=scores, passed=passed, units={**self.units, unit_id: tries})

    def has_taken(self, unit_id: str) -> bool:
        """Whether there is an attempt at the unit."""
        return unit_id in self.units and any(self.units[unit_id].quizzes.values())


async def quizzes_of(log: Log, run_id: str) -> dict[str, Quiz]:
    """The quizzes of a run, by their streams; if one is published meanwhile, what rests on them is decided again."""
    published = QueryItem(("quiz.published",), (tag("run", run_id),))
    quizzes = {stream: await log.read(Quiz, stream, QUIZ_MAX_AGE) for stream in await log.streams((published,))}
    return {stream: quiz for stream, quiz in quizzes.items() if quiz.exists}


async def units_with_quiz(log: Log, run_id: str) -> set[str]:
    """The units of a run that have a quiz."""
    return {quiz.unit_id for quiz in (await quizzes_of(log, run_id)).values()}


async def attempts_of(log: Log, learner_id: str, run_id: str, fresh: Quiz | None = None) -> Attempts:
    """
    How a learner's attempts on a run went, by all facts that the log has.

    What is decided on them is decided again when the learner hands in another meanwhile or is granted one, or one is
    graded.

    Args:
        fresh: a quiz of the run as it is now; the others may be known from a second ago.
    """
    quizzes = {quiz.id_of("quiz_id"): quiz for quiz in (await quizzes_of(log, run_id)).values()}
    if fresh is not None and fresh.run_id == run_id:
        quizzes[fresh.id_of("quiz_id")] = fresh
    by_quiz: defaultdict[str, list[Fact]] = defaultdict(list)
    if quizzes:
        taken = QueryItem((*ATTEMPTS, ALLOWED), (tag("learner", learner_id),))
        for fact in await log.facts((taken,)):
            by_quiz[fact.id("quiz_id")].append(fact)
    attempts = Attempts()
    for quiz_id, quiz in quizzes.items():
        _add(attempts, quiz, by_quiz[quiz_id])
    for unit_id, tries in attempts.units.items():
        if (score := tries.score) is not None:
            attempts.scores[unit_id] = score
        if tries.passed:
            attempts.passed.add(unit_id)
    attempts.closed = {quiz.unit_id for quiz in quizzes.values()} - attempts.left - attempts.ungraded
    return attempts


def _add(attempts: Attempts, quiz: Quiz, facts: Iterable[Fact]) -> None:
    tries: dict[int, Tried] = {}
    submitted: set[int] = set()
    extra = 0
    for fact in facts:
        if fact.type == ALLOWED:
            extra = fact.data["extra_attempts"]
            continue
        no = int(fact.id("attempt_no"))
        if fact.type == "attempt.submitted":
            version = quiz.versions.get(fact.data["quiz_version"], quiz.current)
            tries[no] = Tried(no, version.rules.counts, version.pass_bp)
            submitted.add(no)
        elif (score := score_in(fact.data)) is not None:
            tries[no] = tries.get(no, Tried(no))._replace(score=score, passed=fact.data["passed"])
    unit_id = quiz.unit_id
    unit = attempts.units.get(unit_id, UnitTries())
    attempts.units[unit_id] = UnitTries({**unit.quizzes, quiz.id_of("quiz_id"): tries})
    if any(tries[no].score is None for no in submitted):
        attempts.ungraded.add(unit_id)
    if len(submitted) < quiz.attempts_allowed + extra and not (quiz.current.rules.counts == "first" and tries):
        attempts.left.add(unit_id)
