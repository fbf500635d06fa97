"""Grades from tools: by the library of the double, and by tools that lie."""

import asyncio
from typing import Any

from pylti1p3.assignments_grades import AssignmentsGradesService
from pylti1p3.grade import Grade

from adapters.lti.claims import AGS
from tests.support.lti import ToolDouble, broken

AT, LATER = "2026-02-14T18:00:00.000Z", "2026-02-14T18:00:00.001+00:00"


async def test_a_score_becomes_a_grade(tool: ToolDouble) -> None:
    """Sent by the library of the double: the unit is completed, and the dashboard has the grade."""
    await tool.campus.enroll()
    claims = await tool.launch()
    service = AssignmentsGradesService(tool.connector(), claims[f"{AGS}claim/endpoint"])
    grade = Grade().set_score_given(15).set_score_maximum(20).set_user_id(claims["sub"]).set_timestamp(AT)
    grade.set_activity_progress("Completed").set_grading_progress("FullyGraded").set_comment("well done")

    def use() -> tuple[Any, Any, Any]:
        item = service.get_lineitem()
        service.put_grade(grade)
        return item, list(service.get_lineitems()), list(service.get_grades())

    item, items, grades = await asyncio.to_thread(use)
    assert (item.get_label(), item.get_score_maximum()) == ("Lab", 20)
    assert [each["id"] for each in items] == [item.get_id()]
    assert [(each["userId"], each["resultScore"], each["resultMaximum"]) for each in grades] == [
        (claims["sub"], 15, 20)
    ]

    def is_graded(found: dict[str, Any]) -> bool:
        return any(course["grade_so_far_bp"] == 7_500 for course in found.get("courses", []))

    await tool.campus.until_answer("/me/dashboard", is_graded)


async def test_the_latest_score_is_the_result(tool: ToolDouble) -> None:
    """An older one is refused, also when it comes later; the same twice is one fact; more than all is all."""
    await tool.campus.enroll()
    token, sub = await tool.token(), (await tool.launch())["sub"]
    body = {"userId": sub, "timestamp": LATER, "scoreGiven": 1.1, "scoreMaximum": 1}
    first = await tool.score(token, body)
    assert first.status_code == 200, first.text
    assert (await tool.score(token, body)).json() == first.json()
    old = await tool.score(token, {**body, "timestamp": AT, "scoreGiven": 0.5})
    assert (old.status_code, old.json()["code"]) == (409, "score_behind")
    path = f"/v1/lti/runs/{tool.campus.run}/line-items/lab/results"
    results = (await tool.campus.client.get(path, params={"user_id": sub}, headers=token)).json()
    assert [(each["resultScore"], each["resultMaximum"]) for each in results] == [(1.1, 1)]


async def test_what_is_no_score_is_refused(tool: ToolDouble) -> None:
    """With a sentence; and nothing of another's unit, run, course or learner is scored."""
    await tool.campus.enroll()
    token, sub = await tool.token(), (await tool.launch())["sub"]
    body = {"userId": sub, "timestamp": AT, "scoreGiven": 1, "scoreMaximum": 2}
    for change in (
        {"scoreGiven": -1},
        {"scoreMaximum": 0},
        {"scoreMaximum": None},
        {"scoreGiven": "many"},
        {"timestamp": "today"},
        {"timestamp": "2026-02-14T18:00:00"},
        {"timestamp": "0001-01-01T00:00:00+14:00"},
        {"timestamp": "9999-12-31T23:59:59-01:00"},
        {"activityProgress": "Done"},
        {"gradingProgress": None},
        {"userId": "ann"},
        {"userId": broken(sub)},
        {"userId": tool.campus.learner},
    ):
        answer = await tool.score(token, {**body, **change})
        assert (answer.status_code, answer.json()["code"]) == (422, "bad_tool_score"), change
    foreign = await tool.score(token, body, "essay")
    assert (foreign.status_code, foreign.json()["code"]) == (404, "no_line_item")
    assert (await tool.score({}, body)).status_code == 401
    assert (await tool.score(await tool.token("results"), body)).status_code == 401


async def test_a_refusal_names_no_person(tool: ToolDouble) -> None:
    """Of one who has left, or who never had a place, the tool gets to know nothing but that."""
    campus, left = tool.campus, f"left-{tool.campus.tag}"
    await campus.enroll(left)
    token = await tool.token("scores")
    subs = [(await tool.launch(user=user))["sub"] for user in (left, "admin")]
    await campus.send("/enrollments/withdraw", {"run_id": campus.run, "reason": "moved"}, user=left)
    for sub in subs:
        body = {"userId": sub, "timestamp": AT, "scoreGiven": 1, "scoreMaximum": 2}
        answer = await tool.score(token, body)
        assert (answer.status_code, answer.json()["code"]) == (422, "bad_tool_score")
        assert answer.json()["detail"].endswith("userId is that of no person who has a place on the run now")
        assert left not in answer.text


async def test_a_tool_of_another_course_sees_nothing(tool: ToolDouble) -> None:
    """Its token is good, but not there: neither reads nor scores."""
    campus, other = tool.campus, f"tool-o{tool.campus.tag}"
    await campus.enroll()
    sub = (await tool.launch())["sub"]
    await campus.send("/lti/tools", {"tool_id": other, "reason": "x", **tool.terms}, user="admin")
    tool.tool_id = other
    token = await tool.token()
    body = {"userId": sub, "timestamp": AT, "scoreGiven": 1, "scoreMaximum": 2}
    assert (await tool.score(token, body)).status_code == 404
    base = f"/v1/lti/runs/{campus.run}"
    for path in ("line-items", "line-items/lab", "line-items/lab/results", "members"):
        assert (await campus.client.get(f"{base}/{path}", headers=token)).status_code == 404, path
    await campus.send(f"/lti/tools/{other}/deploy", {"course_id": campus.course, "reason": "x"}, user="admin")
    assert (await campus.client.get(f"{base}/line-items", headers=token)).json() == []
    assert (await tool.score(token, body)).status_code == 404
