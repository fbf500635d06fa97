"""
Who on a run is at risk, by the rule of domain/progress/at_risk.py, from read models and from when places began.

The rule is about every learner with a place, and those at risk are listed a window at a time: a process keeps what it
found last of a run (adapters/kept_answers.py), and when its places began, which facts never change.
"""

import asyncio
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

import msgspec

from adapters.kept_answers import KeptAnswers
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.postgres.queries.attention import Enrolled, LearnerAtRisk, RiskReason, Row, enrolled
from adapters.postgres.queries.reader import Reader
from domain.deadlines import due_for
from domain.fact import Fact
from domain.progress.at_risk import Standing, last_day, missed_units, reasons
from domain.tags import QueryItem, tag
from projections.engine.moment import Moment

GIVEN = "enrollment.activated"
READ_MODELS = ("course_dashboard", "gradebook", "catalog")
MOST_KEPT = 16  # runs, of some megabytes each if they have thousands of learners
MOMENT = timedelta(microseconds=1)

Listed = tuple[int, str, str]
"""How many reasons there are, negative, then the learner, and both as JSON: in the order in which they are listed."""


class Places(NamedTuple):
    """The day on which each place of a run began, by all facts up to a position."""

    began: Mapping[str, date]
    position: int


class AtRisk(NamedTuple):
    """
    Learners of a run who are at risk, those with most reasons first.

    Attributes:
        position: for which it is true.
        is_known: whether there is such a run.
        learners: how many have a place.
        since: the time at which the rule was asked; until *until* it says the same of the same rows.
    """

    position: int
    is_known: bool
    learners: int
    listed: list[Listed]
    since: datetime
    until: datetime
    places: Places

    @property
    def learner_ids(self) -> list[str]:
        """Their ids."""
        return [learner_id for _, learner_id, _ in self.listed]

    def holds(self, now: datetime) -> bool:
        """Whether the same rows mean the same at the time *now*."""
        return self.since <= now <= self.until


class RunsAtRisk:
    """The learners at risk of runs, as one process knows them."""

    def __init__(self, reader: Reader, log: PostgresLog) -> None:
        self._reader, self._log = reader, log
        self._kept: KeptAnswers[str, AtRisk] = KeptAnswers(reader, *READ_MODELS, most=MOST_KEPT)

    async def of(self, run_id: str, now: datetime, at_least: int = 0) -> AtRisk:
        """Who on a run is at risk at the time *now*, by rows that are true for the position *at_least* if they can."""

        async def make(before: AtRisk | None) -> AtRisk:
            found = await enrolled(self._reader, run_id)
            known = Places({}, 0) if before is None else before.places
            places = await self._places(run_id, known) if found.goes_on(now) and found.rows else known
            return await asyncio.to_thread(list_at_risk, found, places, now)

        return await self._kept.get(run_id, at_least, make, lambda found: found.holds(now))

    async def _places(self, run_id: str, known: Places) -> Places:
        """When the places of a run began: what is new since it was asked last, or all in another life of the log."""
        given = (QueryItem((GIVEN,), (tag("run", run_id),)),)
        facts, head = await self._log.matching(given, known.position)
        if head < known.position:
            facts, head, known = *(await self._log.matching(given)), Places({}, 0)
        return Places({**known.began, **_began(facts)}, head)


async def at_risk_then(log: PostgresLog, run_id: str, found: Enrolled, moment: Moment) -> list[str]:
    """Who of those *found* on a run was at risk as of a moment."""
    facts: list[Fact] = []
    if found.goes_on(moment.now) and found.rows:
        facts, _ = await log.matching((QueryItem((GIVEN,), (tag("run", run_id),)),))
    places = Places(_began(fact for fact in facts if moment.has(fact)), moment.position)
    return (await asyncio.to_thread(list_at_risk, found, places, moment.now)).learner_ids


def _began(facts: Iterable[Fact]) -> dict[str, date]:
    return {fact.id("learner_id"): fact.occurred_at.date() for fact in facts}


def list_at_risk(found: Enrolled, places: Places, now: datetime) -> AtRisk:
    """Who is at risk at the time *now*; no one where the run does not go on."""
    due, listed = _Due(found, now), list[Listed]()
    if found.starts_at is not None and found.goes_on(now):
        begun = found.starts_at.date()
        rows = (
            _listed(row, due, max(begun, places.began.get(row.learner_id, begun)), now.date()) for row in found.rows
        )
        listed = sorted(row for row in rows if row is not None)
    ends = [at - MOMENT for at in (found.starts_at, found.ends_at) if at is not None and at > now]
    midnight = datetime.combine(now.date() + timedelta(days=1), datetime.min.time(), now.tzinfo or UTC)
    until = min([midnight - MOMENT, *ends, *due.coming])
    return AtRisk(found.position, found.starts_at is not None, len(found.rows), listed, now, until, places)


class _Due:
    """
    What was due for a learner at the time *now*: the same for all who follow the same version with the same dates.

    Attributes:
        now: the time.
        coming: the next deadline of each such group, after which other units are missed.
    """

    def __init__(self, found: Enrolled, now: datetime) -> None:
        self._found, self.now = found, now
        self._past: dict[object, dict[str, datetime]] = {}
        self.coming: list[datetime] = []

    def past(self, row: Row) -> Mapping[str, datetime]:
        """The units that count and were due."""
        key = row.version, row.days_from, tuple(sorted(row.extensions.items()))
        past = self._past.get(key)
        if past is None:
            weights = self._found.weights_for(row)
            due = due_for(weights.scheme.due, weights.own_due, row.days_from, row.extensions)
            of_course = {unit_id: at for unit_id, at in due.items() if unit_id in weights.scheme.weights}
            past = self._past[key] = {unit_id: at for unit_id, at in of_course.items() if at < self.now}
            self.coming += sorted(at for at in of_course.values() if at >= self.now)[:1]
        return past


def _listed(row: Row, due: _Due, since: date, today: date) -> Listed | None:
    """A learner with the reasons; None for one who is not at risk."""
    done = {*row.completed, *row.excused, *row.scores, *row.handed_in}
    missed, past = missed_units(due.past(row), done, due.now)
    standing = Standing(
        since=since,
        last_week=None if row.last_week is None else date.fromordinal(row.last_week),
        last_handed_in=row.last_handed_in,
        missed=missed,
        due=past,
        grade_so_far_bp=row.grade_so_far_bp,
    )
    why = [RiskReason(**each._asdict()) for each in reasons(standing, today)]
    if not why:
        return None
    last = last_day(standing, today)
    shown = LearnerAtRisk(
        learner_id=row.learner_id,
        percent=row.percent,
        grade_so_far_bp=row.grade_so_far_bp,
        last_active=None if last is None else last.isoformat(),
        reasons=why,
    )
    return -len(why), row.learner_id, msgspec.json.encode(shown).decode()
