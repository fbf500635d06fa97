"""
Who has a deadline that is near, as far as read models know: what a unit counts, who has a place, and what is done.

A hint, no more: the command that notes it looks at the log. Most runs have nothing due within a day, and of those only
what their units count is read.
"""

import asyncio
from datetime import datetime
from typing import NamedTuple

import msgspec

from adapters.postgres.queries import near_deadlines as queries
from adapters.postgres.queries.attention import Enrolled, Row, enrolled
from adapters.postgres.queries.reader import Reader
from domain.deadlines import due_for
from domain.grading.of_run import Weights
from domain.notification import (
    Channel,
    dedupe_key,
    is_near,
    near_deadline,
    notification_id,
)

TEMPLATE = "deadline_near"


class Near(NamedTuple):
    """A unit of a run that is due soon for a learner, and the notification that says so."""

    learner_id: str
    run_id: str
    unit_id: str
    notification_id: str


async def near_deadlines(reader: Reader, now: datetime) -> list[Near]:
    """Whom to remind of what at the time *now*: those who can be, and are not yet."""
    found: list[Near] = []
    for run_id, scheme, own_due, later in await reader.rows(queries.RUNS, {"now": now}):
        if await asyncio.to_thread(_may_be_near, scheme, own_due, later, now):
            of_run = await enrolled(reader, run_id)
            found += await asyncio.to_thread(_near, run_id, of_run, now)
    return await _missing(reader, found) if found else []


async def _missing(reader: Reader, found: list[Near]) -> list[Near]:
    learners = sorted({each.learner_id for each in found})
    in_use = {learner_id for (learner_id,) in await reader.rows(queries.IN_USE, {"learners": learners})}
    ids = {"learners": [each.learner_id for each in found], "ids": [each.notification_id for each in found]}
    known = set(await reader.rows(queries.KNOWN, ids))
    return [each for each in found if each.learner_id in in_use and (each[0], each[-1]) not in known]


def _may_be_near(scheme: str, own_due: str | None, later: str | None, now: datetime) -> bool:
    """Whether anything of a run is due soon, by any version; where days count from a place it may always be."""
    first = msgspec.json.decode(f'{{"scheme":{scheme},"own_due":{own_due or "null"}}}', type=Weights)
    versions = [first, *msgspec.json.decode(later or "{}", type=dict[str, Weights]).values()]
    due = (at for each in versions for at in (*each.scheme.due.values(), *each.scheme.quiz_due.values()))
    return any(each.own_due is not None for each in versions) or any(is_near(at, now) for at in due)


def _near(run_id: str, found: Enrolled, now: datetime) -> list[Near]:
    near = []
    for row in found.rows:
        done = {*row.completed, *row.excused, *row.scores, *row.handed_in}
        for unit_id, at in _due(found.weights_for(row), row).items():
            if unit_id not in done and is_near(at, now):
                key = dedupe_key(near_deadline(run_id, unit_id, at), Channel.PAGE, TEMPLATE)
                near.append(Near(row.learner_id, run_id, unit_id, notification_id(key)))
    return near


def _due(weights: Weights, row: Row) -> dict[str, datetime]:
    scheme = weights.scheme
    return due_for({**scheme.due, **scheme.quiz_due}, weights.own_due, row.days_from, row.extensions)
