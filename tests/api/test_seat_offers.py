"""Over HTTP: a seat that came free is offered for some time, and accepted."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.api import Campus
from tests.support.polling import until


async def course_of(campus: Campus, learner: str, status: str) -> dict[str, Any]:
    """The entry of the run in a learner's dashboard, once it has that status."""
    found: dict[str, Any] = {}

    async def has_status() -> bool:
        found.clear()
        for course in (await campus.see("/me/dashboard", 0, user=learner))["courses"]:
            found.update(course)
        return found.get("status") == status

    await until(has_status)
    return found


async def test_a_seat_is_offered_for_48_hours_and_accepted(campus: Campus) -> None:
    """The dashboard says until when the seat is held; accepting it lets the learner in."""
    await campus.open_run(capacity=1)
    ann, ben = f"ann-{campus.tag}", f"ben-{campus.tag}"
    for learner in (ann, ben):
        await campus.send("/enrollments", {"run_id": campus.run}, user=learner)
    refused = await campus.post("/enrollments/accept", {"run_id": campus.run}, user=ben)
    assert (refused.status_code, refused.json()["code"]) == (409, "no_seat_offered")

    await campus.send("/enrollments/withdraw", {"run_id": campus.run}, user=ann)
    offered_until = datetime.fromisoformat((await course_of(campus, ben, "offered"))["offered_until"])
    assert timedelta(hours=47) < offered_until - datetime.now(UTC) <= timedelta(hours=48)
    position = await campus.send("/enrollments/accept", {"run_id": campus.run}, user=ben)
    assert "offered_until" not in await course_of(campus, ben, "active")
    run = await campus.see(f"/runs/{campus.run}/dashboard", position)
    assert (run["counts"]["statuses"]["active"], run["counts"]["statuses"]["offered"]) == (1, 0)


@pytest.mark.parametrize("hours", [-1, 8_761, "48"])
async def test_an_offer_has_a_sensible_time(campus: Campus, hours: object) -> None:
    """0 to 8,760 hours, or none."""
    plan = {"run_id": "new", "course_id": "c", "starts_at": "2026-02-01T00:00:00Z", "ends_at": "2026-06-30T00:00:00Z"}
    answer = await campus.post("/runs", {**plan, "seat_offer_hours": hours}, user="instructor")
    assert answer.status_code == 422


async def test_a_request_from_before_there_were_offers_can_be_repeated(campus: Campus) -> None:
    """Scheduling a run once more without `seat_offer_hours` changes nothing, also where it gives seats at once."""
    await campus.open_run(capacity=1)
    plan = {"run_id": f"old-{campus.tag}", "course_id": campus.course, "capacity": 1}
    plan |= {"starts_at": "2026-02-01T00:00:00Z", "ends_at": "2026-06-30T00:00:00Z"}
    position = await campus.send("/runs", {**plan, "seat_offer_hours": None}, user="instructor")
    assert await campus.send("/runs", plan, user="instructor") == position
    refused = await campus.post("/runs", {**plan, "seat_offer_hours": 48}, user="instructor")
    assert (refused.status_code, refused.json()["code"]) == (409, "run_exists")
