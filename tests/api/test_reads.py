"""Reads of another person's records are facts: once in an hour, recorded soon after, at the cost of nothing."""

from typing import Any

import pytest
from fastapi import FastAPI

from adapters.command_bus.record_look import record_look
from adapters.jwt import claims_of
from adapters.postgres.connection import Unavailable
from api.http import reads
from api.http.reads import ReadsOfOthers
from tests.support.api import Campus
from tests.support.sellers import Seller


async def recorded(app: FastAPI, campus: Campus, *learners: str) -> list[tuple[str, str, str]]:
    """Who has read whose records, once that is recorded, the newest first."""
    await app.state.services.reads.record()
    found: list[tuple[str, str, str]] = []
    for learner in learners or (campus.learner,):
        items: list[dict[str, Any]] = (await campus.get(f"/learners/{learner}/looks", user=learner)).json()["items"]
        found += [(each["by"], each["what"], each["reason"]) for each in items]
    return found


@pytest.mark.parametrize(
    "path",
    [
        "/learners/{}/dashboard",
        "/learners/{}/history",
        "/learners/{}/credentials",
        "/learners/{}/transcript",
        "/learners/{}/looks",
    ],
)
async def test_a_read_by_another_person_is_recorded(app: FastAPI, campus: Campus, path: str) -> None:
    """By whatever route, the fast path of dashboards included; one's own is none, and a second one is the same."""
    await campus.open_run()
    position = await campus.enroll()
    await campus.see("/me/dashboard", position, user=campus.learner)
    for _ in range(2):
        await campus.get(path.format(campus.learner), user=campus.learner)
    assert await recorded(app, campus) == []
    auditor = f"auditor-{campus.tag}"
    for _ in range(2):
        assert (await campus.get(path.format(campus.learner), user="auditor")).status_code == 200
        refused = await campus.get(path.format(campus.learner), user=auditor)
        assert refused.status_code == 403
    assert await recorded(app, campus) == [("auditor", f"/v1/learners/{campus.learner}", "unspecified")]


async def test_what_the_route_finds_is_a_read_too(app: FastAPI, campus: Campus) -> None:
    """An order that is named by its own id is the record of its learner."""
    seller = Seller(campus.client, app)
    await seller.sell()
    placed = await seller.order(product_id=seller.product)
    assert (await seller.see(f"/orders/{placed['order_id']}", placed["position"], user=seller.learner))["order_id"]
    assert await recorded(app, campus, seller.learner) == []
    assert (await seller.get(f"/orders/{placed['order_id']}", user="admin")).status_code == 200
    assert await recorded(app, campus, seller.learner) == [("admin", f"/v1/learners/{seller.learner}", "unspecified")]


async def test_two_processes_record_one_read(app: FastAPI, campus: Campus) -> None:
    """Within an hour, whatever each remembers; and nothing of an id about which nothing is known."""
    await campus.open_run()
    await campus.enroll()
    services = app.state.services
    for _ in range(2):
        process = ReadsOfOthers(services.log, services.bus)
        for learner in (campus.learner, f"none-{campus.tag}"):
            process.note(claims_of("admin"), "admin", learner, "a-request")
        await process.stop()
    assert len(await recorded(app, campus)) == 1
    assert (await campus.get(f"/learners/none-{campus.tag}/looks")).status_code == 404


async def test_a_read_waits_for_the_log(app: FastAPI, campus: Campus, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer does not."""
    await campus.open_run()
    await campus.enroll()

    async def is_away(*_: object) -> None:
        raise Unavailable("PostgreSQL is away")

    with monkeypatch.context() as patched:
        patched.setattr(reads, "record_look", is_away)
        assert (await campus.get(f"/learners/{campus.learner}/history", user="auditor")).status_code == 200
        assert await recorded(app, campus) == []
    assert len(await recorded(app, campus)) == 1


async def test_one_that_cannot_be_recorded_is_in_no_other_s_way(
    app: FastAPI, campus: Campus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is logged, and given up."""
    await campus.open_run()
    await campus.enroll()
    record = record_look

    async def fails(log: Any, bus: Any, learner_id: str, *rest: Any) -> None:
        if learner_id == "odd":
            raise ValueError(learner_id)
        await record(log, bus, learner_id, *rest)

    monkeypatch.setattr(reads, "record_look", fails)
    monkeypatch.setattr(reads, "MOST_AT_ONCE", 1)  # what waits is recorded to its end, however much it is
    noted = ReadsOfOthers(app.state.services.log, app.state.services.bus)
    for learner in ("odd", "\0", campus.learner):
        noted.note(claims_of("admin"), "admin", learner, "a-request")
    await noted.stop()
    assert noted._waiting == {}
    assert len(await recorded(app, campus)) == 1
