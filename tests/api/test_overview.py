"""What came from elsewhere is counted by itself, so that it can be held against where it came from."""

import json
from datetime import UTC, datetime, timedelta

from fastapi import FastAPI

from adapters.command_bus.bus import Bus
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.postgres.queries import overview
from adapters.settings import Settings
from commands.catalog import CreateCourse, OpenRun, PublishCourse, ScheduleRun
from commands.enrollment import RequestEnrollment, WithdrawEnrollment
from commands.log import Context
from commands.progress import RecordActivity
from domain.catalog import Unit
from tests.support.api import Campus

START = datetime(2026, 9, 1, tzinfo=UTC)


async def test_a_person_on_two_runs_of_a_source_counts_once(app: FastAPI, campus: Campus, lively: Settings) -> None:
    """Registrations, withdrawals and activity add up over the runs of a source, people do not: as if counted here."""
    source, course = f"import:{campus.tag}", f"elsewhere-{campus.tag}"
    runs = [f"{course}-1", f"{course}-2"]
    log = await PostgresLog.open(lively)
    bus = Bus(log)
    commands: list[object] = [CreateCourse(course, "Elsewhere"), PublishCourse(course, [Unit("u1", "page", "Read")])]
    for run in runs:
        commands += [ScheduleRun(run, course, 1, START, START + timedelta(days=36_500)), OpenRun(run)]
    commands += [RequestEnrollment(f"ada-{campus.tag}", run) for run in runs]
    commands += [RequestEnrollment(f"bob-{campus.tag}", runs[0])]
    await campus.open_run()
    commands += [RequestEnrollment(f"ada-{campus.tag}", campus.run)]
    commands += [RecordActivity(f"ada-{campus.tag}", campus.run, "intro", "click", 1)]
    commands += [RecordActivity(f"ada-{campus.tag}", run, "u1", "click", 3) for run in runs]
    commands += [WithdrawEnrollment(f"bob-{campus.tag}", runs[0])]
    for command in commands:
        position = await bus.handle(command, Context("tester", source=source))
    await log.close()

    seen = await campus.see("/overview", position)
    services = app.state.services
    one_by_one = await services.reader.answer(overview.ONE_BY_ONE, {"campus": overview.CAMPUS})
    assert json.loads(one_by_one.body or b"") == seen
    (counts,) = [counts for counts in seen["sources"] if counts["source"] == source]
    assert counts == {
        "run_id": "*",
        "source": source,
        "people": 2,
        "registrations": 3,
        "withdrawals": 1,
        "without_registration_date": 0,
        "outcomes": {},
        "submissions": 0,
        "banked": 0,
        "without_score": 0,
        "activity_rows": 2,
        "activity_amount": 6,
        "active_people": 1,
        "irregular": {},
    }


async def test_the_overview_is_for_staff(campus: Campus) -> None:
    """So is the recent activity of the campus."""
    for path in ("/overview", "/activity"):
        assert (await campus.get(path, user="instructor")).status_code == 200
        refused = await campus.get(path, user=campus.learner)
        assert (refused.status_code, refused.json()["code"]) == (403, "staff_only"), path
