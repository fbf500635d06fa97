"""Dossiers over HTTP: asked for, made by the notary, taken; for those who see all."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from adapters.dossier import requests
from adapters.dossier.make import STEPS
from adapters.dossier.verifier.checks import check
from adapters.settings import Settings
from adapters.tasks import cancel_and_wait
from api.app import build
from tests.support.api import Campus, served
from tests.support.dossiers import signed_campus, unzipped
from tests.support.roles import as_process
from workers.notarising.dossiers import keep_making

LEARNER = "bob"
PATH = f"/learners/{LEARNER}/dossiers"


@pytest.fixture
async def signed(settings: Settings, tmp_path: Path) -> AsyncIterator[Settings]:
    """A campus whose facts are signed."""
    async with signed_campus(settings, tmp_path) as running:
        yield running


@pytest.fixture
async def campus(signed: Settings) -> AsyncIterator[Campus]:
    """A client of it."""
    async with served(build(signed)) as client:
        yield Campus(client)


async def asked(campus: Campus, user: str = "admin", path: str = PATH, **parameters: Any) -> dict[str, Any]:
    """Ask for a dossier that is accepted."""
    headers = await campus.as_user(user)
    answer = await campus.client.post(f"/v1{path}", params=parameters, headers=headers)
    assert answer.status_code == 202, answer.text
    found: dict[str, Any] = answer.json()
    assert answer.headers["location"] == found["url"]
    return found


async def stands(campus: Campus, dossier: dict[str, Any], user: str = "admin") -> dict[str, Any]:
    """How it stands once it is there, or cannot be."""
    return await campus.until_answer(dossier["url"].removeprefix("/v1"), lambda found: "done_at" in found, user=user)


def change(settings: Settings, statement: str) -> None:
    """Change the table of requests."""
    with psycopg.connect(settings.postgres_owner_url) as owner:
        owner.execute(f"SET search_path TO {settings.schema_name}".encode())
        owner.execute(statement.encode())


async def test_a_dossier_is_asked_for_made_and_taken(
    signed: Settings, campus: Campus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is that of its moment, and the same when asked for again; who may not, what fails, what is forgotten."""
    for user in ("carol", LEARNER):
        answer = await campus.client.post(f"/v1{PATH}", headers=await campus.as_user(user))
        assert (answer.status_code, answer.json()["code"]) == (403, "staff_only")
    first = await asked(campus, "auditor", known_at=250, reason="dispute 7")
    assert (first["state"], first["position"], first["asked_by"]) == ("waiting", 250, "auditor")
    assert await asked(campus, "auditor", known_at=250) == first
    (look,) = [
        each
        for each in (await campus.get(f"/learners/{LEARNER}/looks")).json()["items"]
        if each["reason"] == "dispute 7"
    ]
    assert (look["by"], look["what"], look["known_position"]) == ("auditor", f"/v1{PATH}", 250)
    unready = await campus.get(f"{PATH}/{first['dossier_id']}/file")
    assert (unready.status_code, unready.json()["code"]) == (404, "dossier_not_ready")

    monkeypatch.setattr(requests, "MOST_WAITING", 3)
    now = await asked(campus)
    unknown = await asked(campus, path="/learners/no-one/dossiers")
    headers = await campus.as_user("admin")
    full = await campus.client.post(f"/v1{PATH}", params={"known_at": 9}, headers=headers)
    assert (full.status_code, full.json()["code"]) == (409, "too_many_dossiers")

    change(
        signed, f"UPDATE dossiers SET taken_at = now() - interval '1 hour', tries = 3 WHERE id = '{now['dossier_id']}'"
    )
    making = asyncio.create_task(keep_making(as_process(signed, "relay")))
    try:
        ready = await stands(campus, first, "auditor")
        assert (ready["state"], ready["steps"], ready["of_steps"]) == ("ready", STEPS, STEPS)
        file = await campus.get(ready["file_url"].removeprefix("/v1"), user="auditor")
        assert file.headers["content-type"] == "application/zip"
        assert len(file.content) == ready["bytes"]
        report = check(unzipped(file.content))
        assert report.wrong == []
        assert report.statement is not None
        assert (report.statement.learner, report.statement.position) == (LEARNER, 250)
        failed = await stands(campus, unknown)
        assert (failed["state"], failed["failure_code"]) == ("failed", "nothing_recorded")
        lost = await stands(campus, now)
        assert lost["failure"] == "it was begun 3 times, and never came to its end"
        again = await asked(campus)
        assert again["dossier_id"] != now["dossier_id"]
        assert (await stands(campus, again))["state"] == "ready"
    finally:
        await cancel_and_wait([making])
    await refused_or_forgotten(campus, signed, first)


async def refused_or_forgotten(campus: Campus, signed: Settings, first: dict[str, Any]) -> None:
    """What is not there, or not theirs, is refused; after a week a dossier is forgotten, and can be asked for again."""
    headers = await campus.as_user("admin")
    for path, code in (
        (f"{PATH}/{'0' * 32}", "dossier_not_found"),
        (f"/learners/carol/dossiers/{first['dossier_id']}", "dossier_not_found"),
    ):
        answer = await campus.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, code)
    assert (await campus.get(f"{PATH}/{first['dossier_id']}", user=LEARNER)).status_code == 403
    ahead = await campus.client.post(f"/v1{PATH}", params={"known_at": 10**9}, headers=headers)
    assert (ahead.status_code, ahead.json()["code"]) == (422, "moment_ahead")

    change(signed, "UPDATE dossiers SET asked_at = now() - interval '8 days'")
    assert (await asked(campus, "auditor", known_at=250))["dossier_id"] != first["dossier_id"]
    assert (await campus.get(f"{PATH}/{first['dossier_id']}")).status_code == 404


async def test_a_maker_that_dies_is_replaced(signed: Settings, campus: Campus, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it had begun is begun again by another, once it gives no sign of life any more; two never make the same."""
    dossier = await asked(campus)
    change(signed, "UPDATE dossiers SET taken_at = now(), tries = 1")
    monkeypatch.setattr(requests, "SILENT_AFTER", 0)
    makers = [asyncio.create_task(keep_making(as_process(signed, "relay"))) for _ in range(2)]
    try:
        assert (await stands(campus, dossier))["state"] == "ready"
    finally:
        await cancel_and_wait(makers)
