"""Courses, versions and runs over HTTP."""

import asyncio
from typing import Any

from commands.lookups.catalog import STRUCTURE_MAX_AGE
from tests.support.api import UNITS, Campus

AT, LATER = "2026-02-01T00:00:00Z", "2126-06-30T00:00:00Z"


async def test_a_course_with_a_version_and_a_run_can_be_looked_up(campus: Campus) -> None:
    """What was put into the catalog is there as soon as its position is asked for."""
    position = await campus.open_run(capacity=30)
    course = await campus.see(f"/courses/{campus.course}", position, user=campus.learner)
    assert (course["title"], course["runs"], len(course["versions"])) == ("Algebra", [campus.run], 1)
    version = await campus.see(f"/courses/{campus.course}/versions/1", position)
    assert version["units"] == UNITS
    run = await campus.see(f"/runs/{campus.run}", position)
    assert (run["status"], run["capacity"], run["course_id"]) == ("open", 30, campus.course)
    await campus.send(f"/runs/{campus.run}/close", user="admin")


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


async def test_pages_of_courses_follow_each_other(campus: Campus) -> None:
    """Every course is on exactly one page, and the Link header leads to the next."""
    position = 0
    for number in range(5):
        body = {"course_id": f"{campus.course}-{number}", "title": "One of five"}
        position = await campus.send("/courses", body, user="admin")
    found: list[str] = []
    await campus.see("/courses", position)
    page = await campus.get("/courses", limit=2)
    while True:
        found += [course["course_id"] for course in page.json()["items"]]
        if page.json()["next"] is None:
            break
        assert page.links["next"]["url"].startswith("/v1/courses?")
        page = await campus.client.get(page.links["next"]["url"], headers=await campus.as_user("admin"))
    assert found == sorted(set(found))
    assert {f"{campus.course}-{number}" for number in range(5)} <= set(found)


async def test_a_list_of_courses_is_read_both_ways(campus: Campus) -> None:
    """Filtered by a part of the title, sorted either way, counted on request; the page before is the same again."""
    position = 0
    for number in range(5):
        body = {"course_id": f"{campus.course}-{number}", "title": f"{9 - number} of {campus.tag}", "language": "fr"}
        position = await campus.send("/courses", body, user="admin")
    asked: dict[str, Any] = {"q": campus.tag.upper(), "language": "fr", "sort": "title", "limit": 2, "total": 1}
    first = await campus.see("/courses", position, **asked)
    assert (first["total"], first["prev"]) == (5, None)
    pages = [first]
    while pages[-1]["next"]:
        pages.append((await campus.get("/courses", **asked, cursor=pages[-1]["next"])).json())
    names = [[course["course_id"][-1] for course in page["items"]] for page in pages]
    assert names == [["4", "3"], ["2", "1"], ["0"]]
    last, back = pages[-1], []
    while last["prev"]:
        answer = await campus.get("/courses", **asked, cursor=last["prev"])
        last = answer.json()
        back.append([course["course_id"][-1] for course in last["items"]])
    assert back == [["2", "1"], ["4", "3"]]
    assert set(answer.links) == {"next"}
    middle = await campus.get("/courses", **asked, cursor=first["next"])
    assert set(middle.links) == {"next", "prev"}
    down = await campus.see("/courses", position, **{**asked, "order": "desc", "limit": 9, "total": 0})
    assert [course["course_id"][-1] for course in down["items"]] == ["0", "1", "2", "3", "4"]
    assert down["total"] is None
    refused = await campus.get("/courses", **{**asked, "sort": "id"}, cursor=first["next"])
    assert refused.json()["code"] == "bad_cursor"


async def test_a_page_may_end_with_the_longest_title(campus: Campus) -> None:
    """Its cursor has the title, however many bytes its characters take, and leads on."""
    position = 0
    for number, character in enumerate(("\U0001f600", "\x01", "\x02")):
        body = {"course_id": f"{campus.course}-{number}", "title": character * 200}
        position = await campus.send("/courses", body, user="admin")
    page = await campus.see("/courses", position, sort="title", order="desc", q=campus.tag, limit=1)
    found = [page["items"][0]["course_id"][-1]]
    while page["next"]:
        page = (
            await campus.get("/courses", sort="title", order="desc", limit=1, q=campus.tag, cursor=page["next"])
        ).json()
        found.append(page["items"][0]["course_id"][-1])
    assert found == ["0", "2", "1"]


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


async def test_learners_cannot_change_the_catalog(campus: Campus) -> None:
    """That is for instructors and admins."""
    refused = await campus.post("/courses", {"course_id": campus.course, "title": "Mine"})
    assert (refused.status_code, refused.json()["code"]) == (403, "staff_only")


async def test_what_does_not_exist_is_not_found(campus: Campus) -> None:
    """With a code that says which kind of thing."""
    for path, code in [
        ("/courses/none", "course_not_found"),
        ("/courses/none/versions/1", "course_not_found"),
        ("/runs/none", "run_not_found"),
        ("/quizzes/none", "quiz_not_found"),
        ("/runs/none/dashboard", "run_not_found"),
    ]:
        answer = await campus.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, code), path
