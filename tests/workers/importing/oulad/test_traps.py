"""What the dataset says against itself, by `why` and as of a day: nothing is smoothed over."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.postgres.as_of.folder import KeyFolder
from adapters.postgres.as_of.why import Explanation, explain, place_of
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.settings import Settings
from projections.engine.moment import Moment
from projections.registry import PROJECTIONS
from tests.support.appends import opened
from tests.support.oulad import SMALL, write
from workers.importing.oulad import import_oulad

AAA, BBB = datetime(2013, 10, 1, tzinfo=UTC), datetime(2013, 2, 1, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
async def log(settings: Settings, tmp_path: Path) -> AsyncIterator[PostgresLog]:
    """The log of a campus with the small dataset."""
    await import_oulad(settings, write(tmp_path / "small.zip", SMALL))
    async with opened(settings) as log:
        yield log


async def why(log: PostgresLog, view: str, key: str, field: str, at: datetime | None = None) -> Explanation:
    """Why a field has its value, by what had happened at a time."""
    place = place_of(PROJECTIONS, view, key, field)
    now = log.clock.now()
    moment = Moment(await log.head(), at or now, valid_at=at)
    return await explain(KeyFolder(log.link, place.projection), place, moment, beside=True)


def changes(explanation: Explanation) -> list[tuple[str, Any]]:
    """The types of the facts that changed a field, and its value after each."""
    return [(change.fact.type, change.after) for change in explanation.watched.changes]


async def test_withdrawn_without_a_date(log: PostgresLog) -> None:
    """Nothing says when learner 14 left, so the place was never given up: only the outcome says so, on the last day."""
    place = ("course_enrollments", "BBB-2013B,14")
    status = await why(log, *place, "status")
    assert changes(status)[-1] == ("enrollment.activated", "active")
    outcome = await why(log, *place, "outcome")
    assert changes(outcome) == [("progress.course_outcome_decided", "withdrawn")]
    before_the_end = await why(log, *place, "outcome", BBB + 19 * DAY)
    assert (before_the_end.watched.value, before_the_end.watched.exists) == (None, True)


async def test_a_fail_with_a_date(log: PostgresLog) -> None:
    """Learner 13 left on day 9 and got a result for all that: a fact that breaks a rule of today, and says which."""
    place = ("course_enrollments", "AAA-2013J,13")
    assert (await why(log, *place, "status", AAA + 8 * DAY)).watched.value == "active"
    assert (await why(log, *place, "status", AAA + 9 * DAY)).watched.value == "withdrawn"
    outcome = await why(log, *place, "outcome")
    (decided,) = outcome.watched.changes
    assert (decided.after, decided.fact.data["irregular"]) == ("fail", "result_after_unregistration")
    assert (await why(log, *place, "status")).watched.value == "withdrawn"


async def test_a_submission_after_unregistration(log: PostgresLog) -> None:
    """Learner 12 handed in on the day after leaving: it counts, and is named among what is irregular."""
    place = ("gradebook", "AAA-2013J,1,12")
    best = await why(log, *place, "best_bp")
    assert changes(best) == [("attempt.graded", 3_900)]
    irregular = [(each.fact.type, each.fact.data["irregular"]) for each in best.beside if each.reason == "irregular"]
    assert irregular == [("attempt.submitted", "after_unregistration")]
    assert not (await why(log, *place, "best_bp", AAA + 12 * DAY)).watched.exists
