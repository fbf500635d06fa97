"""Bulk jobs: a dry run, the start by its id, progress, the report, a stop and an undo; and what a kill leaves."""

import asyncio
import csv
import io
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI

from adapters.bulk.jobs import LOST
from adapters.settings import Settings
from api.app import build
from api.http.services import Services
from commands.log import Context
from commands.roles import GrantRole, RevokeRole
from commands.user import RegisterAccount, SuspendAccount, VerifyEmail
from domain.roles import ADMIN_OF_CAMPUS
from tests.support.api import Campus, served
from tests.support.appends import opened, query
from tests.support.polling import until
from tests.support.roles import as_process
from tests.support.worker_process import WORKER, Process
from workers.dispatching import bulk_jobs

WHY = {"reason": "the class of 2026"}
HEAD = "learner_id,run_id"


@pytest.fixture
def app(settings: Settings) -> FastAPI:
    """A campus of its own, on which no worker runs but those that a test starts."""
    return build(as_process(settings, "api"))


@pytest.fixture
async def campus(app: FastAPI) -> AsyncIterator[Campus]:
    """With an open run."""
    async with served(app) as client:
        campus = Campus(client)
        await campus.begin()
        yield campus


@asynccontextmanager
async def carrying_out(settings: Settings) -> AsyncIterator[None]:
    """What a dispatcher does with bulk jobs, until the block ends."""
    stop = asyncio.Event()
    async with opened(as_process(settings, "dispatcher")) as log:
        task = asyncio.create_task(bulk_jobs.keep_carrying_out(log, stop))
        try:
            yield
        finally:
            stop.set()
            await task


async def post(campus: Campus, path: str, body: dict[str, Any], **headers: str) -> Any:
    """What an admin sends."""
    answer = await campus.client.post(f"/v1{path}", json=body, headers=await campus.as_user("admin", **headers))
    assert answer.status_code in (200, 202), answer.text
    return answer.json()


async def ended(campus: Campus, job_id: str) -> Any:
    """How the job stands once it has ended."""

    async def is_over() -> bool:
        return (await campus.get(f"/bulk-jobs/{job_id}")).json()["ended_at"] is not None

    await until(is_over)
    return (await campus.get(f"/bulk-jobs/{job_id}")).json()


async def places(campus: Campus, app: FastAPI, *people: str) -> dict[str, list[str]]:
    """The types of the facts of their places."""
    services: Services = app.state.services
    return {
        each: [fact.type.partition(".")[2] for fact in await services.log.stream(f"enrollment-{each}:{campus.run}")]
        for each in people
    }


async def test_from_the_dry_run_to_the_undo(campus: Campus, app: FastAPI, settings: Settings) -> None:
    """Nothing is done before the start; each line has an outcome, facts have reason and ticket; undone, all is back."""
    await campus.send("/enrollments", {"run_id": campus.run}, user="cid")
    text = f"{HEAD}\nann,{campus.run}\nben,nowhere\ncid,{campus.run}\n,{campus.run}\n"
    dry = await post(campus, "/bulk-jobs", {"kind": "enroll", "csv": text})
    job = dry["job_id"]
    assert [each["line"] for each in dry["lines"]] == [2, 3, 4, 5]
    assert dry["lines"][0]["would_record"] == ["enrollment.requested", "enrollment.activated"]
    assert "nowhere" in dry["lines"][1]["problem"]
    assert (dry["lines"][2]["would_record"], dry["lines"][3]["problem"]) == ([], "learner_id is missing")
    assert await places(campus, app, "ann") == {"ann": []}, "nothing is done"
    async with carrying_out(settings):
        await post(campus, f"/bulk-jobs/{job}/start", WHY, **{"campus-ticket": "HELP-9"})
        found = await ended(campus, job)
        assert (found["status"], found["done"], found["unchanged"], found["refused"]) == ("ended", 1, 1, 2)
        services: Services = app.state.services
        facts = await services.log.stream(f"enrollment-ann:{campus.run}")
        assert [fact.type for fact in facts] == ["enrollment.requested", "enrollment.activated"]
        key = await services.log.keys.reading(facts[0].stream_id)
        meta = facts[0].meta
        assert (meta.actor, meta.role, meta.ticket, key.open(meta.reason)) == (
            "admin",
            "admin",
            "HELP-9",
            WHY["reason"],
        )
        answer = await campus.client.get(
            f"/v1/bulk-jobs/{job}/lines", headers=await campus.as_user("auditor", accept="text/csv")
        )
        report = list(csv.DictReader(io.StringIO(answer.text, newline="")))
        assert [each["outcome"] for each in report] == ["done", "refused", "unchanged", "refused"]
        page = (await campus.get(f"/bulk-jobs/{job}/lines", limit=3)).json()
        rest = (await campus.get(f"/bulk-jobs/{job}/lines", limit=3, cursor=page["next"])).json()
        assert [each["line"] for each in page["items"] + rest["items"]] == [2, 3, 4, 5]
        events = await campus.client.get(f"/v1/bulk-jobs/{job}/events", headers=await campus.as_user("admin"))
        assert '"status":"ended"' in events.text
        again = await campus.post(f"/bulk-jobs/{job}/start", WHY, user="admin")
        assert (again.status_code, again.json()["code"]) == (409, "bulk_job_ended")
        undo = await post(campus, f"/bulk-jobs/{job}/undo", {})
        assert [each["would_record"] for each in undo["lines"]] == [["enrollment.withdrawn"]]
        await post(campus, f"/bulk-jobs/{undo['job_id']}/start", WHY)
        assert (await ended(campus, undo["job_id"]))["undoes"] == job
    assert (await places(campus, app, "ann"))["ann"][-1] == "withdrawn"
    assert (await places(campus, app, "cid"))["cid"][-1] == "activated", "the job had not enrolled this one"
    jobs = (await campus.get("/bulk-jobs", user="auditor", limit=1)).json()
    further = (await campus.get("/bulk-jobs", limit=1, cursor=jobs["next"])).json()
    assert [each["job_id"] for each in jobs["items"] + further["items"]] == [undo["job_id"], job]


async def test_roles_are_granted_by_a_list_of_ids(campus: Campus, app: FastAPI, settings: Settings) -> None:
    """What is the same for all stands once; revoked in bulk and undone, they have the end that they had."""
    services: Services = app.state.services
    for each in ("ann", "ben"):
        await services.bus.handle(RegisterAccount(each, f"{each}@example.org"), Context(each))
    fields = {"role": "assistant", "scope": f"run:{campus.run}", "until": "2100-01-01T00:00:00+00:00"}
    dry = await post(campus, "/bulk-jobs", {"kind": "grant_role", "ids": ["ann", "ben", "dan"], "fields": fields})
    assert [each["problem"] is None for each in dry["lines"]] == [True, True, False]
    async with carrying_out(settings):
        await post(campus, f"/bulk-jobs/{dry['job_id']}/start", WHY)
        assert (await ended(campus, dry["job_id"]))["done"] == 2
        revoke = {"kind": "revoke_role", "ids": ["ann"], "fields": {"role": "assistant", "scope": f"run:{campus.run}"}}
        dry = await post(campus, "/bulk-jobs", revoke)
        await post(campus, f"/bulk-jobs/{dry['job_id']}/start", WHY)
        await ended(campus, dry["job_id"])
        undo = await post(campus, f"/bulk-jobs/{dry['job_id']}/undo", {})
        await post(campus, f"/bulk-jobs/{undo['job_id']}/start", WHY)
        assert (await ended(campus, undo["job_id"]))["done"] == 1
    facts = await services.log.stream("role-ann")
    assert [fact.type for fact in facts] == ["role.granted", "role.revoked", "role.granted"]
    assert facts[0].data["until"] == facts[2].data["until"]


async def test_what_no_job_can_be_made_of(campus: Campus, app: FastAPI, settings: Settings) -> None:
    """Is refused at once; a stopped job does nothing; lines that were changed since the dry run are not carried out."""
    bad: list[tuple[dict[str, Any], str]] = [
        ({"kind": "enroll"}, "ambiguous_lines"),
        ({"kind": "enroll", "csv": f"{HEAD}\n", "ids": ["ann"]}, "ambiguous_lines"),
        ({"kind": "enroll", "csv": "email\nx\n"}, "bad_csv"),
        ({"kind": "enroll", "csv": f"{HEAD}\n"}, "no_lines"),
        ({"kind": "erase", "ids": ["ann"]}, "invalid_request"),
        ({"kind": "enroll", "ids": ["ann"], "fields": {"learner_id": "ben"}}, "unknown_column"),
        ({"kind": "enroll", "ids": ["ann"], "fields": {"\0": "x"}}, "unknown_column"),
    ]
    for body, code in bad:
        answer = await campus.post("/bulk-jobs", body, user="admin")
        assert answer.json()["code"] == code, body
    for user, code in (
        ("auditor", "auditors_only_read"),
        ("instructor", "admins_only"),
        (campus.learner, "admins_only"),
    ):
        answer = await campus.post("/bulk-jobs", {"kind": "enroll", "ids": ["ann"]}, user=user)
        assert answer.json()["code"] == code
    unknown = await campus.post(f"/bulk-jobs/{'0' * 32}/start", WHY, user="admin")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "bulk_job_not_found")
    good = {"kind": "enroll", "ids": ["ann"], "fields": {"run_id": campus.run}}
    stopped, changed = [(await post(campus, "/bulk-jobs", good))["job_id"] for _ in range(2)]
    await post(campus, f"/bulk-jobs/{stopped}/stop", {})
    assert (await campus.post(f"/bulk-jobs/{stopped}/start", WHY, user="admin")).json()["code"] == "bulk_job_ended"
    await query(
        settings, 'UPDATE bulk_lines SET fields = fields || \'{"learner_id": "eve"}\' WHERE job_id = %s', changed
    )
    await post(campus, f"/bulk-jobs/{changed}/start", WHY)
    async with carrying_out(settings):
        found = await ended(campus, changed)
    assert (found["status"], found["failure"]) == ("failed", "the lines are not those of the dry run")
    assert await places(campus, app, "ann", "eve") == {"ann": [], "eve": []}


async def test_a_job_ends_with_the_rights_of_who_has_started_it(
    campus: Campus, app: FastAPI, settings: Settings
) -> None:
    """An admin who loses the role, or is suspended: no further line is carried out in that name."""
    services: Services = app.state.services
    context, until = Context("ann", services.log.clock.now()), services.log.clock.now() + timedelta(days=1)
    good = {"kind": "enroll", "ids": ["ben"], "fields": {"run_id": campus.run}}
    jobs = [(await post(campus, "/bulk-jobs", good))["job_id"] for _ in range(2)]
    begin = (RegisterAccount("admin", "a@example.org"), VerifyEmail("admin"))
    ends = [
        (*begin, GrantRole("admin", ADMIN_OF_CAMPUS, until, "a test"), RevokeRole("admin", ADMIN_OF_CAMPUS, "over")),
        (GrantRole("admin", ADMIN_OF_CAMPUS, until, "a test"), SuspendAccount("admin", "a test")),
    ]
    for job_id, commands in zip(jobs, ends, strict=True):
        await post(campus, f"/bulk-jobs/{job_id}/start", WHY)
        for command in commands:
            await services.bus.handle(command, context)
        async with carrying_out(settings):
            found = await ended(campus, job_id)
        assert (found["status"], found["failure"], found["done"]) == ("failed", LOST, 0)
        facts = await services.log.stream(f"bulk-{job_id}")
        assert [(fact.type, fact.meta.actor) for fact in facts[1:]] == [
            ("bulk.started", "admin"),
            ("bulk.stopped", "dispatcher"),
        ]
    assert await places(campus, app, "ben") == {"ben": []}


@pytest.mark.slow
@pytest.mark.servers
async def test_a_killed_dispatcher_leaves_no_line_out_and_does_none_twice(
    campus: Campus, app: FastAPI, settings: Settings
) -> None:
    """Killed after some lines, another one goes on: each person has one place, and each line an outcome."""
    people = [f"p{number}" for number in range(600)]
    dry = await post(campus, "/bulk-jobs", {"kind": "enroll", "ids": people, "fields": {"run_id": campus.run}})
    job = dry["job_id"]
    first = await Process(settings, *WORKER, "dispatcher").start()
    await post(campus, f"/bulk-jobs/{job}/start", WHY)

    async def has_done_some() -> bool:
        return bool((await campus.get(f"/bulk-jobs/{job}")).json()["done"] >= 40)

    await until(has_done_some)
    await first.end(signal.SIGKILL)
    left = (await campus.get(f"/bulk-jobs/{job}")).json()
    assert left["ended_at"] is None, "it was killed in the middle"
    second = await Process(settings, *WORKER, "dispatcher").start()
    try:
        found = await ended(campus, job)
    finally:
        await second.end(signal.SIGTERM)
    assert (found["done"], found["unchanged"], found["refused"]) == (600, 0, 0)
    assert set(map(tuple, (await places(campus, app, *people)).values())) == {("requested", "activated")}
    services: Services = app.state.services
    facts = await services.log.stream(f"bulk-{job}")
    assert [fact.type for fact in facts] == ["bulk.prepared", "bulk.started", "bulk.finished"]
    assert facts[-1].data == {"done": 600, "unchanged": 0, "refused": 0}
