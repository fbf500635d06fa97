"""Grades of a file over HTTP: looked at, brought by an instructor, shown in the gradebook, and brought again."""

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator
from typing import Any

import pytest

from adapters.settings import Settings
from api import grade_import
from api.app import build
from tests.support.api import Campus, served
from tests.support.appends import opened
from tests.support.roles import as_process
from workers.dispatching import bulk_jobs


@pytest.fixture
async def campus(settings: Settings) -> AsyncIterator[Campus]:
    """With an open run."""
    async with served(build(as_process(settings, "api"))) as client:
        campus = Campus(client)
        await campus.open_run()
        yield campus


async def sent(campus: Campus, text: str, *, user: str = "instructor", **members: Any) -> Any:
    """The answer to a file."""
    body = {"file": b64encode(text.encode()).decode(), "reason": "on paper", **members}
    return (await campus.post(f"/runs/{campus.run}/grade-imports", body, user=user)).json()


async def test_grades_are_imported(campus: Campus, settings: Settings) -> None:
    """A dry run does nothing; a line that is refused keeps no other back; the same file again changes nothing."""
    essay = {"quiz_id": f"{campus.quiz}-2", "run_id": campus.run, "unit_id": "q2", "title": "Essay", "kind": "essay"}
    await campus.send("/quizzes", essay, user="instructor")
    await campus.enroll()
    text = f"learner_id,email,{campus.quiz},{campus.quiz}-2\n{campus.learner},,,7500\n,ben@example.org,,1\n"
    assert (await sent(campus, text, user="learner"))["code"] == "staff_only"
    assert (await sent(campus, "nothing"))["code"] == "bad_grades"
    dry = await sent(campus, text, dry_run=True)
    (line,) = dry["lines"]
    assert line["would_record"] == ["attempt.submitted", "attempt.graded"]
    assert [(each["line"], each["problem"]) for each in dry["refused"]] == [(3, "is no learner of this run")]
    assert (dry["changed"], dry["unchanged"], dry["job_id"]) == (1, 0, None)
    begun = await sent(campus, text)
    assert begun["job_id"]
    stop = asyncio.Event()
    async with opened(settings) as log:
        task = asyncio.create_task(bulk_jobs.keep_carrying_out(log, stop))
        path = f"/bulk-jobs/{begun['job_id']}"
        ended = await campus.until_answer(path, lambda job: job.get("ended_at"), user="admin")
        stop.set()
        await task
    assert (ended["status"], ended["done"], ended["refused"]) == ("ended", 1, 0)
    again = await sent(campus, text, dry_run=True)
    assert (again["changed"], again["unchanged"]) == (0, 1)


async def test_a_long_file_is_divided(campus: Campus, monkeypatch: pytest.MonkeyPatch) -> None:
    """One request takes so many grades."""
    monkeypatch.setattr(grade_import, "MOST_GRADES", 1)
    text = f"learner_id,{campus.quiz}\n{campus.learner},1\nother,2\n"
    assert (await sent(campus, text, dry_run=True))["code"] == "too_many_grades"
