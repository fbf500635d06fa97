"""What is disputed: appeals of all runs, and a log that is not what was signed, which an admin gives up."""

import asyncio
from pathlib import Path

from adapters.settings import Settings
from api.app import build
from tests.support.api import Campus, served
from tests.support.polling import guard, until
from tests.support.proofs import beside, notarising, signed_up_to, tamper
from tests.support.roles import as_process
from tests.support.workers import writer
from workers import notary


async def test_appeals_of_all_runs_are_listed(campus: Campus) -> None:
    """The open ones, or all; for the staff of the whole campus."""
    await campus.open_run()
    await campus.enroll()
    outcome = {"run_id": campus.run, "learner_id": campus.learner, "outcome": "fail", "reason": "copied"}
    await campus.send("/progress/outcomes", outcome, user="instructor")
    await campus.send("/progress/appeals", {"run_id": campus.run, "words": "I did not"})

    async def mine(**parameters: bool) -> list[tuple[str, str]]:
        items = (await campus.get("/appeals", user="auditor", **parameters)).json()["items"]
        return [(each["status"], each["words"]) for each in items if each["learner_id"] == campus.learner]

    assert await mine() == [("open", "I did not")]
    path = f"/learners/{campus.learner}/runs/{campus.run}/appeals/1/answer"
    await campus.send(path, {"granted": False, "words": "you did"}, user="admin")
    assert await mine() == []
    assert await mine(all=True) == [("dismissed", "I did not")]
    assert (await campus.get("/appeals", user=campus.learner)).status_code == 403


async def test_a_signed_tree_is_given_up_by_an_admin(settings: Settings, tmp_path: Path) -> None:
    """While the notary refuses, and no other one; auditors see why it refuses, and what was decided."""
    running = beside(settings, tmp_path)
    async with writer(settings) as facts:
        await facts.record_many(300)
    async with notarising(running):
        await signed_up_to(settings, 300)
    async with served(build(settings)) as client:
        campus = Campus(client)
        found = (await campus.get("/proofs/dispute", user="auditor")).json()
        assert (found["refused"], found["resolved"]) == (None, [])
        body = {"origin": found["origin"], "reason": "a backup was put back"}
        early = await campus.post("/proofs/dispute/resolve", body, user="admin")
        assert (early.status_code, early.json()["code"]) == (409, "nothing_disputed")
        tamper(settings, "DELETE FROM events WHERE position > 200", "UPDATE log_head SET position = 200")
        stop = asyncio.Event()
        refusing = asyncio.create_task(notary.run(as_process(running, "relay"), stop))
        try:

            async def refuses() -> bool:
                said = (await campus.get("/proofs/dispute", user="auditor")).json()["refused"]
                return said is not None and "the log went back" in said

            await until(refuses)
            by_auditor = await campus.post("/proofs/dispute/resolve", body, user="auditor")
            assert by_auditor.status_code == 403
            another = await campus.post("/proofs/dispute/resolve", {**body, "origin": "another"}, user="admin")
            assert another.json()["code"] == "nothing_disputed"
            assert (await campus.post("/proofs/dispute/resolve", body, user="admin")).status_code == 202
            (resolved,) = (await campus.get("/proofs/dispute", user="auditor")).json()["resolved"]
            assert (resolved["reason"], resolved["by"], resolved["origin"]) == (body["reason"], "admin", body["origin"])
        finally:
            stop.set()
            async with guard():
                await refusing
