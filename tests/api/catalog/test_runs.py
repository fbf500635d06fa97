"""Runs over HTTP."""

import asyncio

from commands.lookups.catalog import STRUCTURE_MAX_AGE
from tests.support.api import Campus

AT, LATER = "2026-02-01T00:00:00Z", "2126-06-30T00:00:00Z"


async def test_a_run_says_how_seats_are_given(campus: Campus) -> None:
    """What a plan leaves out stays as the run has it: sending it again changes nothing."""
    plan = {"run_id": f"{campus.run}-2", "course_id": campus.course, "starts_at": AT, "ends_at": LATER, "capacity": 3}
    more = {"seat_offer_hours": 12, "waitlist_limit": 0, "time_zone": "Europe/London"}
    await campus.open_run()
    position = await campus.send("/runs", {**plan, **more}, user="admin")
    assert await campus.send("/runs", plan, user="admin") == position
    run = await campus.see(f"/runs/{plan['run_id']}", position)
    assert {name: run[name] for name in more} == more
    refused = await campus.post("/runs", {**plan, "waitlist_limit": None}, user="admin")
    assert (refused.status_code, refused.json()["code"]) == (409, "run_exists")


async def test_closing_a_run_shows(campus: Campus) -> None:
    """A closed run says so, and admits no learner."""
    await campus.open_run()
    position = await campus.send(f"/runs/{campus.run}/close", user="instructor")
    assert (await campus.see(f"/runs/{campus.run}", position))["status"] == "closed"
    await asyncio.sleep(STRUCTURE_MAX_AGE)  # so long an older state of the run may be used
    refused = await campus.post("/enrollments", {"run_id": campus.run})
    assert (refused.status_code, refused.json()["code"]) == (409, "run_closed")


async def test_a_time_is_text(campus: Campus) -> None:
    """A number is none: nothing says whether it counts seconds or milliseconds."""
    await campus.open_run()
    plan = {"run_id": f"n-{campus.tag}", "course_id": campus.course, "ends_at": LATER}
    for wrong in (1_770_000_000, 1_770_000_000_000, -1, 1.5, "1770000000", "2026-02-01", True):
        refused = await campus.post("/runs", {**plan, "starts_at": wrong}, user="admin")
        assert (refused.status_code, refused.json()["code"]) == (422, "invalid_request"), wrong


async def test_runs_are_found_by_status_and_time(campus: Campus) -> None:
    """Together with all else that is asked for."""
    await campus.open_run()
    plan = {"course_id": campus.course, "starts_at": "2090-01-01T00:00:00Z", "ends_at": "2091-01-01T00:00:00Z"}
    position = await campus.send("/runs", {"run_id": f"later-{campus.tag}", **plan}, user="admin")

    async def found(**asked: str) -> list[str]:
        page = await campus.see("/runs", position, q=campus.tag, **asked)
        return [run["run_id"].partition("-")[0] for run in page["items"]]

    assert await found() == ["later", "r"]
    assert await found(sort="starts_at") == await found(order="desc") == ["r", "later"]
    assert await found(status="open") == await found(starts_before="2080-01-01T00:00:00Z") == ["r"]
    assert await found(starts_after="2080-01-01T00:00:00+01:00") == ["later"]
    assert await found(ends_after="2100-01-01T00:00:00Z") == ["r"]
    assert await found(ends_before="2100-01-01T00:00:00Z", course_id=campus.course) == ["later"]
    for wrong in (
        {"status": "gone"},
        {"starts_after": "2080-01-01T00:00:00"},
        {"starts_after": "0.5"},
        {"ends_after": "9999-01-01T00:00:00Z"},
    ):
        assert (await campus.get("/runs", **wrong)).json()["code"] == "invalid_request"


async def test_runs_can_be_listed_by_course(campus: Campus) -> None:
    """Only the runs of that course."""
    position = await campus.open_run()
    runs = await campus.see("/runs", position, course_id=campus.course)
    assert [run["run_id"] for run in runs["items"]] == [campus.run]
