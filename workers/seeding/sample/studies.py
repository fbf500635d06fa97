"""
What the learners of the sample campus do on their runs: they ask for a place, study unit by unit, hand in, are graded.

A history follows from how reliable a learner is (0 to 1), and ends now. Some leave, some grow quiet.
"""

import random
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from commands.enrollment import RequestEnrollment, WithdrawEnrollment
from commands.progress import CompleteUnit, OpenUnit, RecordActivity
from commands.progress.viewing import RecordWatched
from commands.quiz import GradeItem, SaveAnswer, ShowHint, StartAttempt, SubmitAttempt
from domain.questions.key import EssayKey
from workers.seeding.sample.answering import answer
from workers.seeding.sample.cast import ADA, LEARNERS, Person
from workers.seeding.sample.shelf import WrittenUnit
from workers.seeding.sample.timetable import RUNS, SampleRun, Step

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
LEAVES = 0.07  # share of those who withdraw
GROWS_QUIET = 0.1  # share of those who stop after a third
PILED, FRESH = 0.4, 7 * DAY  # the part of new work that still waits on the teacher's pile
CLICKS = 0.45  # the part of material on which more is done than to open it
ENOUGH = 0.6  # share of right answers with which a learner is content
OF_ADA = ("STAT-110-1", "MATH-101-1", "CS-101-1", "MUS-100-1", "CLIM-150-1")
"""The runs of the sample learner, beside the one that she has bought."""
COMMENTS = (
    "Clear and honest. The example carries the explanation; keep that.",
    "A good idea that deserves one more step: say what each number stands for.",
    "I had to read this twice. Begin with the case, and let the rule follow from it.",
)
REASONS = ("no time", "too hard for now", "changed plans")


class Study(NamedTuple):
    """A learner on a run, from when, and until when if they leave or grow quiet."""

    learner: Person
    run: SampleRun
    since: datetime
    until: datetime
    reliability: float
    leaves: bool = False


def study_steps(now: datetime, dice: random.Random) -> Iterator[Step]:
    """The steps of all learners on all runs that are not bought."""
    reliability = {person.learner_id: dice.betavariate(4, 2) for person in LEARNERS}
    reliability[ADA.learner_id] = 0.95
    for run in (run for run in RUNS if not run.product):
        chosen = [each for each in LEARNERS if dice.random() < run.share and each is not ADA]
        asking = sorted((_asked_at(run, now, dice), each) for each in chosen)
        if run.run_id in OF_ADA:
            begins = now - 20 * DAY if run.is_self_paced else min(run.starts_at(now), now)
            asking.append((begins - 12 * HOUR, ADA))  # the last one, so on the waiting list where seats are few
        for number, (at, learner) in enumerate(asking):
            if at >= now:
                continue
            seats = f"seats {run.run_id}" if run.capacity is not None else learner.learner_id
            yield Step(at, learner.learner_id, RequestEnrollment(learner.learner_id, run.run_id), seats)
            if run.capacity is None or number < run.capacity:
                study = Study(learner, run, at, min(run.ends_at(now), now), reliability[learner.learner_id])
                yield from steps_of(_fated(study, now, dice), now, dice)


def _asked_at(run: SampleRun, now: datetime, dice: random.Random) -> datetime:
    """When a learner asks for a place."""
    starts_at = run.starts_at(now)
    if run.is_self_paced:
        return starts_at + dice.random() * (now - starts_at) * 0.9
    opened = min(starts_at, now) - 37 * DAY
    return opened + dice.random() * (min(starts_at, now) - opened - DAY)


def _fated(study: Study, now: datetime, dice: random.Random) -> Study:
    """Some leave, and some grow quiet, before the end that they would have."""
    fate = dice.random() + (1 if study.learner is ADA else 0)
    if fate >= LEAVES + GROWS_QUIET:
        return study
    begins = max(study.since, study.run.starts_at(now))
    until = begins + (study.until - begins) * (0.3 + 0.3 * dice.random())
    return study._replace(until=until, leaves=fate < LEAVES)


def steps_of(study: Study, now: datetime, dice: random.Random) -> Iterator[Step]:
    """The steps of one learner on one run, without the request for a place."""
    history = _History(study, now, dice)
    yield from history.steps()
    if study.leaves and study.run.starts_at(now) < study.until < now - DAY:
        left = WithdrawEnrollment(study.learner.learner_id, study.run.run_id, dice.choice(REASONS))
        yield Step(study.until + DAY, study.learner.learner_id, left, study.learner.learner_id)


class _History:
    """One learner on one run."""

    def __init__(self, study: Study, now: datetime, dice: random.Random) -> None:
        self._study, self._run, self._now, self._dice = study, study.run, now, dice
        self._learner_id = study.learner.learner_id
        self._names = (self._learner_id, study.run.run_id)
        self._reliability = study.reliability

    def steps(self) -> Iterator[Step]:
        """All that the learner does, and what the teacher gives for it."""
        units = self._run.course.units
        for number, unit in enumerate(units):
            at = self._when(number, unit)
            if at >= self._study.until - HOUR:
                continue
            if unit.asked:
                yield from self._attempts(unit, at)
            else:
                yield from self._material(unit, at)

    def _when(self, number: int, unit: WrittenUnit) -> datetime:
        """When the learner comes to a unit: the more reliable, the earlier; mostly before it is due."""
        begins = max(self._study.since, self._run.starts_at(self._now))
        haste = self._dice.random() * (1.6 - self._reliability)
        awake = timedelta(hours=self._dice.triangular(-1, 14, 10))
        if self._run.is_self_paced:
            return begins + HOUR + DAY * round(number * (2 + 4 * haste)) + abs(awake)
        due = unit.number("due")
        if due:
            days = due - 1 - round(4 * self._dice.random() * self._reliability) + round(3 * (haste > 1.0))
            return self._run.starts_at(self._now) + DAY * max(days, 1) + awake
        span = self._run.weeks * 7 * 0.85
        return begins + DAY * int(number * span / len(self._run.course.units) + 5 * haste) + awake

    def _step(self, at: datetime, command: object, actor: str = "") -> Step:
        return Step(at, actor or self._learner_id, command, self._learner_id)

    def _material(self, unit: WrittenUnit, at: datetime) -> Iterator[Step]:
        yield self._step(at, OpenUnit(*self._names, unit.unit_id))
        seconds = unit.number("seconds")
        if seconds:
            whole = seconds if self._dice.random() < self._reliability + 0.2 else seconds // 2
            watched = RecordWatched(
                *self._names, unit.unit_id, "browser", 1, [(0, whole * 1_000)], whole * 1_000, whole + 1
            )
            yield self._step(at + 2 * MINUTE, watched)
        elif unit.kind == "activity" and self._dice.random() < self._reliability:
            yield self._step(at + 25 * MINUTE, CompleteUnit(*self._names, unit.unit_id))
        if self._dice.random() < CLICKS:
            clicks = RecordActivity(*self._names, unit.unit_id, "click", self._dice.randint(2, 12))
            yield self._step(at + 5 * MINUTE, clicks)

    def _attempts(self, unit: WrittenUnit, at: datetime) -> Iterator[Step]:
        if unit.number("minutes"):
            return  # what runs against a clock is left to the users
        yield self._step(at - 10 * MINUTE, OpenUnit(*self._names, unit.unit_id))
        for attempt_no in range(1, unit.number("attempts", 1) + 1):
            if at >= self._study.until - HOUR:
                return
            share, steps = self._attempt(unit, attempt_no, at)
            yield from steps
            if share >= ENOUGH or unit.is_graded_by_people:
                return
            at += DAY * self._dice.randint(1, 2)

    def _attempt(self, unit: WrittenUnit, attempt_no: int, at: datetime) -> tuple[float, Sequence[Step]]:
        """One attempt: the share that is right, and its steps."""
        names = (self._learner_id, self._run.quiz_id(unit.unit_id))
        steps, right = [self._step(at, StartAttempt(*names))], 0
        at += MINUTE
        for question, key in unit.asked:
            if isinstance(key, EssayKey):
                text = self._dice.choice(unit.answers)
                saved, fits = {"kind": "essay", "text": text}, False
            else:
                knows = 0.1 + 0.65 * self._reliability + 0.1 * attempt_no
                saved, fits = answer(question, key, self._dice, knows=knows)
                if question.hints and self._dice.random() < 0.2:
                    steps.append(self._step(at, ShowHint(*names, attempt_no, question.question_id, 1)))
            right += fits
            at += timedelta(seconds=self._dice.randint(30, 150))
            steps.append(self._step(at, SaveAnswer(*names, attempt_no, question.question_id, 1, saved)))
        if self._now - at < 6 * HOUR and self._dice.random() < 0.3:
            return 1.0, steps  # it still runs
        steps.append(self._step(at + MINUTE, SubmitAttempt(*names, attempt_no)))
        if unit.is_graded_by_people:
            steps += self._graded(unit, attempt_no, at)
        return right / len(unit.asked), steps

    def _graded(self, unit: WrittenUnit, attempt_no: int, at: datetime) -> Iterator[Step]:
        """A teacher grades by the rubric, some days later."""
        graded_at = at + DAY * self._dice.randint(2, 5) + HOUR
        is_fresh = self._now - at < FRESH and self._study.learner is not ADA
        if graded_at >= self._now or (is_fresh and self._dice.random() < PILED):
            return
        for question, key in unit.asked:
            if not isinstance(key, EssayKey):
                continue
            ranks = [self._rank(len(each.levels)) for each in key.rubric]
            levels = {
                each.criterion_id: each.levels[rank].level_id for each, rank in zip(key.rubric, ranks, strict=True)
            }
            comment = COMMENTS[min(sum(ranks), len(COMMENTS) - 1)]
            given = GradeItem(
                self._learner_id,
                self._run.quiz_id(unit.unit_id),
                attempt_no,
                question.question_id,
                levels=levels,
                comment=comment,
            )
            yield self._step(graded_at, given, self._run.teacher.learner_id)

    def _rank(self, levels: int) -> int:
        """The place of a level, from the best one, 0."""
        return min(levels - 1, int(self._dice.random() * 3 * (1.15 - self._reliability)))
