"""A quiz with its keys, for those who write it; a password stays where that is wished."""

from tests.support.api import Campus

QUESTION = {"kind": "true_false", "question_id": "t1", "text": "Is 2 prime?"}


async def test_the_staff_of_a_run_see_what_is_right_and_learners_do_not(campus: Campus) -> None:
    """Of each version; of a password there is only that one is needed, and it is kept where none is sent."""
    await campus.begin()
    path = f"/quizzes/{campus.quiz}/contents"
    refused = await campus.get(path, user=campus.learner)
    assert (refused.status_code, refused.json()["code"]) == (403, "staff_only")
    first = (await campus.get(path, user="instructor")).json()
    assert (first["version"], first["newest"], first["rules"]["has_password"]) == (1, 1, False)
    assert [each["item_id"] for each in first["items"]] == ["i1", "i2"]
    assert first["items"][0]["key"] == {"kind": "single_choice", "shares": {"1": "1"}}
    asked = {"question": QUESTION, "key": {"kind": "true_false", "right": True}}
    quiz = {"quiz_id": campus.quiz, "run_id": campus.run, "unit_id": "q1", "title": "Equations",
            "questions": [asked]}  # fmt: skip
    await campus.send("/quizzes", quiz | {"password": "let me in"}, user="instructor")
    await campus.send("/quizzes", quiz | {"title": "Equations again", "keep_password": True}, user="instructor")
    third = (await campus.get(path, user="instructor")).json()
    assert (third["version"], third["rules"]["has_password"]) == (3, True)
    assert third["items"] == [{"item_id": "t1", **asked}]
    assert "let me in" not in str(third)
    assert "password_hash" not in str(third)
    await campus.send("/quizzes", quiz | {"title": "Equations, open"}, user="instructor")
    assert not (await campus.get(path, user="instructor")).json()["rules"]["has_password"]
    assert (await campus.get(path, user="instructor", version=1)).json()["newest"] == 4
    missing = await campus.get(path, user="instructor", version=9)
    assert (missing.status_code, missing.json()["code"]) == (404, "quiz_version_not_found")
    assert (await campus.get("/quizzes/none/contents")).json()["code"] == "quiz_not_found"
