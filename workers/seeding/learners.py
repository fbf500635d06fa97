"""
Learners of the synthetic campus: some finish early, some are late, some stop.

A history belongs to one learner and one run, and follows from the learner's reliability (0 to 1): the higher, the
earlier and the better. It ends today: the future is left to the users.
"""

import random
from collections.abc import Generator, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import cycle, islice
from typing import NamedTuple

from commands.enrollment import CompleteEnrollment, OfferSeat, RequestEnrollment, WithdrawEnrollment
from commands.progress import CompleteUnit, DecideOutcome, OpenUnit, RecordActivity
from commands.quiz import GradeAttempt, SubmitAttempt
from domain.deadlines import is_over
from domain.quiz import Item, mark
from workers.seeding.catalog import DAYS_OF_WEEK, WEIGHTS, items_and_key
from workers.seeding.terms import ATTEMPTS, OPEN_BEFORE, PASS_BP, TERMS, PlannedCommand, Term

FIRST_NAMES = (
    "ada", "alan", "barbara", "claude", "dorothy", "edsger", "emmy", "evelyn", "frances", "grace", "hedy", "ida",
    "jean", "john", "karen", "katherine", "ken", "lise", "margaret", "maria", "mary", "niklaus", "radia", "rosalind",
    "sophie", "srinivasa", "tim", "tu", "vera", "wang",
)  # fmt: skip
LAST_NAMES = (
    "lovelace", "turing", "liskov", "shannon", "hodgkin", "dijkstra", "noether", "boyd", "allen", "hopper", "lamarr",
    "rhodes", "bartik", "backus", "jones", "johnson", "thompson", "meitner", "hamilton", "mirzakhani", "somerville",
    "wirth", "perlman", "franklin", "wilson", "ramanujan", "lee", "youyou", "rubin", "zhenyi",
)  # fmt: skip

LEAVES = 0.12  # share of those who withdraw
LAST_QUIZ = f"quiz-{len(WEIGHTS)}"
SPREAD = timedelta(hours=16)  # learners are awake from 7 to 23
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


class Place(NamedTuple):
    """A learner's place on a run: from when, and until when if the learner leaves before the end."""

    learner_id: str
    since: datetime
    until: datetime | None


def names(learners: int) -> list[str]:
    """Ids of this many learners, all different, such as `ada-lovelace-001`."""
    pairs = [
        (first, LAST_NAMES[(number + turn) % len(LAST_NAMES)])
        for turn in range(len(LAST_NAMES))
        for number, first in enumerate(FIRST_NAMES)
    ]
    return [f"{first}-{last}-{n:03}" for n, (first, last) in enumerate(islice(cycle(pairs), learners), start=1)]


def learner_steps(today: datetime, learners: int, seed: int) -> Iterator[PlannedCommand]:
    """The commands of all learners until *today*, run by run."""
    dice = random.Random(seed)  # noqa: S311 - not a secret: the same seed makes the same campus
    everyone = names(learners)
    reliability = {learner_id: dice.betavariate(4, 2) for learner_id in everyone}
    for term in TERMS:
        asking = [learner_id for learner_id in everyone if dice.random() < term.share] or everyone[:1]
        for place in (yield from _enroll(dice, term, asking, today, term.capacity(learners))):
            history = _History(dice, term, place, reliability[place.learner_id], today)
            yield from history.steps()


def _enroll(
    dice: random.Random, term: Term, asking: Sequence[str], today: datetime, capacity: int | None
) -> Generator[PlannedCommand, None, list[Place]]:
    """Requests, withdrawals, and offers of freed seats; returns the places."""
    starts_at, ends_at, alone = term.starts_at(today), term.ends_at(today), capacity is not None
    opens_at = starts_at - OPEN_BEFORE + timedelta(hours=7)
    asked = sorted((opens_at + dice.random() * (OPEN_BEFORE - DAY), learner_id) for learner_id in asking)
    asked = [(at, learner_id) for at, learner_id in asked if at < today]
    for at, learner_id in asked:
        yield PlannedCommand(at, learner_id, RequestEnrollment(learner_id, term.run_id), alone)
    seated, waiting = asked[:capacity], [learner_id for _, learner_id in asked[capacity:]] if alone else []
    leaving = sorted(
        (starts_at + dice.uniform(0.05, 0.9) * (ends_at - starts_at), learner_id)
        for _, learner_id in seated
        if dice.random() < LEAVES
    )
    left = {learner_id: at for at, learner_id in leaving if at < today}
    places = [Place(learner_id, at, left.get(learner_id)) for at, learner_id in seated]
    for learner_id, at in left.items():
        yield PlannedCommand(at, learner_id, WithdrawEnrollment(learner_id, term.run_id, "no time"), alone)
        if waiting:
            yield PlannedCommand(at + MINUTE, term.course.instructor, OfferSeat(term.run_id), alone)
            places.append(Place(waiting.pop(0), at + MINUTE, None))
    return places


class _History:
    """One learner on one run."""

    def __init__(self, dice: random.Random, term: Term, place: Place, reliability: float, today: datetime) -> None:
        self._dice = dice
        self._term = term
        self._learner_id, self._since, left_at = place
        self._reliability = reliability
        self._starts_at, self._ends_at = term.starts_at(today), term.ends_at(today)
        self._until = min(today, self._ends_at, _midnight(left_at) if left_at else today)
        self._left = left_at is not None
        self._over = is_over(self._ends_at, today)
        self._passed = 0

    def steps(self) -> Iterator[PlannedCommand]:
        """The commands of the learner, and those that follow from them."""
        for unit in self._term.course.units():
            if self._dice.random() < 0.5 + 0.5 * self._reliability:
                if unit.kind == "quiz":
                    yield from self._quiz(unit.unit_id)
                else:
                    yield from self._material(unit.unit_id)
        if self._over and self._passed < len(WEIGHTS):
            outcome = "withdrawn" if self._left else None  # at the end of the run the rule decides
            decide = DecideOutcome(self._learner_id, self._term.run_id, 0, outcome)
            yield PlannedCommand(self._ends_at, self._term.course.instructor, decide)

    def _when(self, unit_id: str) -> datetime:
        """When the learner works on a unit: a reliable one sooner, and not before the day after the enrollment."""
        days = DAYS_OF_WEEK * (self._term.course.week_of(unit_id) - 1)
        days += int(self._dice.triangular(0, 9 - 3 * self._reliability, 5 - 4 * self._reliability))
        day = max(self._starts_at + timedelta(days=days), _midnight(self._since) + DAY)
        return day + timedelta(hours=7) + self._dice.random() * SPREAD

    def _material(self, unit_id: str) -> Iterator[PlannedCommand]:
        names, dice = (self._learner_id, self._term.run_id, unit_id), self._dice
        at, times, completes = self._when(unit_id), dice.randint(1, 3), dice.random() < 0.6 + 0.4 * self._reliability
        clicks = [dice.randint(1, 25) for _ in range(times)]
        if at < self._until:
            yield self._step(at, OpenUnit(*names))
            for number, amount in enumerate(clicks, start=1):
                yield self._step(at + number * MINUTE, RecordActivity(*names, amount=amount))
            if completes:
                yield self._step(at + 10 * MINUTE, CompleteUnit(*names))

    def _quiz(self, unit_id: str) -> Iterator[PlannedCommand]:
        names, quiz_id = (self._learner_id, self._term.run_id, unit_id), self._term.quiz_id(unit_id)
        items, key = items_and_key(self._term.course.quizzes[int(unit_id.removeprefix("quiz-")) - 1])
        at = self._when(unit_id)
        if self._left and unit_id == LAST_QUIZ:
            return  # a learner who has passed does not leave
        if at < self._until:
            yield self._step(at, OpenUnit(*names))
        for attempt_no in range(1, ATTEMPTS + 1):
            responses = self._responses(items, key, attempt_no)
            if at >= self._until:
                return
            score = mark(responses, key)
            yield self._step(at + 12 * MINUTE, SubmitAttempt(self._learner_id, quiz_id, attempt_no, responses))
            yield self._step(at + 12 * MINUTE, GradeAttempt(self._learner_id, quiz_id, attempt_no))
            if score.reaches(PASS_BP):
                yield self._step(at + 12 * MINUTE, CompleteUnit(*names, "quiz_passed", *score))
                yield from self._pass(at + 12 * MINUTE)
                return
            at += self._dice.randint(1, 3) * DAY

    def _responses(self, items: Sequence[Item], key: Sequence[int], attempt_no: int) -> list[int]:
        knows = 0.4 + 0.5 * self._reliability + 0.1 * attempt_no
        return [
            right if self._dice.random() < knows else self._dice.randrange(len(item.options))
            for item, right in zip(items, key, strict=True)
        ]

    def _pass(self, at: datetime) -> Iterator[PlannedCommand]:
        """With the last quiz, the course is passed."""
        self._passed += 1
        if self._passed == len(WEIGHTS):
            yield self._step(at, DecideOutcome(self._learner_id, self._term.run_id, 0))
            yield self._step(at, CompleteEnrollment(self._learner_id, self._term.run_id))

    def _step(self, at: datetime, command: object) -> PlannedCommand:
        return PlannedCommand(at, self._learner_id, command)


def _midnight(at: datetime) -> datetime:
    return at.replace(hour=0, minute=0, second=0, microsecond=0)
