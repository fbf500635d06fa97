"""Many commands in one request, over HTTP."""

import json
import math
from typing import Any

from tests.support.api import Campus


def enrollment(campus: Campus, number: int, **more: str) -> dict[str, Any]:
    """A command of the bulk: one learner asks for a place."""
    body = {"run_id": campus.run, "learner_id": f"{campus.learner}-{number}", **more}
    return {"path": "/v1/enrollments", "body": body, "idempotency_key": f"{campus.tag}-{number}"}


async def test_each_command_is_answered_by_itself(campus: Campus) -> None:
    """As its own route would: what is refused has its problem, the rest is done; a repetition does nothing again."""
    await campus.open_run()
    commands = [
        enrollment(campus, 1),
        enrollment(campus, 2, run_id="no-such-run"),
        enrollment(campus, 3, seat="best"),
        enrollment(campus, 4),
        {"path": f"/v1/runs/{campus.run}/nothing", "idempotency_key": f"{campus.tag}-5"},
    ]
    answer = await campus.post("/bulk", {"commands": commands}, user="admin")
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert [(each["status"], each.get("problem", {}).get("code")) for each in found["items"]] == [
        (202, None),
        (404, "run_not_found"),
        (422, "invalid_request"),
        (202, None),
        (404, "no_such_page"),
    ]
    assert found["position"] == found["items"][3]["position"] > found["items"][0]["position"]
    page = await campus.see(f"/runs/{campus.run}/learners", found["position"])
    assert [row["learner_id"][-1] for row in page["items"]] == ["1", "4"]
    again = (await campus.post("/bulk", {"commands": commands}, user="admin")).json()
    assert [each.get("position") for each in again["items"]] == [each.get("position") for each in found["items"]]


async def test_a_bulk_takes_no_value_that_its_commands_do_not(campus: Campus) -> None:
    """`NaN` is no JSON, and not null (no limit of seats, a grade by the key); half of a character is no text."""
    await campus.open_run()
    plan = {"course_id": campus.course, "starts_at": "2026-02-01T00:00:00Z", "ends_at": "2126-02-01T00:00:00Z"}
    wrong: tuple[dict[str, Any], ...]
    wrong = ({"capacity": math.nan}, {"waitlist_limit": -math.inf}, {"pacing": "\ud800"}, {"capacity": 10**30})
    bodies = [{"run_id": f"{campus.tag}-{number}", **plan, **each} for number, each in enumerate(wrong)]
    commands = [{"path": "/v1/runs", "idempotency_key": body["run_id"], "body": body} for body in bodies]
    headers = await campus.as_user("admin", **{"content-type": "application/json"})

    async def said(path: str, body: dict[str, Any]) -> Any:
        return (await campus.client.post(f"/v1{path}", content=json.dumps(body), headers=headers)).json()

    answers = (await said("/bulk", {"commands": commands}))["items"]
    assert [each["status"] for each in answers] == [422] * len(bodies)
    assert [each["problem"]["detail"] for each in answers] == [(await said("/runs", body))["detail"] for body in bodies]


async def test_a_command_of_a_bulk_is_the_same_when_sent_alone(campus: Campus) -> None:
    """By its key it gets the first answer, whether or not it has a body; what no header could say is no key."""
    await campus.open_run()
    bodiless = {"path": f"/v1/runs/{campus.run}/close", "idempotency_key": f"{campus.tag} 2"}
    commands = [enrollment(campus, 1), bodiless]
    answer = await campus.post("/bulk", {"commands": commands}, user="admin")
    positions = [each["position"] for each in answer.json()["items"]]
    await campus.send(f"/runs/{campus.run}/open", user="admin")
    alone = [
        await campus.send(each["path"].removeprefix("/v1"), each.get("body"), user="admin", key=each["idempotency_key"])
        for each in commands
    ]
    assert alone == positions
    wrong = [{**bodiless, "idempotency_key": f"{campus.tag} "}]
    assert (await campus.post("/bulk", {"commands": wrong}, user="admin")).json()["code"] == "invalid_request"


async def test_a_bulk_allows_no_more_than_its_commands_do(campus: Campus) -> None:
    """A learner may not act for another; a bulk has commands only, each with a key of its own."""
    await campus.open_run()
    answer = await campus.post("/bulk", {"commands": [enrollment(campus, 1)]})
    assert [each["problem"]["code"] for each in answer.json()["items"]] == ["not_yours"]
    twice = {"commands": [enrollment(campus, 1), enrollment(campus, 1)]}
    assert (await campus.post("/bulk", twice, user="admin")).json()["code"] == "same_key"
    for path in ("/v1/bulk", "/v1/dev/login", "/v1/events/ticket", "/v1/enrollments/"):
        wrong = {"commands": [{"path": path, "idempotency_key": "k"}]}
        assert (await campus.post("/bulk", wrong, user="admin")).json()["code"] == "invalid_request"
    assert (await campus.client.post("/v1/bulk", json={"commands": [enrollment(campus, 1)]})).status_code == 401
