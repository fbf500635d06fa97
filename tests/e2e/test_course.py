"""A course as a whole: authored, run, taken, graded, regraded, appealed and certified over HTTP."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from tests.support.api import Campus, every_read_model
from tests.support.campus_up import RunningCampus
from tests.support.every_kind import ASKED, units
from tests.support.polling import PATIENCE

pytestmark = [pytest.mark.slow, pytest.mark.processes]

CONTENTS = {
    "text": b"# Groups\n\nA *set* with an operation.",
    "film": bytes(200_000),
    "file": b"%PDF-1.7\n",
    "captions": b"WEBVTT\n\n00:00.000 --> 00:01.000\nHello\n",
}
POSSIBLE = sum(int(each["question"]["points"]) for each in ASKED)
LETTERS = [{"letter": "A", "from_bp": 9_500}, {"letter": "B", "from_bp": 4_000}, {"letter": "F", "from_bp": 0}]


@pytest.fixture
async def campus(running: RunningCampus) -> AsyncIterator[Campus]:
    """A client of a campus that was started as a newcomer starts it."""
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{running.port}", timeout=PATIENCE) as client:
        await every_read_model(client)
        yield Campus(client)


async def upload(campus: Campus, path: str, body: bytes, user: str) -> dict[str, Any]:
    """Send bytes as they are; what names them."""
    headers = await campus.as_user(user, **{"content-type": "application/octet-stream"})
    answer = await campus.client.post(f"/v1{path}", content=body, headers=headers)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def authored(campus: Campus) -> None:
    """A course from its draft, with a section and letters, published; and a run of it with two assessments."""
    await campus.send("/courses", {"course_id": campus.course, "title": "Groups"}, user="admin")
    path = f"/courses/{campus.course}"
    contents = {name: await upload(campus, f"{path}/contents", body, "admin") for name, body in CONTENTS.items()}
    await campus.send(f"{path}/draft", {}, user="admin")
    edits: list[dict[str, Any]] = [{"op": "add_section", "section_id": "s1", "title": "Basics"}]
    edits += [{"op": "add_unit", "unit": unit, "section_id": "s1"} for unit in units(contents)]
    edits += [{"op": "change_policy", "policy": {"letters": LETTERS}}]
    position = await campus.send(f"{path}/draft/edits", {"revision": 1, "edits": edits}, user="admin")
    draft = await campus.see(f"{path}/draft", position, user="admin")
    assert draft["problems"] == []
    await campus.send(f"{path}/draft/publish", {"revision": draft["revision"]}, user="admin")
    plan = {"starts_at": "2026-02-01T00:00:00Z", "ends_at": "2126-06-30T00:00:00Z", "time_zone": "Europe/Berlin"}
    await campus.send("/runs", {"run_id": campus.run, "course_id": campus.course, **plan}, user="admin")
    await campus.send(f"/runs/{campus.run}/open", user="admin")
    place = {"run_id": campus.run, "quiz_id": campus.quiz, "unit_id": "exam", "title": "Exam", "time_limit": 3_600}
    questions = [{"question": each["question"], "key": each["key"]} for each in ASKED]
    await campus.send("/quizzes", {**place, "questions": questions}, user="instructor")
    paper = {"run_id": campus.run, "quiz_id": f"{campus.quiz}-paper", "unit_id": "paper", "title": "Paper"}
    await campus.send("/quizzes", {**paper, "kind": "assignment"}, user="instructor")


async def studied(campus: Campus) -> None:
    """The text is read and the film watched to its end, which completes both."""
    of_run = {"run_id": campus.run}
    await campus.send("/progress/units/open", {**of_run, "unit_id": "text"})
    batch = {"device": "laptop", "client_seq": 1, "segments": [[0, 60_000]], "position_ms": 60_000, "seconds": 60}
    await campus.send("/progress/units/watch", {**of_run, "unit_id": "film", **batch})
    await campus.until_answer("/me/dashboard", lambda found: {"film"} <= {*found["courses"][0]["completed"]})


async def taken(campus: Campus) -> None:
    """Every question of the exam is answered, with a file where one is asked for."""
    path = f"/quizzes/{campus.quiz}/attempts"
    await campus.send(path, {})
    file = await upload(campus, f"{path}/1/files", b"%PDF-1.7\n", campus.learner)
    proof = {"kind": "file_upload", "files": [{**file, "name": "proof.pdf", "media_type": "application/pdf"}]}
    headers = await campus.as_user(campus.learner)
    for number, each in enumerate(ASKED, 1):
        body = {"client_seq": number, "response": each["right"] or proof}
        item = each["question"]["question_id"]
        answer = await campus.client.put(f"/v1{path}/1/answers/{item}", json=body, headers=headers)
        assert (answer.status_code, answer.json().get("stands")) == (202, True), answer.text
    await campus.send(f"{path}/1/submit", {})


async def graded(campus: Campus) -> None:
    """A person gives points by the rubric for what no key can mark: all for the essay, none for the file."""
    queue = f"/quizzes/{campus.quiz}/grading"
    found = await campus.until_answer(queue, lambda found: found["items"], user="instructor")
    assert found["waiting"] == 1
    assert sorted(item["item_id"] for item in found["items"]) == ["essay", "file_upload"]
    for item in found["items"]:
        levels = {"proof": "whole" if item["item_id"] == "essay" else "none"}
        mark = f"{queue}/{item['handle']}/items/{item['item_id']}"
        await campus.send(mark, {"levels": levels, "comment": "Read."}, user="instructor")


async def corrected(campus: Campus) -> None:
    """A wrong key is set right, after it is seen for whom that changes what."""
    path = f"/quizzes/{campus.quiz}/regrades"
    key = {"kind": "true_false", "right": True}
    wanted = {"items": [{"item_id": "true_false", "key": key}], "reason": "it is true"}
    preview = (await campus.post(path, wanted, user="instructor")).json()
    assert (preview["affected"], preview["changes"][0]["learner_id"]) == (1, campus.learner)
    await campus.send(f"{path}/1/commit", {}, user="instructor")


async def has_score(campus: Campus, points: int) -> None:
    """Wait until the gradebook has so many points for the exam."""
    book, expected = f"/runs/{campus.run}/gradebook", points * 10_000 // POSSIBLE
    await campus.until_answer(
        book,
        lambda found: expected in [row["best_bp"] for row in found["items"] if row["quiz_id"] == campus.quiz],
        user="instructor",
    )


async def appealed(campus: Campus) -> None:
    """The learner asks for another outcome and gets it; the credential follows, and the transcript keeps both."""
    await campus.send("/progress/appeals", {"run_id": campus.run, "words": "I want no honours"})
    answer = {"granted": True, "outcome": "pass", "words": "as you like"}
    path = f"/learners/{campus.learner}/runs/{campus.run}/appeals/1/answer"
    await campus.send(path, answer, user="instructor")
    found = await campus.until_answer("/me/transcript", lambda found: len(found["runs"][0]["credentials"]) == 2)
    (run,) = found["runs"]
    assert [each["outcome"] for each in run["outcomes"]] == ["distinction", "pass"]
    assert [each["status"] for each in run["credentials"]] == ["revoked", "valid"]
    public = await campus.client.get(f"/v1/credentials/{run['credentials'][1]['credential_id']}")
    assert (public.status_code, public.json()["status"], public.json()["outcome"]) == (200, "valid", "pass")


@asynccontextmanager
async def seen_live(campus: Campus, path: str, user: str) -> AsyncIterator[None]:
    """What happens inside changes what a stream of events is about."""
    headers = await campus.as_user(user)
    async with campus.client.stream("GET", f"/v1{path}", headers=headers) as answer:
        assert answer.status_code == 200
        lines = answer.aiter_lines()
        assert await anext(lines) is not None  # the greeting: it listens
        yield
        while not (await anext(lines)).startswith("data:"):
            pass


async def test_a_course_from_its_author_to_its_certificate(campus: Campus) -> None:
    """Each step is seen on the dashboards that it concerns, and live on those of the learner and of the run."""
    await authored(campus)
    await campus.see("/me/dashboard", await campus.enroll(), user=campus.learner)
    await studied(campus)
    await taken(campus)
    async with (
        seen_live(campus, "/me/events", campus.learner),
        seen_live(campus, f"/runs/{campus.run}/events", "instructor"),
    ):
        await graded(campus)
    await has_score(campus, POSSIBLE - 1 - 2)
    await corrected(campus)
    await has_score(campus, POSSIBLE - 2)
    paper = f"/quizzes/{campus.quiz}-paper/attempts/1"
    await campus.send(f"{paper}/submit", {})
    await campus.send(f"{paper}/grade", {"learner_id": campus.learner, "score_bp": 10_000}, user="instructor")
    seen = await campus.until_answer("/me/dashboard", lambda found: found["courses"][0]["status"] == "completed")
    (course,) = seen["courses"]
    assert (course["percent"], course["grade_bp"], course["letter"]) == (10_000, 9_000, "B")
    assert (course["outcome"], course["next_unit"]) == ("distinction", None)
    of_run = await campus.until_answer(
        f"/runs/{campus.run}/dashboard", lambda found: found["counts"]["funnel"]["passed"] == 1, user="instructor"
    )
    assert of_run["counts"]["outcomes"]["distinction"] == 1
    statistics = (await campus.get(f"/quizzes/{campus.quiz}/item-statistics", user="instructor")).json()
    assert (statistics["learners"], statistics["mean_points"]) == (1, POSSIBLE - 2)
    await appealed(campus)
