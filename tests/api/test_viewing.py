"""Watching a film over HTTP: from two devices, with the place to go on and the share that was watched."""

from typing import Any

from tests.support.api import Campus

UNITS: list[dict[str, Any]] = [
    {
        "unit_id": "film",
        "kind": "video",
        "title": "The film",
        "weight": 10_000,
        "seconds": 60,
        "completion": {"rule": "watched", "at_least_bp": 9_000},
    },
    {"unit_id": "intro", "kind": "page", "title": "Begin here"},
]


async def open_run(campus: Campus) -> None:
    """A course with a film, and a run of it with a learner."""
    await campus.send("/courses", {"course_id": campus.course, "title": "Films"}, user="admin")
    await campus.send(f"/courses/{campus.course}/versions", {"units": UNITS}, user="admin")
    plan = {"starts_at": "2026-02-01T00:00:00Z", "ends_at": "2126-06-30T00:00:00Z"}
    await campus.send("/runs", {"run_id": campus.run, "course_id": campus.course, **plan}, user="admin")
    await campus.send(f"/runs/{campus.run}/open", user="admin")
    await campus.enroll()


async def test_a_film_is_watched_on_two_devices(campus: Campus) -> None:
    """What overlaps counts once, the device that was used last says where to go on, and the unit is completed."""
    await open_run(campus)
    path = f"/runs/{campus.run}/units/film/viewing"
    batch = {"run_id": campus.run, "unit_id": "film", "device": "laptop", "client_seq": 1, "seconds": 40}
    nothing = (await campus.get(f"/me{path}", user=campus.learner)).json()
    assert (nothing["position_ms"], nothing["watched_bp"], nothing["played"]) == (0, 0, [])
    await campus.send("/progress/units/watch", {**batch, "segments": [[0, 40_000]], "position_ms": 40_000})
    phone = {**batch, "device": "phone", "segments": [[30_000, 75_000]], "position_ms": 50_000, "seconds_ago": 60}
    position = await campus.send("/progress/units/watch", phone)
    assert await campus.send("/progress/units/watch", phone) == position
    seen = await campus.see(f"/me{path}", position, user=campus.learner)
    assert (seen["position_ms"], seen["seconds"], seen["played"]) == (40_000, 80, [[0, 75_000]])
    assert (seen["watched_ms"], seen["of_ms"], seen["watched_bp"], seen["completes_at_bp"]) == (
        60_000,
        60_000,
        10_000,
        9_000,
    )
    assert await campus.see(f"/learners/{campus.learner}{path}", position, user="instructor") == seen
    dashboard = await campus.see("/me/dashboard", position, user=campus.learner)
    (course,) = dashboard["courses"]
    assert (course["percent"], course["activity"]["amount"]) == (10_000, 80)
    assert [each["unit_id"] for each in dashboard["recent"] if each["type"] == "viewing.watched"] == ["film", "film"]


async def test_what_is_no_viewing_is_refused(campus: Campus) -> None:
    """The answer names the unit and what is wrong."""
    await open_run(campus)
    batch: dict[str, Any] = {"run_id": campus.run, "unit_id": "film", "device": "d1", "client_seq": 1, "position_ms": 0}
    fast = await campus.post("/progress/units/watch", {**batch, "segments": [[0, 60_000]], "seconds": 1})
    assert (fast.status_code, fast.json()["code"]) == (422, "bad_batch")
    page = await campus.post("/progress/units/watch", {**batch, "unit_id": "intro", "segments": [], "seconds": 0})
    assert (page.status_code, page.json()["code"]) == (409, "not_watchable")
    missing = await campus.get(f"/me/runs/{campus.run}/units/none/viewing", user=campus.learner)
    assert (missing.status_code, missing.json()["code"]) == (404, "unknown_unit")
