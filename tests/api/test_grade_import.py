"""Grades of a file over HTTP: looked at, brought by an instructor, shown in the gradebook, and brought again."""

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator
from typing import Any

import pytest
from fastapi import FastAPI

from adapters.bulk.jobs import LOST
from adapters.settings import Settings
from api import grade_import
from api.app import build
from api.http.services import Services
from commands.log import Context
from commands.roles import GrantRole
from commands.user import RegisterAccount, VerifyEmail
from domain.roles import Grant
from tests.support.api import Campus, served
from tests.support.appends import opened
from tests.support.roles import as_process
from workers.dispatching import bulk_jobs


@pytest.fixture
def app(settings: Settings) -> FastAPI:
    """A campus of its own."""
    return build(as_process(settings, "api"))


@pytest.fixture
async def campus(app: FastAPI) -> AsyncIterator[Campus]:
    """With an open run."""
    async with served(app) as client:
        campus = Campus(client)
        await campus.open_run()
        yield campus


async def sent(campus: Campus, text: str, *, user: str = "instructor", **members: Any) -> Any:
    """The answer to a file."""
    body = {"file": b64encode(text.encode()).decode(), "reason": "on paper", **members}
    return (await campus.post(f"/runs/{campus.run}/grade-imports", body, user=user)).json()


async def carried_out(campus: Campus, settings: Settings, job_id: str) -> Any:
    """The job once a dispatcher has ended it."""
    stop = asyncio.Event()
    async with opened(settings) as log:
        task = asyncio.create_task(bulk_jobs.keep_carrying_out(log, stop))
        ended = await campus.until_answer(f"/bulk-jobs/{job_id}", lambda job: job.get("ended_at"), user="admin")
        stop.set()
        await task
    return ended


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
    ended = await carried_out(campus, settings, begun["job_id"])
    assert (ended["status"], ended["done"], ended["refused"]) == ("ended", 1, 0)
    again = await sent(campus, text, dry_run=True)
    assert (again["changed"], again["unchanged"]) == (0, 1)


async def test_a_long_file_is_divided(campus: Campus, monkeypatch: pytest.MonkeyPatch) -> None:
    """One request takes so many grades."""
    monkeypatch.setattr(grade_import, "MOST_GRADES", 1)
    text = f"learner_id,{campus.quiz}\n{campus.learner},1\nother,2\n"
    assert (await sent(campus, text, dry_run=True))["code"] == "too_many_grades"


async def test_an_instructor_of_another_run_by_now(campus: Campus, app: FastAPI, settings: Settings) -> None:
    """Who teaches another run only brings no further grade of this one; with a grant for its course it goes on."""
    essay = {"quiz_id": f"{campus.quiz}-2", "run_id": campus.run, "unit_id": "q2", "title": "Essay", "kind": "essay"}
    await campus.send("/quizzes", essay, user="instructor")
    await campus.enroll()
    plan = {"starts_at": "2026-02-01T00:00:00Z", "ends_at": "2126-06-30T00:00:00Z"}
    await campus.send("/runs", {"run_id": f"{campus.run}-2", "course_id": campus.course, **plan}, user="admin")
    services: Services = app.state.services
    context = Context("ann", services.log.clock.now())
    text = f"learner_id,{campus.quiz}-2\n{campus.learner},7500\n"
    for command in (RegisterAccount("instructor", "i@example.org"), VerifyEmail("instructor")):
        await services.bus.handle(command, context)
    for scope, failure, done in ((f"run:{campus.run}-2", LOST, 0), (f"course:{campus.course}", None, 1)):
        begun = await sent(campus, text)
        grant = GrantRole("instructor", Grant("instructor", scope), None, "a test")
        await services.bus.handle(grant, context)
        ended = await carried_out(campus, settings, begun["job_id"])
        assert (ended["failure"], ended["done"]) == (failure, done)
