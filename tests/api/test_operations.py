"""What failed is listed, tried again, dismissed and skipped over HTTP; each decision is a fact."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from adapters.procrastinate.queue import queue_of
from adapters.settings import Settings
from api.app import build
from tests.support.api import Campus, served
from tests.support.appends import opened, query
from tests.support.roles import as_process

EVENT = "0199c7f0-a1b2-7c3d-8e4f-5a6b7c8d9e0f"
WHY = {"reason": "done by hand"}
JOB = """
INSERT INTO procrastinate_jobs (queue_name, task_name, status, args, attempts)
VALUES (%s, 'give_back', 'failed', %s::jsonb, 8) RETURNING id
"""
DERIVED = """
INSERT INTO derived_jobs (key, name, position, stream_id, due_at, job_id, cause)
VALUES (%s, 'give_back', 7, 'refund-ann:o1.r1', now(), %s, 'the bank is away')
"""
REACTION = """
INSERT INTO failed_reactions (position, reaction, event_id, type, stream_id, key, code, sentence, code_version)
VALUES (7, 'grade_by_key', %s, 'attempt.submitted', 'attempt-ann:q:1', 'ann', 'failed', 'a bug', 'x')
"""
GENERATION = """
INSERT INTO projections (name, generation, version, code, status, segments)
VALUES ('gradebook', 1, 3, 'x', 'live', 1)
"""
PARKED = """
INSERT INTO parked (projection, generation, segment, key, first_position, failed_position, type, version, error, trace)
VALUES ('gradebook', 1, 0, 'ann', 5, 7, 'attempt.graded', 3, 'a bug', '')
"""


@pytest.fixture
async def campus(settings: Settings) -> AsyncIterator[Campus]:
    """A campus without workers, so that what is asked for stays to be seen."""
    async with served(build(as_process(settings, "api"))) as client:
        yield Campus(client)


async def last(settings: Settings) -> tuple[str, dict[str, Any], Any]:
    """Type, data and meta of the last fact."""
    async with opened(settings) as log:
        (fact,) = await log.at([await log.head()])
        return fact.type, fact.data, fact.meta


async def test_failed_jobs_are_tried_again_and_dismissed(campus: Campus, settings: Settings) -> None:
    """What is settled is not listed; reason and ticket are in the fact."""
    ids = []
    for number in (1, 2):
        key = f"{EVENT[:-1]}{number}:give_back"
        ((job_id,),) = await query(settings, JOB, queue_of(settings), f'{{"key":"{key}","position":7}}')
        await query(settings, DERIVED, key, job_id)
        ids.append(job_id)
    page = (await campus.get("/jobs/failed", user="auditor", limit=1)).json()
    assert [(each["id"], each["cause"]) for each in page["items"]] == [(ids[0], "the bank is away")]
    page = (await campus.get("/jobs/failed", limit=1, cursor=page["next"])).json()
    assert ([each["id"] for each in page["items"]], page["next"]) == ([ids[1]], None)
    await campus.send(f"/jobs/{ids[0]}/retry", user="admin")
    type_, data, meta = await last(settings)
    assert (type_, data, meta.role) == ("job.retried", {"position": 7}, "admin")
    headers = await campus.as_user("admin", **{"campus-ticket": "HELP-7"})
    answer = await campus.client.post(f"/v1/jobs/{ids[1]}/dismiss", json=WHY, headers=headers)
    assert answer.status_code == 202, answer.text
    type_, data, meta = await last(settings)
    assert (type_, data, meta.ticket) == ("job.dismissed", {"position": 7, **WHY}, "HELP-7")
    assert (await campus.get("/jobs/failed")).json()["items"] == []
    for path in (f"/jobs/{ids[1]}/retry", "/jobs/999/retry"):
        assert (await campus.post(path, user="admin")).json()["code"] == "job_not_failed"
    assert (await campus.post(f"/jobs/{ids[1]}/retry", user="auditor")).json()["code"] == "auditors_only_read"


async def test_a_request_with_a_key_is_carried_out_once(campus: Campus, settings: Settings) -> None:
    """Sent again, it has its first answer: what has failed since is not tried again, and nothing is recorded."""

    async def sent(path: str, body: dict[str, Any], key: str) -> tuple[int, dict[str, Any]]:
        headers = await campus.as_user("admin", **{"idempotency-key": key})
        answer = await campus.client.post(f"/v1{path}", json=body, headers=headers)
        return answer.status_code, answer.json()

    await query(settings, REACTION, EVENT)
    await query(settings, GENERATION)
    await query(settings, PARKED)
    key = {"projection": "gradebook", "key": "ann"}
    retry, dismiss, skip = "/reactions/7/grade_by_key/retry", "/reactions/7/grade_by_key/dismiss", {**key, **WHY}
    first = {
        "r": await sent(retry, {}, "r"),
        "k": await sent("/projections/parked/retry", key, "k"),
        "s": await sent("/projections/parked/skip", skip, "s"),
        "d": await sent(dismiss, WHY, "d"),
    }
    assert {status for status, _ in first.values()} == {202}, first
    assert (await sent(dismiss, WHY, "d"), await sent(retry, {}, "r")) == (first["d"], first["r"])
    state = "SELECT state FROM failed_reactions"
    assert await query(settings, state) == [("dismissed",)], "what was asked for before does not open it again"
    later = "now() + interval '1 second'"
    opened_again = "state = 'waiting', settled_at = NULL, settled_by = NULL, reason = NULL"
    await query(settings, f"UPDATE failed_reactions SET {opened_again}, last_tried_at = {later}")
    await query(settings, f"UPDATE parked SET requested = false, failed_position = 8, tried_at = {later}")
    assert await sent(dismiss, WHY, "d") == first["d"]
    assert await sent("/projections/parked/retry", key, "k") == first["k"]
    assert await sent("/projections/parked/skip", skip, "s") == first["s"]
    assert await query(settings, state) == [("waiting",)]
    assert await query(settings, "SELECT position, requested FROM skipped, parked") == [(7, False)]
    status, problem = await sent("/projections/parked/retry", {**key, "key": "bob"}, "k")
    assert (status, problem["code"]) == (422, "idempotency_key_reused")
    assert await query(settings, "SELECT count(*) FROM events") == [(len(first),)]


async def test_failed_reactions_are_dismissed_and_opened_again(campus: Campus, settings: Settings) -> None:
    """As by `campus reactions`."""
    await query(settings, REACTION, EVENT)
    (listed,) = (await campus.get("/reactions/failed", key="ann")).json()["items"]
    assert (listed["reaction"], listed["state"]) == ("grade_by_key", "waiting")
    await campus.post("/reactions/7/grade_by_key/dismiss", WHY, user="admin")
    assert (await last(settings))[0] == "reaction.dismissed"
    assert (await campus.get("/reactions/failed")).json()["items"] == []
    (dismissed,) = (await campus.get("/reactions/failed", dismissed="true")).json()["items"]
    assert (dismissed["settled_by"], dismissed["reason"]) == ("admin", WHY["reason"])
    await campus.send("/reactions/7/grade_by_key/retry", user="admin")
    assert (await last(settings))[0] == "reaction.retried"
    assert len((await campus.get("/reactions/failed")).json()["items"]) == 1
    unknown = await campus.post("/reactions/8/grade_by_key/dismiss", WHY, user="admin")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "reaction_not_failed")


async def test_parked_keys_are_tried_again_and_facts_skipped(campus: Campus, settings: Settings) -> None:
    """As by `campus projections parked`; who names another position than that of the failure is refused."""
    await query(settings, GENERATION)
    await query(settings, PARKED)
    (model,) = (await campus.get("/projections", user="auditor")).json()["items"]
    assert (model["name"], model["status"], model["parked"]) == ("gradebook", "live", 1)
    (parked,) = (await campus.get("/projections/parked")).json()["parked"]
    assert (parked["key"], parked["failed_position"]) == ("ann", 7)
    key = {"projection": "gradebook", "key": "ann"}
    await campus.send("/projections/parked/retry", key, user="admin")
    assert (await last(settings))[:2] == ("projection.key_retried", {"key": "ann"})
    assert await query(settings, "SELECT requested FROM parked") == [(True,)]
    skip = {**key, **WHY}
    wrong = await campus.post("/projections/parked/skip", {**skip, "position": 8}, user="admin")
    assert (wrong.status_code, wrong.json()["code"]) == (409, "fails_elsewhere")
    await campus.send("/projections/parked/skip", {**skip, "position": 7}, user="admin")
    type_, data, _ = await last(settings)
    assert (type_, data["key"], data["position"], data["version"]) == ("projection.fact_skipped", "ann", 7, 3)
    (skipped,) = (await campus.get("/projections/parked")).json()["skipped"]
    assert (skipped["position"], skipped["skipped_by"]) == (7, "admin")
    missing = await campus.post("/projections/parked/retry", {**key, "key": "bob"}, user="admin")
    assert missing.json()["code"] == "nothing_parked"
