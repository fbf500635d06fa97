"""A Moodle XML bank, a GIFT file and a QTI package are imported, and run as one exam."""

from base64 import b64encode
from typing import Any

import msgspec

from domain.questions import exact, key_from, right_response
from tests.adapters.questions.test_reading import FILES, package
from tests.support.api import Campus
from tests.support.polling import until

QTI = package(**{"imsmanifest.xml": b"<manifest/>", "items/one.xml": (FILES / "examples.qti21.xml").read_bytes()})
BANKS = {
    "moodle": (FILES / "examples.moodle.xml").read_bytes(),
    "gift": (FILES / "examples.gift").read_bytes(),
    "qti21": QTI,
}
WORDS = {"kind": "essay", "text": "Rivers go to the sea."}


async def imported(campus: Campus) -> dict[str, Any]:
    """The questions of the three files, each in a bank of its own, with their keys, by their ids."""
    questions: dict[str, Any] = {}
    for name, data in BANKS.items():
        bank = f"/question-banks/{name}-{campus.tag}"
        report = (await campus.post(f"{bank}/imports", {"file": b64encode(data).decode()}, user="admin")).json()
        assert report["format"] == name
        items = (await campus.get(f"{bank}/questions", user="admin", limit="50")).json()["items"]
        assert len(items) == report["imported"] > 0
        questions |= {each["question_id"]: each for each in items}
    return questions


async def test_three_files_are_an_exam(campus: Campus) -> None:
    """All questions are drawn into it and answered rightly; people grade essays; what was not handed in is worth 0."""
    await campus.begin()
    known = await imported(campus)
    quiz = f"x-{campus.tag}"
    draws = [{"section_id": name, "bank_id": f"{name}-{campus.tag}"} for name in BANKS]
    place = {"quiz_id": quiz, "run_id": campus.run, "unit_id": "q2", "title": "Exam", "kind": "exam"}
    rules = {"order": "shuffled", "hints": "never"}
    await campus.send("/quizzes", {**place, "time_limit": 600, "from_banks": draws, "rules": rules}, user="admin")
    path = f"/quizzes/{quiz}/attempts"
    position = await campus.send(path, {})
    asked = (await campus.see(f"/me{path}/1", position, user=campus.learner))["items"]
    assert sorted(item["item_id"] for item in asked) == sorted(known)
    headers, essays, files = await campus.as_user(campus.learner), 0, exact("0")
    for item in asked:
        key = key_from(known[item["item_id"]]["key"])
        kind = item["question"]["kind"]
        essays += kind == "essay"
        if kind == "file_upload":
            files += exact(item["possible"])
            continue
        response = WORDS if kind == "essay" else msgspec.to_builtins(right_response(key))
        body = {"client_seq": 1, "response": response}
        saved = await campus.client.put(f"/v1{path}/1/answers/{item['item_id']}", json=body, headers=headers)
        assert saved.status_code == 202, saved.text
    await campus.send(f"{path}/1/submit", {})
    assert essays == 2
    await people_grade(campus, quiz, essays)
    seen = await campus.see(f"/me{path}/1", 0, user=campus.learner)
    possible = sum((exact(item["possible"]) for item in seen["items"]), exact("0"))
    assert seen["status"] == "graded"
    assert exact(f"{seen['points']}/{seen['possible']}") == (possible - files) / possible


async def people_grade(campus: Campus, quiz: str, essays: int) -> None:
    """Give all points for the essays, of which so many wait."""
    queue: list[Any] = []

    async def waits() -> bool:
        queue[:] = (await campus.see(f"/quizzes/{quiz}/grading", 0, user="instructor"))["items"]
        return len(queue) == essays

    await until(waits)
    for item in queue:
        mark = f"/quizzes/{quiz}/grading/{item['handle']}/items/{item['item_id']}"
        await campus.send(mark, {"earned": item["possible"]}, user="instructor")
