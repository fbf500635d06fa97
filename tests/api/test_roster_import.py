"""Rosters over HTTP: a dry run, the import, and the same file again."""

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator
from typing import Any

import pytest
from fastapi import FastAPI

from adapters.settings import Settings
from api import roster_import
from api.app import build
from api.http.services import Services
from commands.log import Context
from commands.user import RegisterAccount
from tests.support.api import Campus, served
from tests.support.appends import opened
from tests.support.polling import until
from tests.support.roles import as_process
from workers.dispatching import bulk_jobs


@pytest.fixture
def app(settings: Settings) -> FastAPI:
    """A campus of its own, whose mail server is away."""
    return build(as_process(settings.model_copy(update={"smtp_url": "smtp://127.0.0.1:1"}), "api"))


@pytest.fixture
async def campus(app: FastAPI) -> AsyncIterator[Campus]:
    """With an open run."""
    async with served(app) as client:
        campus = Campus(client)
        await campus.open_run()
        yield campus


async def sent(campus: Campus, text: str, *, user: str = "admin", **members: Any) -> Any:
    """The answer to a roster."""
    body = {"file": b64encode(text.encode()).decode(), **members}
    return (await campus.post(f"/runs/{campus.run}/roster-imports", body, user=user)).json()


async def test_a_roster_is_imported(campus: Campus, app: FastAPI, settings: Settings) -> None:
    """People are found by address or id, or invited; sent again, the file changes nothing; who has left comes back."""
    services: Services = app.state.services
    context = Context("admin", services.bus.clock.now())
    claimed = await services.people.addresses.claim("ada@example.org", "ada")
    assert claimed == "ada"
    await services.bus.handle(RegisterAccount("ada", "ada@example.org"), context)
    await campus.send("/enrollments", {"run_id": campus.run}, user="cid")
    text = (
        "email;id;status\nAda@Example.org;s1;\nbob@example.org;s2;\n;cid;dropped\n;unknown;\n"
        "eve@example;s5;\nada@example.org;;\ngone@example.org;;withdrawn\n"
    )
    assert (await sent(campus, text, user="learner"))["code"] == "staff_only"
    dry = await sent(campus, text, dry_run=True)
    meant = {each["line"]: (each["learner_id"], each["action"]) for each in dry["lines"]}
    assert meant == {
        2: ("ada", "enter"),
        3: ("", "invite"),
        4: ("cid", "leave"),
        **dict.fromkeys((5, 6, 7, 8), ("", "skip")),
    }
    assert dry["lines"][0]["would_record"] == ["enrollment.requested", "enrollment.activated"]
    assert dry["lines"][2]["would_record"] == ["enrollment.withdrawn"]
    assert [each["line"] for each in dry["refused"]] == [5, 6]
    assert "@" not in str(dry).replace("such as ada@example.org", ""), "no address is in the answer"
    looks = [each.data["what"] for each in await services.log.history("ada") if each.type == "record.viewed"]
    assert looks == [f"dry run of a roster of run {campus.run}"], "it was answered whose address it is"
    assert (dry["job_id"], await services.log.stream(f"enrollment-ada:{campus.run}")) == (None, [])

    stop = asyncio.Event()
    async with opened(as_process(settings, "dispatcher")) as log:
        task = asyncio.create_task(bulk_jobs.keep_carrying_out(log, stop))
        done = await sent(campus, text)
        assert (done["enter"], done["leave"], done["invite"], len(done["refused"])) == (1, 1, 1, 2)
        await until(lambda: over(campus, done["job_id"]))
        again = await sent(campus, text)
        assert (again["enter"], again["leave"], again["invite"], again["unchanged"]) == (2, 1, 0, 3)
        back = await sent(campus, "learner_id\ncid\n")
        await until(lambda: over(campus, back["job_id"]))
        undo = (await campus.post(f"/bulk-jobs/{back['job_id']}/undo", {}, user="admin")).json()
        assert [each["would_record"] for each in undo["lines"]] == [["enrollment.withdrawn"]]
        stop.set()
        await task
    types = [fact.type for fact in await services.log.stream(f"enrollment-cid:{campus.run}")]
    assert types[2:] == ["enrollment.withdrawn", "enrollment.reactivated", "enrollment.activated"]


async def over(campus: Campus, job_id: str) -> bool:
    """Whether a job has ended."""
    return (await campus.get(f"/bulk-jobs/{job_id}")).json()["ended_at"] is not None


async def test_what_is_no_roster_is_refused(campus: Campus, monkeypatch: pytest.MonkeyPatch) -> None:
    """No base64, no list, too many lines, no such run."""
    path = f"/runs/{campus.run}/roster-imports"
    for text in ("%", "ä", "\N{PILE OF POO}"):
        assert (await campus.post(path, {"file": text}, user="admin")).json()["code"] == "bad_roster"
    assert (await sent(campus, "name\nAda\n"))["code"] == "bad_roster"
    file = b64encode(b"email\na@example.org\n").decode()
    none = await campus.post("/runs/none/roster-imports", {"file": file, "dry_run": True}, user="admin")
    assert (none.status_code, none.json()["code"]) == (404, "run_not_found")
    monkeypatch.setattr(roster_import, "MOST_LINES", 1)
    assert (await sent(campus, "learner_id\n1\n2\n"))["code"] == "long_roster"
