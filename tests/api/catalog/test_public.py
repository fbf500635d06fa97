"""The published catalog without signing in."""

from tests.support.api import Campus

PLAN = {"starts_at": "2026-02-01T00:00:00Z", "ends_at": "2126-06-30T00:00:00Z"}


async def test_a_visitor_sees_what_is_published_and_no_more(campus: Campus) -> None:
    """The search and the course with its outline, runs and prices; no ids of units or content, no course of a draft."""
    hidden = f"{campus.course}-x"
    await campus.send("/courses", {"course_id": hidden, "title": f"Hidden {campus.tag}"}, user="admin")
    position = await campus.open_run(capacity=30)
    user = await campus.see("/catalog/search", position, q=campus.course)

    async def ask(path: str, **asked: str) -> dict[str, object]:
        answer = await campus.client.get(f"/v1/public{path}", params={"min_position": str(position), **asked})
        assert answer.status_code == 200, answer.text
        found: dict[str, object] = answer.json()
        return found

    assert await ask("/courses", q=campus.course) == user
    course = await ask(f"/courses/{campus.course}")
    assert course["sections"] == [
        {
            "title": "",
            "units": [
                {"title": "Begin here", "kind": "page", "weight": 0, "seconds": None},
                {"title": "Equations", "kind": "quiz", "weight": 4_000, "seconds": None},
                {"title": "Groups", "kind": "essay", "weight": 6_000, "seconds": None},
            ],
        }
    ]
    runs = (await campus.see("/runs", position, course_id=campus.course))["items"]
    assert course["runs"] == [{**run, "seats_left": 30, "waiting": 0} for run in runs]
    for missing in (hidden, f"{campus.course}-none"):
        answer = await campus.client.get(f"/v1/public/courses/{missing}")
        assert (answer.status_code, answer.json()["code"]) == (404, "course_not_found")
    await campus.see("/runs", await campus.send(f"/runs/{campus.run}/close", user="admin"))
    assert (await ask(f"/courses/{campus.course}"))["runs"] == []
