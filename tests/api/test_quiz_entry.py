"""A quiz before an attempt, over HTTP: its rules, what is left, and what stops its learner."""

from tests.api.test_attempts import ENTRY, timed
from tests.support.api import Campus


async def test_a_quiz_says_what_an_attempt_takes(campus: Campus) -> None:
    """To a learner of its run, with what was allowed beyond; not its password."""
    path = await timed(campus, attempts_allowed=2)
    quiz = path.removesuffix("/attempts")
    entry = await campus.see(f"/me{quiz}", 0, user=campus.learner)
    assert (entry["questions"], entry["time_limit"], entry["attempts_left"]) == (2, 600, 2)
    assert (entry["honour"], entry["needs_password"], entry["running"]) == ("I work alone.", True, None)
    assert (entry["obstacle"], entry["counts"]) == (None, "best")
    assert "ratio-17" not in str(entry)
    grant = {"learner_id": campus.learner, "extra_seconds": 60, "extra_attempts": 1, "reason": "nurse's note"}
    await campus.send(path.replace("attempts", "allowances"), grant, user="instructor")
    position = await campus.send(path, ENTRY)
    entry = await campus.see(f"/me{quiz}", position, user=campus.learner)
    assert (entry["attempts_allowed"], entry["attempts_left"], entry["running"]) == (3, 2, 1)
    assert (entry["time_limit"], entry["obstacle"]) == (660, None)


async def test_a_quiz_says_what_stops_a_learner(campus: Campus) -> None:
    """Who has no place on the run, and from where it cannot be started; one that is not there."""
    path = (await timed(campus, rules={"networks": ["192.0.2.0/24"]})).removesuffix("/attempts")
    entry = await campus.see(f"/me{path}", 0, user=campus.learner)
    assert entry["obstacle"]["code"] == "wrong_network"
    other = await campus.see(f"/me{path}", 0, user=f"other-{campus.tag}")
    assert other["obstacle"]["code"] == "not_enrolled"
    missing = await campus.get(f"/me/quizzes/none-{campus.tag}", user=campus.learner)
    assert (missing.status_code, missing.json()["code"]) == (404, "quiz_not_found")
