"""Looks at a learner's records are recorded before they are answered, and are listed."""

import re
from typing import Any

import psycopg
import pytest
from fastapi import FastAPI

from adapters.command_bus import record_look
from adapters.settings import Settings
from cli.operator import operator
from cli.up.plan import variables
from tests.support.api import Campus
from tests.support.campus_up import campus as command
from tests.support.sellers import Seller


async def looks(campus: Campus, user: str = "admin", **parameters: Any) -> list[dict[str, Any]]:
    """Who has looked, the newest first."""
    answer = await campus.get(f"/learners/{campus.learner}/looks", user=user, **parameters)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def test_every_route_as_of_a_moment_records_the_look(campus: Campus) -> None:
    """By the description of the API: who, what, as of when, and why; the learner's own looks are no looks."""
    await campus.open_run()
    position = await campus.enroll()
    document = (await campus.client.get("/openapi.json")).json()
    paths = [
        path.replace("{learner_id}", campus.learner).replace("{run_id}", campus.run)
        for path, operations in document["paths"].items()
        if "{learner_id}" in path
        and "known_at" in {each["name"] for each in operations.get("get", {}).get("parameters", ())}
    ]
    assert len(paths) >= 4
    assert not [path for path in paths if re.search(r"{(?!order_id)", path)], "give this test an id for it"
    for number, path in enumerate(paths):
        asked = {"known_at": position, "reason": f"dispute {number}"}
        answer = await campus.get(path.removeprefix("/v1"), user="auditor", **asked)
        assert answer.status_code in {200, 404}, answer.text
        (newest, *_) = await looks(campus)
        assert newest.pop("position") > position
        assert newest.pop("at")
        assert newest == {
            "by": "auditor", "what": path, "known_position": position, "valid_at": None, "reason": f"dispute {number}",
        }  # fmt: skip
        assert (await campus.get(path.removeprefix("/v1"), user=campus.learner, **asked)).status_code != 503
    assert len(await looks(campus)) == len(paths)


async def test_a_question_why_is_a_look(campus: Campus) -> None:
    """At the present, too; a look that is repeated in its hour is one; reads of the present are looks with a reason."""
    await campus.open_run()
    await campus.enroll()
    place = {"view": "learner_dashboard", "key": campus.learner, "field": "courses"}
    assert (await campus.get("/why", user=campus.learner, **place)).status_code == 200
    assert await looks(campus) == []
    for _ in range(2):
        assert (await campus.get("/why", **place)).status_code == 200
    dashboard = f"/learners/{campus.learner}/dashboard"
    await campus.get(dashboard)
    await campus.get(dashboard, reason="appeal")
    found = [(each["by"], each["what"], each["reason"], each["known_position"]) for each in await looks(campus)]
    assert found == [
        ("admin", f"/v1{dashboard}", "appeal", None),
        ("admin", f"/v1/why learner_dashboard {campus.learner} courses", "unspecified", None),
    ]
    (newest,) = await looks(campus, limit=1)
    assert newest["reason"] == "appeal"
    assert len(await looks(campus, user=campus.learner)) == 2, "a learner sees who has looked"
    other = await campus.get(f"/learners/{campus.learner}/looks", user=f"{campus.learner}-2")
    assert other.json()["code"] == "not_yours"


async def test_what_is_refused_or_is_not_there_is_no_look(campus: Campus) -> None:
    """A learner who may not look leaves no fact, nor does a look at an id about which nothing is recorded."""
    await campus.open_run()
    await campus.enroll()
    path = f"/learners/{campus.learner}/dashboard"
    assert (await campus.get(path, user=f"{campus.learner}-2", valid_at="2026-01-01")).status_code == 403
    assert await looks(campus) == []
    unknown = f"{campus.learner}-3"
    assert (await campus.get(f"/learners/{unknown}/dashboard", valid_at="2026-01-01")).status_code == 404
    assert (await campus.get(f"/learners/{unknown}/history")).status_code == 404


async def test_without_the_log_there_is_no_answer(
    campus: Campus, lively: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As long as the log takes no facts, a look is 503 and shows nothing; then it is answered, and recorded."""
    await campus.open_run()
    position = await campus.enroll()
    path = f"/learners/{campus.learner}/dashboard"
    monkeypatch.setattr(record_look, "DEADLINE", 0.2)
    async with await psycopg.AsyncConnection.connect(lively.postgres_owner_url) as owner:
        await owner.execute(f"UPDATE {lively.schema_name}.log_head SET position = position".encode())
        refused = await campus.get(path, user="auditor", known_at=position)
        assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")
        assert campus.run not in refused.text
    monkeypatch.undo()
    assert (await campus.get(path, user="auditor", known_at=position)).status_code == 200
    assert [each["by"] for each in await looks(campus)] == ["auditor"]


async def test_the_command_records_its_looks(lively: Settings, campus: Campus) -> None:
    """By the operator, with the reason; the server's role decides who may ask."""
    await campus.open_run()
    position = await campus.enroll()
    asked = ("why", "learner_dashboard", campus.learner, "courses")
    options = ("--known-at", str(position), "--reason", "appeal")
    assert command(*asked, *options, env=variables(lively)).returncode == 0
    (look,) = await looks(campus)
    assert (look["by"], look["what"]) == (operator(), f"campus {' '.join(asked)}")
    assert (look["known_position"], look["reason"]) == (position, "appeal")


async def test_an_order_is_a_record_of_its_learner(app: FastAPI, campus: Campus) -> None:
    """Also where only its own id is named, as of a moment or with a reason."""
    seller = Seller(campus.client, app)
    await seller.sell()
    placed = await seller.order(product_id=seller.product)
    path = f"/orders/{placed['order_id']}"
    for asked in ({"known_at": placed["position"]}, {"reason": "appeal"}, {}):
        assert (await seller.get(path, user="auditor", **asked)).status_code in {200, 404, 503}
        await seller.get(f"{path}/receipt", user="auditor", **asked)
        await seller.get(path, user=seller.learner, **asked)
    found = [(each["what"], each["reason"]) for each in await looks(seller)]
    paths = (f"/v1{path}/receipt", f"/v1{path}")
    assert found == [(each, reason) for reason in ("appeal", "unspecified") for each in paths]
