"""The overview: sums by source and run, in pages, made once for the same rows."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi import FastAPI

from adapters.command_bus.bus import Bus
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.postgres.queries import overview
from adapters.postgres.queries.overview_sums import LOOK
from adapters.postgres.queries.reader import Reader
from adapters.settings import Settings
from api.app import build
from api.http.paging import cursor_to
from commands.catalog import CreateCourse, OpenRun, PublishCourse, ScheduleRun
from commands.enrollment import RequestEnrollment, WithdrawEnrollment
from commands.log import Context
from commands.progress import RecordActivity
from domain.catalog import Unit
from projections.overview import Overview as OverviewModel
from projections.registry import PROJECTIONS
from tests.support.api import Campus, every_read_model, served
from tests.support.projections_command import execute
from tests.support.rebuilds import rebuilt
from tests.support.workers import caught_up, projecting
from workers.rebuild.promotion import promote, roll_back

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
    _, one_by_one = await overview.overview(app.state.services.reader, overview.Part())
    assert [json.loads(text) for text in (one_by_one.campus, one_by_one.sources)] == [seen["campus"], seen["sources"]]
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


async def test_runs_come_in_pages(campus: Campus) -> None:
    """In the order of their ids, each once, beside the same sums; a page says where the next one is."""
    position = 0
    for number in range(3):
        other = Campus(campus.client)
        other.run = f"{number}-{other.run}"
        position = await other.open_run()
    whole = await campus.see("/overview", position)
    pages = [await campus.see("/overview", position, limit=2)]
    while pages[-1]["next"]:
        pages.append(await campus.see("/overview", position, limit=2, cursor=pages[-1]["next"]))
    runs = [run for page in pages for run in page["runs"]]
    assert runs[: len(whole["runs"])] == whole["runs"]
    assert [run["run_id"] for run in runs] == sorted({run["run_id"] for run in runs})
    assert {len(page["runs"]) for page in pages[:-1]} == {2}
    assert all((page["campus"], page["sources"]) == (whole["campus"], whole["sources"]) for page in pages)
    linked = await campus.get("/overview", limit=2)
    assert f"cursor={pages[0]['next']}" in linked.links["next"]["url"]
    assert (await campus.get("/overview", cursor="x")).json()["code"] == "bad_cursor"


@contextmanager
def counted(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The queries of the overview that are sent until the block ends."""
    sent: list[str] = []
    rows = reader.rows

    async def noted(query: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
        if "overview" in query:
            sent.append(query)
        return await rows(query, parameters)

    with monkeypatch.context() as patched:
        patched.setattr(reader, "rows", noted)
        yield sent


async def test_sums_are_made_once_for_the_same_rows(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fact, a promotion and a rollback are seen by the next answer, and those who ask at once share a look."""
    app = build(settings)
    async with projecting(settings, PROJECTIONS), served(app) as client:
        await every_read_model(client)
        campus, reader = Campus(client), app.state.services.reader
        position = await campus.open_run()
        before = await campus.see("/overview", position)
        with counted(reader, monkeypatch) as sent:
            answers = await asyncio.gather(*(campus.get("/overview", min_position=position) for _ in range(20)))
            assert {answer.headers["etag"] for answer in answers} == {answers[0].headers["etag"]}
            assert [answer.json() for answer in answers] == [before] * 20
            assert set(sent) == {LOOK}
            assert len(sent) < 20
        for number in range(3):
            position = await campus.enroll(f"{campus.learner}-{number}")
            seen = await campus.see("/overview", position)
            assert seen["campus"]["people"] == number + 1
        etag = (await campus.get("/overview")).headers["etag"]
        headers = await campus.as_user("admin", **{"if-none-match": etag})
        assert (await client.get("/v1/overview", headers=headers)).status_code == 304
        await caught_up(settings, position, PROJECTIONS)
        await rebuilt(settings, OverviewModel(), workers=1)
        await execute(settings, f"UPDATE {settings.read_schema}.overview_g2 SET people = people + 10 WHERE segment = 0")
        for switch, people in ((promote, 13), (roll_back, 3)):
            await switch(settings, OverviewModel())
            assert (await campus.get("/overview", min_position=position)).json()["campus"]["registrations"] == 3
            assert (await campus.get("/overview", limit=1)).json()["runs"][0]["people"] == people


async def test_the_activity_comes_in_pages_with_titles(campus: Campus, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of all runs or one, of all types or one, back to the first fact; a page needs no further request."""
    await campus.open_run()
    await campus.enroll()
    await campus.send(f"/quizzes/{campus.quiz}/attempts/1/submit", {"responses": [1, 0]})
    position = await campus.send("/enrollments", {"run_id": campus.run}, user=f"other-{campus.tag}")
    whole = await campus.see("/activity", position, run_id=campus.run)
    known = [entry for entry in whole["entries"] if entry["position"] <= position]
    assert {"enrollment.requested", "enrollment.activated", "attempt.submitted"} <= {entry["type"] for entry in known}
    assert {(entry["course_id"], entry["course_title"]) for entry in known} == {(campus.course, "Algebra")}
    submitted = [entry for entry in known if entry["type"] == "attempt.submitted"]
    assert [(entry["unit_id"], entry["unit_title"]) for entry in submitted] == [("q1", "Equations")]

    monkeypatch.setattr("adapters.postgres.queries.activity.LOOKED_THROUGH", 20)
    for type_name in (None, "enrollment.requested"):
        asked: dict[str, Any] = {"run_id": campus.run, "limit": 2} | ({"type": type_name} if type_name else {})
        entries: list[dict[str, Any]] = []
        page = await campus.get("/activity", **asked)
        while cursor := page.json()["next"]:
            entries += page.json()["entries"]
            assert f"cursor={cursor}" in page.links["next"]["url"]
            page = await campus.get("/activity", cursor=cursor, **asked)
        entries += page.json()["entries"]
        expected = [entry for entry in known if type_name in (None, entry["type"])]
        assert [entry for entry in entries if entry["position"] <= position] == expected
    first = (await campus.get("/activity", limit=3)).json()  # from the document of the read model
    second = (await campus.get("/activity", limit=2, cursor=first["next"])).json()["entries"]
    assert [entry["position"] for entry in first["entries"]] == sorted(
        (entry["position"] for entry in first["entries"]), reverse=True
    )
    assert second[0]["position"] < first["entries"][-1]["position"]
    all_of_them = cursor_to("activity", [first["entries"][0]["position"] + 1])
    longer = await campus.get("/activity", limit=5, cursor=all_of_them)
    assert longer.json()["entries"] == first["entries"] + second


@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        ({"run_id": "no-such-run"}, 404, "run_not_found"),
        ({"type": "enrollment.asked"}, 422, "invalid_request"),
        ({"type": "progress.activity_recorded"}, 422, "invalid_request"),
        ({"cursor": "x"}, 422, "bad_cursor"),
        ({"until": "2014-03-01"}, 422, "unknown_parameter"),
    ],
)
async def test_an_activity_that_there_is_not(campus: Campus, asked: dict[str, str], status: int, code: str) -> None:
    """Is an error that says what is wrong, not an empty page."""
    answer = await campus.get("/activity", **asked)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_the_overview_is_for_staff(campus: Campus) -> None:
    """So is the recent activity of the campus."""
    for path in ("/overview", "/activity"):
        assert (await campus.get(path, user="instructor")).status_code == 200
        refused = await campus.get(path, user=campus.learner)
        assert (refused.status_code, refused.json()["code"]) == (403, "staff_only"), path
