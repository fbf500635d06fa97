"""The dataset itself, counted: tests that are skipped without the file."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest

from adapters.postgres.connection import connect
from adapters.settings import Settings
from tests.support.oulad import REAL
from workers.consistency.log_check import check
from workers.importing.oulad import import_oulad

pytestmark = pytest.mark.skipif(not REAL.exists(), reason=f"{REAL.name} is not in ../shared/data")

COUNTS = """
SELECT type, count(*) AS facts, count(DISTINCT split_part(split_part(stream_id, '-', 2), ':', 1)) AS people,
       sum((convert_from(data, 'UTF8')::json ->> 'amount')::integer) AS amount,
       count(*) FILTER (WHERE convert_from(data, 'UTF8')::json ->> 'banked' = 'true') AS banked
  FROM events GROUP BY type"""

OUTCOMES = """
SELECT convert_from(data, 'UTF8')::json ->> 'outcome', count(*) FROM events
 WHERE type = 'progress.course_outcome_decided' GROUP BY 1"""


async def rows(settings: Settings, query: str) -> Sequence[tuple[Any, ...]]:
    """Ask the log itself."""
    async with await connect(settings, application="test", statement_timeout=120_000) as connection:
        return await (await connection.execute(query)).fetchall()


async def test_one_presentation(settings: Settings) -> None:
    """AAA-2013J, counted from its files: 383 learners, 1,633 submissions, 180,982 rows of activity."""
    report = await import_oulad(settings, REAL, ["AAA-2013J"])
    assert report.adds_up
    assert report.appended == Counter(
        {
            "attempt.graded": 1_631,
            "attempt.submitted": 1_633,
            "course.created": 1,
            "course.version_published": 1,
            "enrollment.activated": 383,
            "enrollment.completed": 278,
            "enrollment.requested": 383,
            "enrollment.withdrawn": 60,
            "progress.activity_recorded": 180_982,
            "progress.course_outcome_decided": 383,
            "progress.unit_completed": 1_591,
            "quiz.published": 6,
            "run.closed": 1,
            "run.opened": 1,
            "run.scheduled": 1,
        }
    )
    assert report.irregular == {"after_unregistration": 46}
    assert dict(await rows(settings, OUTCOMES)) == {"distinction": 20, "fail": 45, "pass": 258, "withdrawn": 60}
    found = await check(settings, report.position)
    assert (found.count, found.events) == (0, 187_335 + 2)  # that the import has begun and finished


@pytest.mark.slow
async def test_everything(settings: Settings) -> None:
    """The whole file: every count of ../shared/data/README.md."""
    report = await import_oulad(settings, REAL)
    assert report.adds_up
    counts = {name: numbers for name, *numbers in await rows(settings, COUNTS)}
    assert counts["enrollment.requested"][:2] == [32_593, 28_785]
    assert counts["enrollment.withdrawn"][0] == 10_072
    assert counts["attempt.submitted"][0] == 173_912
    assert counts["attempt.submitted"][3] == 1_909
    assert counts["attempt.graded"][0] == 173_912 - 173
    assert counts["progress.activity_recorded"][:3] == [1_048_575, 4_080, 3_516_339]
    assert dict(await rows(settings, OUTCOMES)) == {
        "pass": 12_361,
        "withdrawn": 10_156,
        "fail": 7_052,
        "distinction": 3_024,
    }
    assert report.irregular == {
        "after_unregistration": 2_307,
        "no_registration_date": 45,
        "no_unregistration_date": 93,
        "result_after_unregistration": 9,
    }
    assert (await check(settings, report.position)).count == 0
    assert (await import_oulad(settings, REAL)).appended.total() == 0
