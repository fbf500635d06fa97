"""Line items that tools make, by the library of the double, and by tools that reach too far."""

import asyncio

from pylti1p3.assignments_grades import AssignmentsGradesService
from pylti1p3.grade import Grade
from pylti1p3.lineitem import LineItem

from adapters.lti.claims import AGS
from tests.support.lti import ToolDouble

AT = "2026-02-14T18:00:00.000Z"


async def test_a_tool_makes_a_line_item_and_scores_by_it(tool: ToolDouble) -> None:
    """Made, found, scored and removed; its results are the tool's, and no grade comes of them."""
    await tool.campus.enroll()
    claims = await tool.launch()
    service = AssignmentsGradesService(tool.connector(), claims[f"{AGS}claim/endpoint"])
    wanted = LineItem().set_label("Draft").set_score_maximum(12.5).set_resource_id("draft").set_tag("early")
    wanted.set_resource_link_id("lab")
    grade = Grade().set_score_given(10).set_score_maximum(12.5).set_user_id(claims["sub"]).set_timestamp(AT)
    grade.set_activity_progress("Completed").set_grading_progress("FullyGraded")

    def use() -> tuple[str, list[str], list[float]]:
        made = service.find_or_create_lineitem(wanted, find_by="resource_id")
        again = service.find_or_create_lineitem(wanted, find_by="resource_id")
        assert made.get_id() == again.get_id()
        service.put_grade(grade, made)
        labels = [each["label"] for each in service.get_lineitems()]
        return str(made.get_id()), labels, [each["resultScore"] for each in service.get_grades(made)]

    item_url, labels, results = await asyncio.to_thread(use)
    assert (labels, results) == (["Lab", "Draft"], [10])
    campus, token = tool.campus, await tool.token("own_line_items")
    item = item_url.removeprefix(tool.issuer)
    change = {"label": "First draft", "scoreMaximum": 10}
    answer = await campus.client.put(item, json=change, headers=token)
    assert answer.status_code == 200, answer.text
    assert answer.json() == {
        "id": item_url,
        "label": "First draft",
        "scoreMaximum": 10,
        "resourceLinkId": "lab",
        "resourceId": "",
        "tag": "",
    }
    removed = await campus.client.delete(item, headers=token)
    assert (removed.status_code, removed.content) == (204, b"")
    for method in ("GET", "DELETE"):
        gone = await campus.client.request(method, item, headers=token)
        assert (gone.status_code, gone.json()["code"]) == (404, "no_line_item")


async def test_a_tool_reaches_no_further_than_its_own_line_items(tool: ToolDouble) -> None:
    """Not units of the course, nor units of others, nor with a scope that only reads."""
    campus, token = tool.campus, await tool.token("own_line_items")
    path = f"/v1/lti/runs/{campus.run}/line-items"
    body = {"label": "Draft", "scoreMaximum": 10, "resourceLinkId": "lab"}
    for change in (
        {"resourceLinkId": "essay"},
        {"resourceLinkId": None},
        {"scoreMaximum": 0},
        {"scoreMaximum": 1e300},
        {"label": ""},
        {"label": None},
    ):
        answer = await campus.client.post(path, json={**body, **change}, headers=token)
        assert (answer.status_code, answer.json()["code"]) == (422, "bad_line_item"), change
    for method in ("PUT", "DELETE"):
        answer = await campus.client.request(method, f"{path}/lab", json=body, headers=token)
        assert (answer.status_code, answer.json()["code"]) == (403, "line_item_of_course")
    reading = await tool.token("line_items")
    assert (await campus.client.post(path, json=body, headers=reading)).status_code == 401
    made = await campus.client.post(path, json=body, headers=token)
    assert (made.status_code, made.headers["location"]) == (201, made.json()["id"])
    answer = await campus.client.put(
        made.json()["id"].removeprefix(tool.issuer), json={**body, "resourceLinkId": "essay"}, headers=token
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_line_item")
