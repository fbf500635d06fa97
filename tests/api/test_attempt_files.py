"""Files handed in with an answer, over HTTP: of this attempt only, and for those who may see it."""

import hashlib
from typing import Any

import httpx

from tests.support.api import Campus
from tests.support.polling import until

UPLOAD = {
    "question": {"kind": "file_upload", "question_id": "f1", "text": "Your essay?", "accept": [".pdf"]},
    "key": {"kind": "file_upload", "guidance": "One point."},
}
ESSAY = b"%PDF-1.7 my essay"
SHA256 = hashlib.sha256(ESSAY).hexdigest()


async def bytes_of(campus: Campus, path: str, user: str) -> httpx.Response:
    """A file."""
    return await campus.client.get(f"/v1{path}", headers=await campus.as_user(user))


async def test_a_file_is_handed_in_and_graded(campus: Campus) -> None:
    """Kept by its hash; an unknown one is refused; another learner reads nothing; a person grades by the handle."""
    await campus.begin()
    quiz, learner = f"f-{campus.tag}", campus.learner
    plan = {"questions": [UPLOAD], "rules": {"anonymous": True, "must_start": True}}
    place = {"quiz_id": quiz, "run_id": campus.run, "unit_id": "q2", "title": "Essay", "kind": "essay"}
    await campus.send("/quizzes", {**place, **plan}, user="instructor")
    path = f"/quizzes/{quiz}/attempts"
    headers = await campus.as_user(learner)

    async def upload() -> httpx.Response:
        octets = {**headers, "content-type": "application/octet-stream"}
        return await campus.client.post(f"/v1{path}/1/files", content=ESSAY, headers=octets)

    async def answer(**file: Any) -> httpx.Response:
        named = {"name": "essay of ann.pdf", "sha256": SHA256, "size": len(ESSAY), "media_type": "application/pdf"}
        response = {"kind": "file_upload", "files": [{**named, **file}]}
        body = {"client_seq": 1, "response": response}
        return await campus.client.put(f"/v1{path}/1/answers/f1", json=body, headers=headers)

    refused = await upload()
    assert (refused.status_code, refused.json()["code"]) == (404, "attempt_not_found")
    await campus.send(path, {})
    refused = await answer()
    assert (refused.status_code, refused.json()["code"]) == (422, "file_not_handed_in")
    kept = await upload()
    assert (kept.status_code, kept.json()) == (201, {"sha256": SHA256, "size": len(ESSAY)})
    for wrong in ({"size": 1}, {"sha256": "\0" * 64}, {"sha256": ["x"]}):
        refused = await answer(**wrong)
        assert (refused.status_code, refused.json()["code"]) == (422, "file_not_handed_in"), wrong
    assert (await answer()).status_code == 202

    mine = await bytes_of(campus, f"/me{path}/1/files/{SHA256}", learner)
    assert (mine.content, mine.headers["content-type"]) == (ESSAY, "application/octet-stream")
    assert mine.headers["content-disposition"] == "attachment; filename*=UTF-8''essay%20of%20ann.pdf"
    other = f"other-{campus.tag}"
    refused = await bytes_of(campus, f"/me{path}/1/files/{SHA256}", other)
    assert (refused.status_code, refused.json()["code"]) == (404, "file_not_found")
    refused = await bytes_of(campus, f"/learners/{learner}{path}/1/files/{SHA256}", other)
    assert (refused.status_code, refused.json()["code"]) == (403, "not_yours")

    await _takes_no_file(campus, headers)
    await campus.send(f"{path}/1/submit", {})
    refused = await upload()
    assert (refused.status_code, refused.json()["code"]) == (409, "attempt_ended")
    queue: list[Any] = []

    async def waits() -> bool:
        found = await campus.see(f"/quizzes/{quiz}/grading", 0, user="instructor")
        queue[:] = found["items"]
        return bool(queue)

    await until(waits)
    grading = f"/quizzes/{quiz}/grading/{queue[0]['handle']}/files"
    seen = await bytes_of(campus, f"{grading}/{SHA256}", "instructor")
    assert (seen.content, seen.headers["content-disposition"]) == (ESSAY, f"attachment; filename*=UTF-8''{SHA256}")
    refused = await bytes_of(campus, f"{grading}/{'0' * 64}", "instructor")
    assert (refused.status_code, refused.json()["code"]) == (404, "file_not_found")
    refused = await bytes_of(campus, f"{grading}/{SHA256}", learner)
    assert (refused.status_code, refused.json()["code"]) == (403, "staff_only")


async def _takes_no_file(campus: Campus, headers: dict[str, str]) -> None:
    """An attempt at a quiz without a question of that kind."""
    path = f"/quizzes/{campus.quiz}/attempts"
    await campus.send(path, {})
    octets = {**headers, "content-type": "application/octet-stream"}
    refused = await campus.client.post(f"/v1{path}/1/files", content=ESSAY, headers=octets)
    assert (refused.status_code, refused.json()["code"]) == (409, "no_file_asked")
