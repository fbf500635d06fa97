"""Attempts over HTTP: started, answered one by one, submitted, looked at as the rules let the learner."""

import hashlib
import json
from typing import Any

import httpx

from tests.support.api import ITEMS, Campus
from tests.support.polling import until


async def timed(campus: Campus, **more: Any) -> str:
    """A quiz of ten minutes on the campus's run, with a learner on it; the path of its attempts."""
    await campus.open_run()
    quiz = {"quiz_id": f"t-{campus.tag}", "run_id": campus.run, "unit_id": "q1", "title": "Timed", "items": ITEMS}
    rules = {"rules": {"honour": "I work alone.", **more.pop("rules", {})}, "password": "ratio-17"}
    limits = {"key": [1, 0], "time_limit": 600, "due_at": "2126-02-15T00:00:00Z"}
    await campus.send("/quizzes", {**quiz, **limits, **rules, **more}, user="instructor")
    await campus.enroll()
    return f"/quizzes/t-{campus.tag}/attempts"


ENTRY = {"password": "ratio-17", "honour": True}


async def put(campus: Campus, path: str, client_seq: int, option: str | None, *, user: str = "") -> httpx.Response:
    """Save an answer."""
    response = None if option is None else {"kind": "single_choice", "option_id": option}
    headers = await campus.as_user(user or campus.learner)
    body = {"client_seq": client_seq, "response": response}
    return await campus.client.put(f"/v1{path}", json=body, headers=headers)


async def test_a_timed_quiz_is_taken(campus: Campus) -> None:
    """With password and honour; each answer has a receipt that can be checked; the key stays hidden until it is due."""
    path = await timed(campus)
    refused = await campus.post(path, {"honour": True})
    assert (refused.status_code, refused.json()["code"]) == (403, "wrong_quiz_password")
    started = await campus.post(path, ENTRY)
    assert (started.status_code, started.json()["attempt_no"]) == (202, 1)
    assert (await campus.post(path, ENTRY)).json() == started.json()

    later = (await put(campus, f"{path}/1/answers/i1", 2, "1")).json()
    assert later["stands"]
    repeated = (await put(campus, f"{path}/1/answers/i1", 2, "1")).json()
    assert repeated == later
    overtaken = (await put(campus, f"{path}/1/answers/i1", 1, "0")).json()
    assert overtaken == {**later, "stands": False}
    said = {"attempt": f"attempt-{campus.learner}:t-{campus.tag}:1", "client_seq": 2, "item_id": "i1"}
    answer = {**said, "response": {"kind": "single_choice", "option_id": "1"}, "saved_at": later["saved_at"]}
    plain = json.dumps(answer, separators=(",", ":"), sort_keys=True)
    assert later["receipt"] == hashlib.sha256(plain.encode()).hexdigest()
    taken_back = (await put(campus, f"{path}/1/answers/i2", 1, None)).json()
    assert taken_back["stands"]

    mine = f"/me{path}/1"
    seen = await campus.see(mine, later["position"], user=campus.learner)
    assert (seen["status"], [item["client_seq"] for item in seen["items"]]) == ("running", [2, 1])
    assert (seen["items"][0]["receipt"], seen["items"][0]["key"]) == (later["receipt"], None)
    await campus.send(f"{path}/1/submit", {})

    async def is_graded() -> bool:
        shown = await campus.see(mine, 0, user=campus.learner)
        return bool(shown["status"] == "graded")

    await until(is_graded)
    seen = await campus.see(mine, 0, user=campus.learner)
    assert (seen["by"], seen["points"], seen["possible"]) == ("learner", 1, 2)
    assert [(item["earned"], item["key"]) for item in seen["items"]] == [("1", None), ("0", None)]
    refused = await put(campus, f"{path}/1/answers/i1", 3, "0")
    assert (refused.status_code, refused.json()["code"]) == (409, "attempt_ended")
    heads = await campus.see(f"/learners/{campus.learner}{path}", 0, user="instructor")
    assert [(head["attempt_no"], head["score_bp"]) for head in heads["items"]] == [(1, 5_000)]
    quiz = await campus.see(f"/quizzes/t-{campus.tag}", 0, user=campus.learner)
    assert quiz["items"] == []


async def test_more_time_is_granted(campus: Campus) -> None:
    """By staff, with a reason; the learner sees the new deadline."""
    path = await timed(campus, rules={"honour": ""}, password="")
    await campus.send(path, {})
    before = await campus.see(f"/me{path}/1", 0, user=campus.learner)
    grant = {"learner_id": campus.learner, "extra_seconds": 900, "reason": "nurse's note"}
    allowances = path.replace("attempts", "allowances")
    refused = await campus.post(allowances, grant)
    assert (refused.status_code, refused.json()["code"]) == (403, "staff_only")
    position = await campus.send(allowances, grant, user="instructor")
    after = await campus.see(f"/me{path}/1", position, user=campus.learner)
    assert after["deadline_at"] > before["deadline_at"]


async def test_what_attempts_refuse(campus: Campus) -> None:
    """Another's attempt, one that is not there, a quiz that is closed, a network that is not the exam's."""
    path = await timed(campus, rules={"honour": "", "networks": ["192.0.2.0/24"]}, password="")
    refused = await campus.post(path, {})
    assert (refused.status_code, refused.json()["code"]) == (403, "wrong_network")
    other = f"other-{campus.tag}"
    await campus.enroll(other)
    refused = await campus.post(path, {"learner_id": other})
    assert (refused.status_code, refused.json()["code"]) == (403, "not_yours")
    refused = await campus.get(f"/learners/{campus.learner}{path}/1", user=other)
    assert (refused.status_code, refused.json()["code"]) == (403, "not_yours")
    refused = await campus.get(f"/me{path}/1", user=campus.learner)
    assert (refused.status_code, refused.json()["code"]) == (404, "attempt_not_found")
    refused = await put(campus, f"{path}/1/answers/i1", 1, "0")
    assert (refused.status_code, refused.json()["code"]) == (404, "attempt_not_found")
