"""Rebuilds, promotions and rollbacks over HTTP: jobs of a projector, each a fact, one at a time for a read model."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from adapters.postgres.connection import connect
from adapters.settings import Settings
from api.app import build
from projections.catalog import Catalog
from projections.registry import PROJECTIONS
from tests.support.api import Campus, served
from tests.support.appends import opened, query
from tests.support.polling import until
from tests.support.roles import as_process
from tests.support.worker_process import Process
from workers import projector
from workers.rebuild.lock import rebuild_lock

WHY = {"reason": "a rule has changed"}
(CATALOG,) = (each for each in PROJECTIONS if isinstance(each, Catalog))
CARRIER = """
import asyncio
from adapters.settings import Settings
from projections.registry import PROJECTIONS
from workers.rebuild.requested import keep_carrying_out
asyncio.run(keep_carrying_out(Settings.load(), PROJECTIONS))
"""


@pytest.fixture
async def campus(settings: Settings) -> AsyncIterator[Campus]:
    """A campus of its own, on which only those workers run that a test starts."""
    async with served(build(as_process(settings, "api"))) as client:
        yield Campus(client)


@asynccontextmanager
async def projecting(settings: Settings) -> AsyncIterator[None]:
    """A projector of the catalog, with the rights of its process, until the block ends."""
    stop = asyncio.Event()
    task = asyncio.create_task(projector.run(as_process(settings, "projector"), stop, [CATALOG]))
    try:
        yield
    finally:
        stop.set()
        await task


async def ask(campus: Campus, path: str, user: str = "admin", **headers: str) -> Any:
    """What is asked for about the catalog."""
    sent = await campus.as_user(user, **headers)
    answer = await campus.client.post(f"/v1/projections/catalog/{path}", json=WHY, headers=sent)
    assert answer.status_code == 202, answer.text
    return answer.json()


async def ended(campus: Campus, asked: Any) -> Any:
    """How a job stands once it has ended."""

    async def look() -> Any:
        return (await campus.get(f"/projections/jobs/{asked['job_id']}")).json()

    async def is_over() -> bool:
        return (await look())["ended_at"] is not None

    await until(is_over)
    return await look()


async def generations(campus: Campus) -> dict[int, tuple[str, bool]]:
    """Status of each generation of the catalog, and whether its digest is known."""
    items = (await campus.get("/projections")).json()["items"]
    return {each["generation"]: (each["status"], each["digest"] is not None) for each in items}


async def test_a_read_model_is_rebuilt_promoted_and_rolled_back(campus: Campus, settings: Settings) -> None:
    """By a projector; each job is in the log from who asked to what became of it, and can be followed."""
    async with projecting(settings):

        async def is_served() -> bool:
            return await generations(campus) == {1: ("live", False)}

        await until(is_served)
        asked = await ask(campus, "rebuild", **{"campus-ticket": "HELP-7", "idempotency-key": "r"})
        busy = await campus.post("/projections/catalog/promote", WHY, user="admin")
        assert (busy.status_code, busy.json()["code"]) == (409, "read_model_busy")
        path = f"/v1/projections/jobs/{asked['job_id']}/events"
        events = (await campus.client.get(path, headers=await campus.as_user("admin"))).text.split("\n\n")
        built = await ended(campus, asked)
        assert json.loads(events[-2].removeprefix("event: progress\ndata: ")) == built, "the stream ends with the job"
        assert (built["status"], built["generation"], built["cause"]) == ("finished", 2, None)
        assert await generations(campus) == {1: ("live", False), 2: ("ready", True)}
        assert await ask(campus, "rebuild", **{"campus-ticket": "HELP-7", "idempotency-key": "r"}) == asked
        assert (await ended(campus, await ask(campus, "promote", **{"campus-ticket": "HELP-8"})))["generation"] == 2
        assert (await generations(campus))[2][0] == "live"
        assert (await ended(campus, await ask(campus, "rollback")))["generation"] == 1
        failed = await campus.post("/projections/catalog/promote", {**WHY, "generation": 9}, user="admin")
        found = await ended(campus, failed.json())
        assert (found["status"], "has no generation 9" in found["cause"]) == ("failed", True)
    async with opened(settings) as log:
        facts = await log.stream("projection-catalog")
    assert [fact.type.partition(".")[2] for fact in facts] == [
        "rebuild_requested", "rebuilt", "job_finished", "switch_requested", "promoted", "job_finished",
        "switch_requested", "rolled_back", "job_finished", "switch_requested", "job_failed",
    ]  # fmt: skip
    metas = [fact.meta for fact in facts]
    assert [(each.actor, each.role, each.ticket) for each in (metas[0], metas[1], metas[4])] == [
        ("admin", "admin", "HELP-7"), ("projector", None, "HELP-7"), ("admin", "admin", "HELP-8"),
    ]  # fmt: skip
    assert [each.causation_id for each in metas[1:3]] == [metas[0].event_id] * 2
    assert (facts[4].data["reason"], facts[1].data["digest"] != "") == (WHY["reason"], True)
    page = (await campus.get("/projections/jobs", user="auditor", limit=3, projection="catalog")).json()
    rest = (await campus.get("/projections/jobs", limit=3, projection="catalog", cursor=page["next"])).json()
    assert [each["what"] for each in page["items"] + rest["items"]] == [
        "promotion", "rollback", "promotion", "rebuild",
    ]  # fmt: skip
    assert rest["next"] is None
    rules = (await campus.get("/projections/catalog/rules")).json()
    assert [each["what"] for each in rules["switches"]] == ["rolled_back", "promoted"]


async def test_a_job_waits_is_stopped_and_is_gone_on_with_after_a_kill(campus: Campus, settings: Settings) -> None:
    """A process that is killed takes its job with it; the next one carries it out, once."""
    async with (
        await connect(settings, application="test") as connection,
        rebuild_lock(connection, settings, ["catalog"], "rebuild"),
    ):
        held = await campus.post("/projections/catalog/rebuild", WHY, user="admin")
        assert (held.status_code, held.json()["code"]) == (409, "read_model_held")
    asked = await ask(campus, "rebuild")
    for path, code in (
        ("nothing/rebuild", "no_such_read_model"),
        (f"jobs/{'0' * 32}/stop", "projection_job_not_found"),
    ):
        assert (await campus.post(f"/projections/{path}", WHY, user="admin")).json()["code"] == code
    await campus.send(f"/projections/jobs/{asked['job_id']}/stop", WHY, user="admin")
    assert (await ended(campus, asked))["status"] == "stopped"
    asked = await ask(campus, "rebuild")
    first = await Process(as_process(settings, "projector"), "-c", CARRIER).start()

    async def is_begun() -> bool:
        return bool((await campus.get(f"/projections/jobs/{asked['job_id']}")).json()["status"] == "running")

    await until(is_begun)
    await first.end(signal.SIGKILL)
    assert await query(settings, "SELECT outcome FROM projection_jobs WHERE id = %s", asked["job_id"]) == [(None,)]
    await query(settings, "UPDATE projection_jobs SET taken_at = taken_at - interval '1 hour'")
    async with projecting(settings):
        assert (await ended(campus, asked))["status"] == "finished"
    assert await query(settings, "SELECT deaths FROM projection_jobs WHERE id = %s", asked["job_id"]) == [(1,)]
    types = await query(
        settings, "SELECT type FROM events WHERE type <> 'projection.rebuild_requested' ORDER BY position"
    )
    assert types == [("projection.job_stopped",), ("projection.rebuilt",), ("projection.job_finished",)]


async def test_who_may_ask(campus: Campus) -> None:
    """Analysts and admins; auditors look, learners do not."""
    assert (await campus.get("/projections/jobs", user="auditor")).status_code == 200
    assert (await campus.get("/projections/jobs", user=campus.learner)).status_code == 403
    for user, code in (("auditor", "auditors_only_read"), ("instructor", "staff_only"), (campus.learner, "staff_only")):
        assert (await campus.post("/projections/catalog/rebuild", WHY, user=user)).json()["code"] == code
    named = {"reason": "asked for by ada@example.org"}
    refused = await campus.post("/projections/catalog/rebuild", named, user="admin")
    assert (refused.status_code, "stays in clear" in refused.text) == (422, True)
