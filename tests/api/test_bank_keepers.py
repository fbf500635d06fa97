"""Whose question banks are, over HTTP: as each role, in the own course and in another one."""

from base64 import b64encode
from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from adapters.settings import Settings
from tests.api.http.policy.test_guard import as_role_of
from tests.api.test_question_bank import CONTENT
from tests.support.api import Campus

FILE = {"file": b64encode(b"::Primes:: Is 2 prime? {TRUE}\n").decode()}


class Asker:
    """Asks and sends as holders of roles, given by their scopes."""

    def __init__(self, campus: Campus, settings: Settings) -> None:
        self._campus, self._header = campus, as_role_of(settings)

    async def get(self, role: str, path: str) -> httpx.Response:
        """A query."""
        return await self._campus.client.get(f"/v1{path}", headers=self._header(role))

    async def post(self, role: str, path: str, body: Mapping[str, Any]) -> httpx.Response:
        """A command."""
        return await self._campus.client.post(f"/v1{path}", json=body, headers=self._header(role))

    async def code(self, role: str, path: str, body: Mapping[str, Any] | None = None) -> str:
        """Why it was refused; empty if it was not."""
        answer = await (self.get(role, path) if body is None else self.post(role, path, body))
        return "" if answer.is_success else str(answer.json()["code"])

    async def listed(self, role: str) -> list[dict[str, Any]]:
        """The banks that are listed."""
        answer = await self.get(role, "/question-banks")
        assert answer.status_code == 200, answer.text
        return list(answer.json()["items"])


@pytest.fixture
async def other(campus: Campus) -> Campus:
    """Another course, with a run and a quiz."""
    await campus.begin()
    other = Campus(campus.client)
    await other.begin()
    return other


async def test_who_teaches_a_course_keeps_its_banks(campus: Campus, other: Campus, lively: Settings) -> None:
    """By a role in the course or in a run of it, and no others; not even a bank of the campus."""
    ask, path = Asker(campus, lively), f"/question-banks/b-{campus.tag}"
    course, run = f"instructor@course:{campus.course}", f"instructor@run:{campus.run}"
    new = {"bank_id": f"b-{campus.tag}", "title": "Algebra"}
    for elsewhere in (new, {**new, "course_id": other.course}, {**new, "course_id": "none"}):
        assert await ask.code(course, "/question-banks", elsewhere) == "not_your_run"
    assert await ask.code(course, "/question-banks", {**new, "course_id": campus.course}) == ""
    assert await ask.code(run, "/question-banks", {**new, "course_id": campus.course}) == "", "twice"
    added = (await ask.post(run, f"{path}/questions", CONTENT)).json()["question_id"]
    question = f"{path}/questions/{added}"
    reads = (f"{path}/questions", question, f"{path}/export?format=gift")
    writes = (
        (path, {"title": "Algebra I"}),
        (f"{path}/questions", CONTENT),
        (question, {**CONTENT, "tags": ["easy"]}),
        (f"{question}/retire", {"reason": "too easy"}),
        (f"{question}/restore", {"reason": "it is not"}),
        (f"{path}/imports", FILE),
        (f"{path}/imports", {**FILE, "dry_run": True}),
        (f"{path}/share", {"course_id": other.course}),
        (f"{path}/unshare", {"course_id": other.course}),
        (f"{path}/move", {"course_id": campus.course}),
    )
    for role in (course, run):
        assert [await ask.code(role, each) for each in reads] == [""] * len(reads), role
        assert [await ask.code(role, *each) for each in writes] == [""] * len(writes), role
    strangers = {
        f"instructor@course:{other.course}": "not_your_run",
        f"instructor@run:{other.run}": "not_your_run",
        f"assistant@course:{campus.course}": "staff_only",
        f"assistant@run:{campus.run}": "staff_only",
        "analyst": "staff_only",
        "learner": "staff_only",
    }
    for role, why in strangers.items():
        assert {await ask.code(role, each) for each in reads} == {why}, role
        assert {await ask.code(role, *each) for each in writes} == {why}, role
    assert {await ask.code("auditor", each) for each in reads} == {""}
    assert {await ask.code("auditor", *each) for each in writes} == {"auditors_only_read"}
    unknown = f"/question-banks/none-{campus.tag}/questions"
    assert await ask.code(course, unknown) == "not_your_run", "as a bank that one may not read"
    assert await ask.code("admin", unknown) == "question_bank_not_found"


async def test_a_list_has_the_banks_that_one_may_read(campus: Campus, other: Campus, lively: Settings) -> None:
    """Those of the courses that one teaches, and those shared with them; all for staff of the campus."""
    ask = Asker(campus, lively)
    mine, theirs, all_of_us = (f"{each}-{campus.tag}" for each in ("mine", "theirs", "all-of-us"))
    for bank_id, course_id in ((mine, campus.course), (theirs, other.course), (all_of_us, None)):
        await campus.send(
            "/question-banks", {"bank_id": bank_id, "title": bank_id, "course_id": course_id}, user="admin"
        )
    await campus.send(f"/question-banks/{all_of_us}/share", {"course_id": campus.course}, user="admin")
    teacher = f"instructor@run:{campus.run}"
    assert await ask.listed(teacher) == [
        {"bank_id": all_of_us, "title": all_of_us, "course_id": None, "shared_with": [campus.course],
         "may_change": False},
        {"bank_id": mine, "title": mine, "course_id": campus.course, "shared_with": [], "may_change": True},
    ]  # fmt: skip
    assert [each["bank_id"] for each in await ask.listed(f"instructor@course:{other.course}")] == [theirs]
    for role, may_change in (("admin", True), ("instructor", True), ("auditor", False)):
        seen = {each["bank_id"]: each["may_change"] for each in await ask.listed(role)}
        assert {bank_id: seen[bank_id] for bank_id in (mine, theirs, all_of_us)} == dict.fromkeys(
            (mine, theirs, all_of_us), may_change
        )
    for role, why in (
        ("learner", "staff_only"),
        (f"assistant@run:{campus.run}", "staff_only"),
        ("instructor@run:none", "not_your_run"),
    ):
        assert await ask.code(role, "/question-banks") == why, role


async def test_a_bank_that_is_shared_is_read_and_not_written(campus: Campus, other: Campus, lively: Settings) -> None:
    """As long as it is; who moves a bank keeps it, and teaches the course that gets it."""
    ask, path = Asker(campus, lively), f"/question-banks/b-{campus.tag}"
    keeper, reader = f"instructor@course:{campus.course}", f"instructor@run:{other.run}"
    new = {"bank_id": f"b-{campus.tag}", "title": "Algebra", "course_id": campus.course}
    assert await ask.code(keeper, "/question-banks", new) == ""
    assert await ask.code(keeper, f"{path}/share", {"course_id": other.course}) == ""
    page = (await ask.get(reader, f"{path}/questions")).json()
    assert (page["course_id"], page["shared_with"], page["may_change"]) == (campus.course, [other.course], False)
    assert await ask.code(reader, f"{path}/export?format=gift") == ""
    writes = (("", {"title": "Mine"}), ("/questions", CONTENT), ("/imports", FILE), ("/share", {"course_id": "x"}))
    for rest, body in writes:
        assert await ask.code(reader, f"{path}{rest}", body) == "not_your_run", rest
    assert await ask.code(reader, f"{path}/move", {"course_id": other.course}) == "not_your_run", "it is not theirs"
    assert await ask.code(keeper, f"{path}/move", {"course_id": other.course}) == "not_your_run", "nor that"
    assert await ask.code(keeper, f"{path}/move", {}) == "not_your_run", "the campus is no course"
    assert await ask.code(keeper, f"{path}/unshare", {"course_id": other.course}) == ""
    assert await ask.code(reader, f"{path}/questions") == "not_your_run"
    assert await ask.code("admin", f"{path}/move", {"course_id": other.course}) == ""
    assert await ask.code(reader, f"{path}/questions", CONTENT) == ""
    assert await ask.code(keeper, f"{path}/questions") == "not_your_run"


async def test_keys_of_another_course_are_not_drawn_into_a_quiz(
    campus: Campus, other: Campus, lively: Settings
) -> None:
    """Who publishes a quiz would read them there: refused, whichever way it is tried, until the bank is shared."""
    ask, bank = Asker(campus, lively), f"b-{campus.tag}"
    thief = f"instructor@run:{other.run}"
    await campus.send("/question-banks", {"bank_id": bank, "title": "X", "course_id": campus.course}, user="admin")
    await campus.send(f"/question-banks/{bank}/questions", CONTENT, user="admin")
    place = {"quiz_id": f"x-{other.tag}", "run_id": other.run, "unit_id": "q2", "title": "Exam"}
    draws = {**place, "from_banks": [{"section_id": "s", "bank_id": bank}]}
    assert await ask.code(thief, "/quizzes", draws) == "question_bank_not_shared"
    assert await ask.code(thief, "/quizzes", {**draws, "from_any_bank": True}) == "invalid_request"
    assert await ask.code(thief, "/quizzes", {**draws, "run_id": campus.run}) == "not_your_run"
    sent = {"path": "/v1/quizzes", "idempotency_key": f"x-{other.tag}", "body": draws}
    (answer,) = (await ask.post(thief, "/bulk", {"commands": [sent]})).json()["items"]
    assert answer["problem"]["code"] == "question_bank_not_shared"
    assert await ask.code(thief, f"/question-banks/{bank}/imports", {**FILE, "course_id": other.course}) == (
        "not_your_run"
    )
    assert (await campus.get(f"/quizzes/{place['quiz_id']}/contents", user="admin")).status_code == 404
    await campus.send(f"/question-banks/{bank}/share", {"course_id": other.course}, user="admin")
    assert await ask.code(thief, "/quizzes", draws) == ""
    await campus.send(f"/question-banks/{bank}/unshare", {"course_id": other.course}, user="admin")
    assert await ask.code(thief, "/quizzes", {**draws, "title": "Again"}) == "question_bank_not_shared"
    assert await ask.code("instructor", "/quizzes", {**draws, "title": "Again"}) == "", "staff of the campus"


async def test_a_file_makes_a_bank_of_a_course(campus: Campus, other: Campus, lively: Settings) -> None:
    """Of one that the user teaches; a bank that there is stays where it is."""
    ask, path = Asker(campus, lively), f"/question-banks/b-{campus.tag}"
    teacher, stranger = f"instructor@run:{campus.run}", f"instructor@course:{other.course}"
    assert await ask.code(teacher, f"{path}/imports", FILE) == "not_your_run", "the campus is no course"
    assert await ask.code(teacher, f"{path}/imports", {**FILE, "course_id": other.course}) == "not_your_run"
    assert await ask.code("admin", f"{path}/imports", {**FILE, "course_id": "none"}) == "course_not_found"
    trial = {**FILE, "course_id": "none", "dry_run": True}
    assert await ask.code("admin", f"{path}/imports", trial) == "course_not_found"
    assert await ask.code(teacher, f"{path}/imports", {**FILE, "course_id": campus.course}) == ""
    assert await ask.code(teacher, f"{path}/imports", FILE) == "", "once more"
    assert await ask.code("admin", f"{path}/imports", {**FILE, "course_id": other.course}) == "question_bank_exists"
    assert await ask.code(stranger, f"{path}/imports", {**FILE, "course_id": other.course}) == "not_your_run"
    (bank,) = [each for each in await ask.listed(teacher) if each["bank_id"] == f"b-{campus.tag}"]
    assert bank["course_id"] == campus.course
