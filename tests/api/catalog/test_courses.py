"""Courses and versions over HTTP."""

from typing import Any

from tests.support.api import UNITS, Campus


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
