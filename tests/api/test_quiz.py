"""Quizzes and attempts over HTTP."""

from collections.abc import Awaitable

from tests.support.api import Campus
from tests.support.polling import until


async def test_a_quiz_is_shown_without_its_key(campus: Campus) -> None:
    """To staff as well."""
    position = await campus.open_run()
    quiz = await campus.see(f"/quizzes/{campus.quiz}", position, user=campus.learner)
    assert len(quiz["items"]) == 2
    assert "key" not in quiz
    heads = await campus.see(f"/runs/{campus.run}/quizzes", position)
    assert [head["quiz_id"] for head in heads["items"]] == [campus.quiz]
    assert "items" not in heads["items"][0]


async def test_an_attempt_is_handed_in_and_graded(campus: Campus) -> None:
    """By the key, soon after."""
    await campus.open_run()
    await campus.enroll()
    position = await campus.send(f"/quizzes/{campus.quiz}/attempts/1/submit", {"responses": [1, -1]})

    async def is_graded() -> bool:
        book = await campus.see(f"/runs/{campus.run}/gradebook", position)
        return [row["best_bp"] for row in book["items"]] == [5_000]

    await until(is_graded)


async def test_what_quizzes_refuse(campus: Campus) -> None:
    """What does not exist, too many answers, and a grade without an attempt."""
    await campus.open_run()
    await campus.enroll()
    missing = await campus.get("/quizzes/none")
    assert (missing.status_code, missing.json()["code"]) == (404, "quiz_not_found")
    attempt = f"/quizzes/{campus.quiz}/attempts/1"
    refused = await campus.post(f"{attempt}/submit", {"responses": [1, 0, 1]})
    assert (refused.status_code, refused.json()["code"]) == (422, "answer_count_mismatch")
    refused = await campus.post(f"{attempt}/grade", {"learner_id": campus.learner}, user="instructor")
    assert (refused.status_code, refused.json()["code"]) == (404, "not_submitted")


async def test_who_may_publish_hand_in_and_grade(campus: Campus) -> None:
    """Staff publishes and grades; learners hand in for themselves only."""
    await campus.open_run()
    other = f"other-{campus.tag}"
    await campus.enroll(other)
    quiz = {"quiz_id": f"mine-{campus.tag}", "run_id": campus.run, "unit_id": "q1", "title": "Mine"}
    attempt = f"/quizzes/{campus.quiz}/attempts/1"
    answers = {"responses": [1, 0], "learner_id": other}
    for path, body, code in (
        ("/quizzes", quiz, "staff_only"),
        (f"{attempt}/submit", answers, "not_yours"),
        (f"{attempt}/grade", {"learner_id": other, "score_bp": 10_000}, "staff_only"),
    ):
        refused = await campus.post(path, body)
        assert (refused.status_code, refused.json()["code"]) == (403, code), path
    await campus.send(f"{attempt}/submit", answers, user="instructor")


async def test_a_grade_is_overridden(campus: Campus) -> None:
    """By staff, with a reason: the gradebook and the learner's dashboard show the new score."""
    await campus.open_run()
    await campus.enroll()
    position = await campus.send(f"/quizzes/{campus.quiz}/attempts/1/submit", {"responses": [1, -1]})

    async def best() -> list[int | None]:
        book = await campus.see(f"/runs/{campus.run}/gradebook", position)
        return [row["best_bp"] for row in book["items"]]

    await until(lambda: _is(best(), [5_000]))
    override = {"learner_id": campus.learner, "score_bp": 2_500, "reason": "question 2 was withdrawn"}
    path = f"/quizzes/{campus.quiz}/attempts/1/override"
    refused = await campus.post(path, override)
    assert (refused.status_code, refused.json()["code"]) == (403, "staff_only")
    position = await campus.send(path, override, user="instructor")
    assert await best() == [2_500]
    dashboard = await campus.see("/me/dashboard", position, user=campus.learner)
    assert dashboard["recent"][0]["type"] == "attempt.grade_overridden"


async def _is(coming: Awaitable[object], expected: object) -> bool:
    return await coming == expected
