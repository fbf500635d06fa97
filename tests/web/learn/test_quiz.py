"""Quizzes as pages: taken by plain forms, with each kind of question; reviewed; handed in by the server."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from adapters.settings import Settings
from tests.support.api import Campus, every_read_model, workers
from tests.support.pages import Reader, text_of
from tests.support.people import Town
from tests.support.polling import until

CANARY = "<b>\"'&"
OPTIONS = [{"option_id": "o1", "text": f"one {CANARY}"}, {"option_id": "o2", "text": "two"}]
QUESTIONS: list[dict[str, Any]] = [
    {"kind": "single_choice", "options": OPTIONS, "hints": [f"hint {CANARY}"], "hint_penalty": "1/4"},
    {"kind": "multiple_choice", "options": OPTIONS},
    {"kind": "true_false"},
    {"kind": "numeric", "units": ["cm", "m"]},
    {"kind": "short_text"},
    {"kind": "ordering", "options": OPTIONS},
    {"kind": "matching", "prompts": [{"option_id": "p1", "text": "1"}], "choices": OPTIONS},
    {"kind": "cloze", "text": "2 + {{g1}} = 4", "gaps": [{"kind": "numeric", "question_id": "g1", "text": ""}]},
    {"kind": "essay", "max_words": 50},
    {"kind": "file_upload", "accept": [".txt"]},
]
KEYS: list[dict[str, Any]] = [
    {"shares": {"o1": "1"}},
    {"right": ["o1", "o2"]},
    {"right": True},
    {"answers": [{"value": "5"}], "units": {"cm": "1", "m": "1/100"}},
    {"accepted": [{"text": "log"}]},
    {"order": ["o2", "o1"]},
    {"pairs": {"p1": "o2"}},
    {"gaps": {"g1": {"kind": "numeric", "answers": [{"value": "2"}]}}},
    {"guidance": "One point."},
    {"guidance": "One point."},
]
ANSWERS = {
    "a:i1": "o1", "a:i2:o1": "on", "a:i2:o2": "on", "a:i3": "true", "a:i4": "5", "a:i4:unit": "cm", "a:i5": "log",
    "a:i6:o1": "2", "a:i6:o2": "1", "a:i7:p1": "o2", "a:i8:g1": "2", "a:i9": f"An essay {CANARY}",
}  # fmt: skip


@pytest.fixture
async def campus(settings: Settings, town: Town, ada: Reader) -> AsyncIterator[Campus]:
    """A run with ada on it."""
    with workers(settings):
        await every_read_model(town.client)
        campus = Campus(town.client)
        campus.learner = ada.browser.learner_id
        await campus.begin()
        yield campus


async def publish(campus: Campus, **rules: Any) -> str:
    """A quiz with a question of each kind; the path of its page."""
    asked = [
        {
            "question": {"question_id": f"i{number}", "text": f"Question {CANARY}", **question},
            "key": {"kind": question["kind"], **key},
        }
        for number, (question, key) in enumerate(zip(QUESTIONS, KEYS, strict=True), 1)
    ]
    place = {"quiz_id": f"k-{campus.tag}", "run_id": campus.run, "unit_id": "q1", "title": f"Kinds {CANARY}"}
    sections = [
        {"section_id": "a", "title": f"First {CANARY}", "items": ["i1", "i2", "i3"]},
        {"section_id": "b", "title": "Second", "items": [f"i{number}" for number in range(4, 11)]},
    ]
    more = {"time_limit": 1_800, "password": "ratio-17", "rules": {"honour": f"Alone {CANARY}", **rules}}
    await campus.send("/quizzes", {**place, "questions": asked, "sections": sections, **more}, user="instructor")
    return f"/learn/runs/{campus.run}/quizzes/k-{campus.tag}"


def fields_of(html: str) -> dict[str, str]:
    """The hidden fields of a form."""
    parts = html.split('<input type="hidden" name="')[1:]
    found = [part.split('"', 3) for part in parts]
    return {name: value for name, _, value, *_ in found}


async def test_a_quiz_is_taken_without_a_script(campus: Campus, ada: Reader) -> None:
    """Password and statement, every kind, hints, flags, files, a defect that is said, handing in, the review."""
    quiz = await publish(campus)
    before = await ada.get(quiz)
    assert before.status_code == 200
    assert "Kinds &lt;b&gt;&#34;&#39;&amp;" in before.text
    assert CANARY not in before.text
    assert "30 minutes" in text_of(before)
    wrong = await ada.send(quiz, {"password": "no", "honour": "on"})
    assert (wrong.status_code, "not the password" in wrong.text) == (403, True)
    begun = await ada.send(quiz, {"password": "ratio-17", "honour": "on"})
    attempt = begun.headers["location"]
    assert attempt == f"/learn/quizzes/k-{campus.tag}/attempts/1"
    page = await ada.follow(begun)
    assert CANARY not in page.text
    hidden = fields_of(page.text)
    assert hidden["kind:i8:g1"] == "numeric"
    first = hidden

    flagged = await ada.send(attempt, {**hidden, "do": "flag:i2"})
    assert f"Path={attempt}; Secure" in flagged.headers["set-cookie"]
    hinted = await ada.send(attempt, {**hidden, "do": "hint:i1"})
    assert "hint &lt;b&gt;" in (await ada.follow(hinted)).text
    defect = await ada.send(attempt, {**hidden, **ANSWERS, "a:i4": "five", "do": "save"})
    assert (defect.status_code, "is no number" in text_of(defect)) == (422, True)
    assert 'value="five"' in defect.text
    hidden = fields_of((await ada.get(attempt)).text)
    done = await ada.send(attempt, {**hidden, **ANSWERS, "do": "save"})
    page = await ada.follow(done)
    assert page.text.count("data-saved") == 9
    assert "An essay &lt;b&gt;" in page.text

    files = {"a:i10:file": ("notes.txt", b"my notes", "text/plain")}
    kept = await ada.send(attempt, {**fields_of(page.text), **ANSWERS, "do": "handin"}, files=files)
    assert kept.headers["location"] == f"{attempt}/hand-in"
    assert "Every question has a saved answer" in text_of(await ada.follow(kept))
    stale = await ada.send(attempt, {**first, **ANSWERS, "a:i5": "", "do": "save"})
    seen = await campus.see(f"/me/quizzes/k-{campus.tag}/attempts/1", 0, user=campus.learner)
    assert stale.status_code == 303
    assert [item["client_seq"] for item in seen["items"]] == [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]

    handed_in = await ada.send(f"{attempt}/hand-in", {})
    review = await ada.follow(handed_in)
    assert CANARY not in review.text
    assert "Handed in" in text_of(review)
    assert (await ada.follow(await ada.send(attempt, {**hidden, "do": "save"}))).status_code == 200
    again = await ada.send(f"{attempt}/hand-in", {})
    assert again.headers["location"] == attempt
    left = text_of(await ada.get(quiz))
    assert "0 of 1" in left
    assert "You have used all your attempts" in left


async def test_the_script_saves_one_answer_at_a_time(campus: Campus, ada: Reader) -> None:
    """The answer says what counts, with the receipt; what is refused is a problem."""
    quiz = await publish(campus, honour="")
    attempt = (await ada.send(quiz, {"password": "ratio-17"})).headers["location"]
    fields = {"kind:i5": "short_text", "a:i5": "log", "client_seq": "3"}
    saved = (await ada.send(f"{attempt}/answers/i5", fields)).json()
    assert (saved["client_seq"], saved["stands"], len(saved["receipt"])) == (3, True, 64)
    overtaken = (await ada.send(f"{attempt}/answers/i5", {**fields, "a:i5": "x", "client_seq": "2"})).json()
    assert (overtaken["client_seq"], overtaken["stands"]) == (3, False)
    refused = await ada.send(f"{attempt}/answers/i4", {"kind:i4": "numeric", "a:i4": "five", "client_seq": "1"})
    assert (refused.status_code, refused.json()["code"]) == (422, "unfit_response")
    forged = await ada.send(f"{attempt}/answers/i5", {**fields, "client_seq": "9"}, origin="https://elsewhere.example")
    assert forged.status_code == 403
    await ada.send(f"{attempt}/hand-in", {})
    late = await ada.send(f"{attempt}/answers/i5", {**fields, "client_seq": "4"})
    assert (late.status_code, late.json()["code"]) == (409, "attempt_ended")

    async def is_marked() -> bool:
        return "of 1 points" in text_of(await ada.get(attempt))

    await until(is_marked)
