"""Question banks over HTTP."""

from typing import Any

from tests.support.api import Campus

QUESTION = {"kind": "true_false", "text": "Is 2 prime?", "points": "2"}
CONTENT = {"title": "Primes", "category": "Numbers", "question": QUESTION, "key": {"kind": "true_false", "right": True}}

OF_CAMPUS: dict[str, Any] = {"course_id": None, "shared_with": [], "may_change": True}


async def test_the_life_of_a_question(campus: Campus) -> None:
    """Staff add, change, retire and restore it; a learner is shown nothing of a bank."""
    bank = f"/question-banks/algebra-{campus.tag}"
    await campus.send("/question-banks", {"bank_id": bank.rpartition("/")[2], "title": "Algebra"}, user="admin")
    added = (await campus.post(f"{bank}/questions", CONTENT, user="admin")).json()
    question = f"{bank}/questions/{added['question_id']}"

    async def seen() -> Any:
        answer = await campus.get(question, user="admin")
        assert answer.status_code == 200, answer.text
        return answer.json()

    first = await seen()
    assert (first["version"], first["title"], first["question"]["text"]) == (1, "Primes", "Is 2 prime?")
    changed = {**CONTENT, "tags": ["easy"], "question": {**QUESTION, "text": "Is 3 prime?"}}
    await campus.send(question, changed, user="admin")
    second = await seen()
    assert (second["version"], second["tags"], second["question"]["text"]) == (2, ["easy"], "Is 3 prime?")
    await campus.send(f"{question}/retire", {"reason": "too easy"}, user="admin")
    assert (await campus.get(f"{bank}/questions", user="admin")).json()["items"] == []
    (retired,) = (await campus.get(f"{bank}/questions", user="admin", retired="true")).json()["items"]
    assert retired["retired"] is True
    await campus.send(f"{question}/restore", {"reason": "it is not"}, user="admin")
    (restored,) = (await campus.get(f"{bank}/questions", user="admin", category="Numbers", tag="easy")).json()["items"]
    assert restored == second
    await campus.send(bank, {"title": "Algebra I"}, user="admin")
    banks = (await campus.get("/question-banks", user="admin")).json()["items"]
    assert {"bank_id": bank.rpartition("/")[2], "title": "Algebra I", **OF_CAMPUS} in banks

    wrong = await campus.post(f"{bank}/questions", {**CONTENT, "key": {"kind": "essay"}}, user="admin")
    assert (wrong.status_code, wrong.json()["code"]) == (422, "bad_question")
    unknown = await campus.post(f"{bank}/questions", {**CONTENT, "question": {"kind": "hotspot"}}, user="admin")
    assert (unknown.status_code, unknown.json()["code"]) == (422, "unreadable_question")
    for path in ("/question-banks", f"{bank}/questions", question, f"{bank}/export?format=gift"):
        assert (await campus.get(path, user=campus.learner)).status_code == 403
