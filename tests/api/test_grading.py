"""What people grade, over HTTP: the queue of a quiz and of a run, without whose attempts they are; and hints."""

from typing import Any

import httpx

from adapters.settings import Settings
from tests.support.api import Campus
from tests.support.polling import until

LEVELS = [{"level_id": each, "text": each, "points": points} for each, points in (("two", "2"), ("one", "1"))]
ESSAY = {
    "question": {"kind": "essay", "question_id": "e1", "text": "Why?", "points": "5"},
    "key": {"kind": "essay", "rubric": [{"criterion_id": "reasons", "text": "Reasons", "levels": LEVELS}]},
}
HINTED = {"hints": ["Below a half.", "Above a quarter."], "hint_penalty": "1/2"}
NUMBER = {
    "question": {"kind": "numeric", "question_id": "n1", "text": "1/3?", **HINTED},
    "key": {"kind": "numeric", "answers": [{"value": "1/3", "tolerance": "0.01"}]},
}


async def put(campus: Campus, path: str, response: dict[str, Any]) -> None:
    """Save an answer."""
    headers = await campus.as_user(campus.learner)
    answer = await campus.client.put(f"/v1{path}", json={"client_seq": 1, "response": response}, headers=headers)
    assert answer.status_code == 202, answer.text


async def ask_hint(campus: Campus, path: str) -> httpx.Response:
    """Ask for a hint."""
    return await campus.client.put(f"/v1{path}", json={}, headers=await campus.as_user(campus.learner))


async def test_people_grade_what_no_key_can(campus: Campus, lively: Settings) -> None:
    """Without seeing whose it is; the number is marked by its key; the last mark grades the attempt."""
    await campus.begin()
    quiz = f"g-{campus.tag}"
    sections = [{"section_id": "all", "items": ["e1", "n1"]}]
    plan = {"questions": [ESSAY, NUMBER], "sections": sections, "rules": {"anonymous": True}}
    place = {"quiz_id": quiz, "run_id": campus.run, "unit_id": "q2", "title": "Mixed", "kind": "essay"}
    await campus.send("/quizzes", {**place, **plan}, user="instructor")
    path = f"/quizzes/{quiz}/attempts"
    await campus.send(path, {})
    await put(campus, f"{path}/1/answers/e1", {"kind": "essay", "text": "Because."})
    shown = (await ask_hint(campus, f"{path}/1/items/n1/hints/1")).json()
    assert (shown["text"], shown["penalty"], shown["left"]) == ("Below a half.", "1/2", 1)
    assert (await ask_hint(campus, f"{path}/1/items/n1/hints/1")).json() == shown
    refused = await ask_hint(campus, f"{path}/1/items/n1/hints/3")
    assert (refused.status_code, refused.json()["code"]) == (404, "hint_not_found")
    await put(campus, f"{path}/1/answers/n1", {"kind": "numeric", "value": "0,33"})
    await campus.send(f"{path}/1/submit", {})
    queue: list[Any] = []

    async def waits() -> bool:
        found = await campus.see(f"/quizzes/{quiz}/grading", 0, user="instructor")
        queue[:] = found["items"]
        return bool(queue)

    await until(waits)
    (item,) = queue
    of_run = await campus.see(f"/runs/{campus.run}/grading", 0, user="instructor")
    assert (of_run["waiting"], [each["handle"] for each in of_run["items"]]) == (1, [item["handle"]])
    assert (item["quiz_id"], [each["criterion_id"] for each in item["rubric"]]) == (quiz, ["reasons"])
    assert (item["learner_id"], item["item_id"], item["response"]["text"]) == (None, "e1", "Because.")
    mark = f"/quizzes/{quiz}/grading/{item['handle']}/items/e1"
    refused = await campus.post(mark, {"earned": "4"})
    assert (refused.status_code, refused.json()["code"]) == (403, "staff_only")
    refused = await campus.post(mark, {"earned": "4"}, user=campus.who_teaches(lively))
    assert (refused.status_code, refused.json()["code"]) == (403, "own_matter")
    refused = await campus.post(mark, {"earned": "6"}, user="instructor")
    assert (refused.status_code, refused.json()["code"]) == (422, "bad_mark")
    refused = await campus.post(mark, {"levels": {"reasons": "three"}}, user="instructor")
    assert (refused.status_code, refused.json()["code"]) == (422, "bad_levels")
    refused = await campus.post(mark.replace(item["handle"], "0" * 16), {"earned": "4"}, user="instructor")
    assert (refused.status_code, refused.json()["code"]) == (404, "attempt_not_found")
    position = await campus.send(mark, {"levels": {"reasons": "one"}, "comment": "Short."}, user="instructor")
    seen = await campus.see(f"/me{path}/1", position, user=campus.learner)
    assert (seen["status"], seen["score_bp"]) == ("graded", 5_000)
    assert [each["hints"] for each in seen["items"]] == [[], ["Below a half."]]
    assert [each["feedback"] for each in seen["items"] if each["item_id"] == "e1"] == [["Short."]]
    assert {each["item_id"]: each["earned"] for each in seen["items"]} == {"e1": "2.5", "n1": "0.5"}
    assert (await campus.see(f"/quizzes/{quiz}/grading", position, user="instructor"))["waiting"] == 0
