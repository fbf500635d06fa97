"""
A synthetic campus as an endless series of rows of the log, which resemble the facts of OULAD.

Five courses of three hundred pages and six assessments are given again and again: every twelve days a run begins, with
four hundred learners, and ends eight months later. Facts come in the order of time, so that neighbors in the
log belong to other learners and other runs, and only the present runs are in memory. Per enrollment there
are some fifty facts, of which 62 % are activity. Each learner takes part in two runs: ten million facts are about a
hundred thousand learners, on 1.3 million streams.

Every fact is made by its class in the domain and stored as the domain stores it; the same seed makes the same facts,
but for the ids of the events.
"""

import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from operator import itemgetter
from typing import Any, NamedTuple

import msgspec
import uuid_utils

from domain.aggregate import EPOCH, Aggregate
from domain.catalog import Course, Run, Unit, course_stream, run_stream
from domain.codec import encode_data, version_of
from domain.enrollment import Enrollment, enrollment_stream
from domain.fact import Meta
from domain.progress import CourseProgress, progress_stream
from domain.quiz import Quiz, QuizAttempt, attempt_stream, quiz_stream
from domain.score import FULL
from domain.streams import partition_of

SOURCE = "import:synthetic"  # history, to which no reactor reacts
START = datetime(2008, 1, 7, tzinfo=UTC)
COURSES = 5
PAGES = 300  # of a course
ASSESSMENTS = 6  # of a course
LEARNERS = 400  # of a run
DAYS = 240  # of a run; those who enroll do so in the first ENROLLMENT_DAYS
ENROLLMENT_DAYS = 20
INTERVAL = 12  # days from the start of a run to that of the next
SECONDS = 86_400  # of a day
LAST_SECOND = SECONDS - 1
VISITS = 0.041  # of a learner on a day, on average
CLICKS = 8  # of an activity, on average
LEAVE, HAND_IN, PASS = 0.2, 0.9, 0.95  # shares: of learners, of assessments, of attempts
PASS_BP = 4_000
REMEMBERED = 1 << 16  # fields of facts, which come up again and again

Row = tuple[int, str, int, str, int, int, bytes, bytes, datetime, datetime]
"""A row of `events`, in the order of its columns."""

_encode_meta = msgspec.json.Encoder().encode


class _Stream:
    """A stream and its version."""

    __slots__ = ("id", "partition", "version")

    def __init__(self, stream_id: str) -> None:
        self.id, self.partition, self.version = stream_id, partition_of(stream_id), 0


class _Happening(NamedTuple):
    """A fact to be sorted: the second of the day, and the values to store."""

    second: int
    stream: _Stream
    actor: str
    type: str
    schema_version: int
    data: bytes


class _Place:
    """One learner on one run; `leaves_on` is a day, later than the last for those who stay."""

    __slots__ = ("enrollment", "enrols_on", "learner_id", "leaves_on", "progress")

    def __init__(self, learner_id: str, run_id: str, chance: random.Random) -> None:
        self.learner_id = learner_id
        self.enrollment = _Stream(enrollment_stream(learner_id, run_id))
        self.progress = _Stream(progress_stream(learner_id, run_id))
        self.enrols_on = chance.randrange(ENROLLMENT_DAYS)
        leaves = chance.random() < LEAVE
        self.leaves_on = chance.randrange(ENROLLMENT_DAYS, DAYS) if leaves else DAYS + 1

    def is_in(self, day: int) -> bool:
        """Whether the learner, who has enrolled before, is still there on *day*."""
        return self.enrols_on < day <= self.leaves_on


def rows(seed: int = 1, learners: int = LEARNERS) -> Iterator[Row]:
    """The log from its first position on, with that many *learners* on each run; it never ends."""
    chance = random.Random(seed)  # noqa: S311 - not a secret
    position, day, begun = 0, 0, 0
    runs: list[_Run] = []
    courses = [_course(number) for number in range(COURSES)]
    happenings = [happening for course in courses for happening in course]
    while True:
        if day % INTERVAL == 0:
            runs.append(_Run(begun, day, learners, chance))
            begun += 1
        for run in runs:
            happenings += run.on(day - run.first_day, position)
        happenings.sort(key=itemgetter(0))  # stable: within a second, the order of generation remains
        midnight = START + timedelta(days=day)
        for happening in happenings:
            position += 1
            yield _row(position, happening, midnight)
        happenings = []
        runs = [run for run in runs if day - run.first_day < DAYS]
        day += 1


def _row(position: int, happening: _Happening, midnight: datetime) -> Row:
    second, stream, actor, name, schema_version, data = happening
    stream.version += 1
    at = midnight + timedelta(seconds=second)
    meta = _encode_meta(Meta(str(uuid_utils.uuid7()), actor, SOURCE))
    return position, stream.id, stream.version, name, schema_version, stream.partition, data, meta, at, at


def _course(number: int) -> list[_Happening]:
    """The facts of a course and its only version."""
    course = Course.blank(course_stream(_course_id(number)))
    course.create(f"Synthetic course {number}", "", "en")
    course.publish(_units(number), "all_weighted_units", "weighted_mean")
    return _told(0, _Stream(course.id), course)


def _told(second: int, stream: _Stream, aggregate: Aggregate) -> list[_Happening]:
    """What an aggregate of the catalog has just recorded."""
    return [
        _Happening(second, stream, "synthetic", event.TOPIC, version_of(type(event)), encode_data(event))
        for event in aggregate.collect_events()
    ]


@lru_cache(maxsize=REMEMBERED)
def _stored(cls: type[Aggregate.Event], **fields: Any) -> tuple[str, int, bytes]:
    """Name, version and stored fields of a fact."""
    event = cls(originator_id="", originator_version=1, timestamp=EPOCH, **fields)  # type: ignore[call-arg]
    return event.TOPIC, version_of(cls), encode_data(event)  # type: ignore[attr-defined]


def _course_id(number: int) -> str:
    return f"SYN{number}"


def _unit_id(course: int, number: int) -> str:
    return str(100_000 * (course + 1) + number)


def _due_on(assessment: int) -> int:
    """The day of a run on which its assessment is due."""
    return DAYS * (assessment + 1) // (ASSESSMENTS + 1)


def _units(course: int) -> list[Unit]:
    pages = [Unit(_unit_id(course, number), "resource", f"Page {number}") for number in range(PAGES)]
    weight = 10_000 // ASSESSMENTS
    return pages + [
        Unit(_unit_id(course, PAGES + number), "tma", f"TMA {number + 1}", weight, _due_on(number))
        for number in range(ASSESSMENTS)
    ]


class _Run:
    """One run from its first day, 0, to its last, DAYS."""

    def __init__(self, number: int, first_day: int, learners: int, chance: random.Random) -> None:
        self.first_day = first_day
        self._chance = chance
        self._course = number % COURSES
        self._id = f"{_course_id(self._course)}-{number:04}"
        self._run = Run.blank(run_stream(self._id))
        self._stream = _Stream(self._run.id)
        first = number // 2 * learners  # so that two runs, of different courses, have the same learners
        self._places = [_Place(f"s{first + each:06}", self._id, chance) for each in range(learners)]
        self._hand_ins: dict[int, list[tuple[_Place, int]]] = {}
        for place in self._places:
            for assessment in range(ASSESSMENTS):
                day = _due_on(assessment) + chance.choice((-3, -2, -1, -1, -1, -1, -1, 0))
                if chance.random() < HAND_IN and place.is_in(day):
                    self._hand_ins.setdefault(day, []).append((place, assessment))

    def on(self, day: int, position: int) -> list[_Happening]:
        """Everything that happens on *day* of the run; *position* is that of the last fact of the day before."""
        happenings = self._opening() if day == 0 else []
        if day < ENROLLMENT_DAYS:
            happenings += self._enrollments(day)
        happenings += self._activity(day)
        for place, assessment in self._hand_ins.pop(day, ()):
            happenings += self._hand_in(place, assessment, day)
        happenings += self._withdrawals(day)
        return happenings + self._closing(position) if day == DAYS else happenings

    def _opening(self) -> list[_Happening]:
        starts_at = START + timedelta(days=self.first_day)
        ends_at = starts_at + timedelta(days=DAYS)
        plan = {
            "starts_at": starts_at,
            "ends_at": ends_at,
            "capacity": None,
            "pacing": "instructor",
            "seat_offer_hours": None,
        }
        self._run.schedule(_course_id(self._course), 1, **plan)
        self._run.open()
        happenings = _told(0, self._stream, self._run)
        for number in range(ASSESSMENTS):
            quiz = Quiz.blank(quiz_stream(f"{self._id}.{number}"))
            due_at = starts_at + timedelta(days=_due_on(number))
            unit_id = _unit_id(self._course, PAGES + number)
            quiz.publish(self._id, unit_id, "tma", f"TMA {number + 1}", due_at=due_at, pass_bp=PASS_BP)
            happenings += _told(0, _Stream(quiz.id), quiz)
        return happenings

    def _enrollments(self, day: int) -> Iterator[_Happening]:
        for place in self._places:
            if place.enrols_on == day:
                learner, second = place.learner_id, self._chance.randrange(1, LAST_SECOND)
                requested = _stored(
                    Enrollment.Requested, learner_id=learner, run_id=self._id, mode="free", source=SOURCE
                )
                activated = _stored(Enrollment.Activated, access_from=None, access_until=None, entitlement_id=None)
                yield _Happening(second, place.enrollment, learner, *requested)
                yield _Happening(second, place.enrollment, learner, *activated)

    def _activity(self, day: int) -> Iterator[_Happening]:
        """Visits of learners, each to one to six pages, up to ten minutes for each."""
        chance = self._chance.random
        for place in self._places:
            if chance() < VISITS and place.is_in(day):
                second = int(chance() * (LAST_SECOND - 3_600))
                for _ in range(1 + int(chance() * 6)):
                    unit_id = _unit_id(self._course, int(PAGES * chance() ** 2))  # some pages draw more than others
                    amount = 1 + int(self._chance.expovariate(1 / CLICKS))
                    did = _stored(CourseProgress.ActivityRecorded, unit_id=unit_id, kind="resource", amount=amount)
                    yield _Happening(second, place.progress, place.learner_id, *did)
                    second += int(chance() * 600)

    def _hand_in(self, place: _Place, assessment: int, day: int) -> Iterator[_Happening]:
        """An attempt is handed in and graded; who passes completes the unit."""
        second = self._chance.randrange(1, LAST_SECOND - 7_200)
        learner, unit_id = place.learner_id, _unit_id(self._course, PAGES + assessment)
        passed = self._chance.random() < PASS
        score_bp = 100 * (self._chance.randrange(40, 101) if passed else self._chance.randrange(40))
        stream = _Stream(attempt_stream(learner, f"{self._id}.{assessment}", 1))
        where = {"run_id": self._id, "unit_id": unit_id}
        late_by = max(0, SECONDS * (day - _due_on(assessment)) + second)
        days_late = -(-late_by // SECONDS)
        more = {"responses": (), "banked": False, "quiz_version": 1, "started_at": None, "days_late": days_late}
        submitted = _stored(QuizAttempt.Submitted, **where, by="learner", late_by=late_by, **more)
        score = {"score_bp": score_bp, "points": score_bp, "possible": FULL}
        given = {"given_points": score_bp, "given_possible": FULL}
        graded = _stored(QuizAttempt.Graded, **where, **score, **given, passed=passed, policy="imported")
        yield _Happening(second, stream, learner, *submitted)
        yield _Happening(second + 3_600, stream, "teacher", *graded)
        if passed:
            completed = _stored(
                CourseProgress.UnitCompleted,
                unit_id=unit_id,
                course_version=1,
                rule="quiz_passed",
                **score,
                at_least_bp=None,
                evidence=None,
            )
            yield _Happening(second + 3_601, place.progress, "teacher", *completed)

    def _withdrawals(self, day: int) -> Iterator[_Happening]:
        for place in self._places:
            if place.leaves_on == day:
                withdrawn = _stored(Enrollment.Withdrawn, reason="unspecified")
                yield _Happening(LAST_SECOND, place.enrollment, place.learner_id, *withdrawn)

    def _closing(self, position: int) -> list[_Happening]:
        """Results, completed enrollments, and the end of admissions."""
        happenings: list[_Happening] = []
        for place in self._places:
            outcome = self._outcome(place)
            if outcome in PASSED:
                self._chance.randrange(40, 101)  # once its grade: drawn as before, the rest of the log stays the same
            decided = _stored(
                CourseProgress.CourseOutcomeDecided,
                outcome=outcome,
                grade_bp=None,
                policy="imported",
                through_position=position,
                formula=None,
                reason="",
                letter=None,
            )
            happenings.append(_Happening(LAST_SECOND, place.progress, "synthetic", *decided))
            if outcome in PASSED:
                completed = _stored(Enrollment.Completed)
                happenings.append(_Happening(LAST_SECOND, place.enrollment, "synthetic", *completed))
        self._run.close()
        return happenings + _told(LAST_SECOND, self._stream, self._run)

    def _outcome(self, place: _Place) -> str:
        if place.leaves_on <= DAYS:
            return "withdrawn"
        return self._chance.choices(("distinction", "pass", "fail"), (1, 5, 2))[0]


PASSED: Sequence[str] = ("distinction", "pass")
