"""The door of the API: quotas, heads, flows that are counted in Valkey, headers of every answer, the access log."""

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from structlog.testing import capture_logs

from adapters.settings import Settings
from api.app import build
from api.http.door.access_log import MOST_LINES, AccessLog
from api.http.door.heads import LONGEST_HEAD, LONGEST_TARGET, MOST_FIELDS
from tests.support.api import Campus, every_read_model, served

PROXY = {"trusted_proxies": "127.0.0.0/8"}
FROM = {"x-forwarded-for": "192.0.2.7"}


@asynccontextmanager
async def campus_with(lively: Settings, **changed: Any) -> AsyncIterator[Campus]:
    """The campus with other settings."""
    async with served(build(lively.model_copy(update=changed))) as client:
        if "valkey_url" not in changed:
            await every_read_model(client)
        yield Campus(client)


async def test_a_user_above_the_quota_is_refused(lively: Settings) -> None:
    """With the time to come back; whatever token names them, and no other user; monitors are not counted."""
    async with campus_with(lively, rate_per_user=4, **PROXY) as campus:
        here = await campus.as_user("ada")
        headers = here | FROM
        assert (await campus.client.get("/v1/courses", headers=headers)).status_code == 200  # it was not known before
        answers = [await campus.client.get("/v1/courses", headers=headers) for _ in range(5)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 200, 429]
        assert answers[1].headers.get("ratelimit") is None
        assert re.fullmatch(r'"user";r=1;t=\d\d', answers[2].headers["ratelimit"])
        refused = answers[-1]
        assert refused.json()["code"] == "too_many_requests"
        assert refused.headers["content-type"] == "application/problem+json"
        assert 0 < int(refused.headers["retry-after"]) <= 15
        assert refused.headers["ratelimit-policy"] == '"user";q=4;w=60'
        assert (await campus.client.get("/healthz", headers=headers)).status_code == 200
        assert (await campus.client.get("/v1/courses", headers=await campus.as_user("bob") | FROM)).status_code == 200
        assert (await campus.client.get("/v1/courses", headers=here)).status_code == 200, "this machine has no quota"


async def test_a_network_above_the_quota_is_refused(lively: Settings) -> None:
    """Whichever user asks; this machine has no quota, and what a client says of its address counts only by a proxy."""
    async with campus_with(lively, rate_per_network=3, **PROXY) as campus:
        answers = [await campus.client.get("/docs", headers=FROM) for _ in range(4)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
        assert (await campus.client.get("/docs", headers={"x-forwarded-for": "192.0.2.8"})).status_code == 200
        assert {(await campus.client.get("/docs")).status_code for _ in range(8)} == {200}
    async with campus_with(lively, rate_per_network=3) as campus:
        assert {(await campus.client.get("/docs", headers=FROM)).status_code for _ in range(8)} == {200}


async def test_signing_in_is_counted_by_network(lively: Settings) -> None:
    """All of it together, in Valkey, so in all processes; signing out is not counted."""
    body = {"email": "ada@example.org", "password": "not the password"}
    async with campus_with(lively, sign_ins_per_network=2, **PROXY) as campus:
        answers = [await campus.client.post("/v1/auth/login", json=body, headers=FROM) for _ in range(2)]
        assert {answer.status_code for answer in answers} == {403}
    async with campus_with(lively, sign_ins_per_network=2, **PROXY) as campus:
        refused = await campus.client.post("/v1/auth/register", json={"email": "ada@example.org"}, headers=FROM)
        assert (refused.status_code, refused.json()["code"]) == (429, "tried_too_often")
        assert 0 < int(refused.headers["retry-after"]) <= 600
        other = {"x-forwarded-for": "192.0.2.8"}
        assert (await campus.client.post("/v1/auth/login", json=body, headers=other)).status_code == 403
        assert (await campus.client.post("/v1/auth/logout", json={}, headers=FROM)).status_code == 401


async def test_orders_are_counted_by_learner(lively: Settings) -> None:
    """Not those that staff place for many, nor those of a script on this machine."""
    body = {"product_id": "none", "currency": "EUR"}
    async with campus_with(lively, orders_per_user=2, **PROXY) as campus:
        ada, admin = await campus.as_user("ada"), await campus.as_user("admin")
        for headers in (ada, admin):  # a token is known once it was verified
            await campus.client.get("/v1/courses", headers=headers)

        async def placed(headers: dict[str, str]) -> list[int]:
            answers = [await campus.client.post("/v1/orders", json=body, headers=headers) for _ in range(4)]
            return [answer.status_code for answer in answers]

        assert await placed(ada | FROM) == [404, 404, 429, 429]
        assert await placed(admin | FROM) == [404] * 4
        assert await placed(ada) == [404] * 4


async def test_without_valkey_no_one_signs_in_and_reads_go_on(lively: Settings) -> None:
    """Attempts that cannot be counted are refused; orders and reads are not."""
    async with campus_with(lively, valkey_url="redis://127.0.0.1:1/0") as campus:
        body = {"email": "ada@example.org", "password": "not the password"}
        refused = await campus.client.post("/v1/auth/login", json=body)
        assert (refused.status_code, refused.json()["code"], refused.headers["retry-after"]) == (
            503,
            "unavailable",
            "5",
        )
        assert (await campus.get("/courses", user="ada")).status_code == 200
        headers = await campus.as_user("ada")
        order = await campus.client.post("/v1/orders", json={"product_id": "none", "currency": "EUR"}, headers=headers)
        assert order.status_code == 404


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ([(f"x-{number}", "1") for number in range(MOST_FIELDS + 1)], 431, "head_too_large"),
        ([("x-long", "a" * LONGEST_HEAD)], 431, "head_too_large"),
        ([("authorization", "Bearer a"), ("authorization", "Bearer b")], 400, "header_twice"),
        ([("host", "campus"), ("host", "elsewhere")], 400, "header_twice"),
        ([("idempotency-key", "a"), ("Idempotency-Key", "b")], 400, "header_twice"),
        ([("cookie", "a=1"), ("cookie", "b=2")], 200, None),
    ],
)
async def test_heads_have_limits(campus: Campus, headers: list[tuple[str, str]], status: int, code: str | None) -> None:
    """So many fields, so long, and no second value where there is one."""
    answer = await campus.client.get("/healthz", headers=headers)
    assert (answer.status_code, answer.json().get("code")) == (status, code)


async def test_a_target_has_a_limit(campus: Campus) -> None:
    """Path and query."""
    for path in (f"/v1/{'a' * LONGEST_TARGET}", f"/v1/courses?after={'a' * LONGEST_TARGET}"):
        answer = await campus.client.get(path)
        assert (answer.status_code, answer.json()["code"]) == (414, "target_too_long")


DATA = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"


@pytest.mark.parametrize("path", ["/healthz", "/v1/courses", "/v1/none", "/openapi.json", "/docs"])
async def test_every_answer_guards_browsers(campus: Campus, path: str) -> None:
    """Data runs nothing; a page runs its own, and none may be framed; once each."""
    headers = (await campus.client.get(path)).headers
    policy = headers.get_list("content-security-policy")
    assert len(policy) == 1
    assert (policy[0] == DATA) is (path != "/docs")
    assert "frame-ancestors 'none'" in policy[0]
    assert "default-src 'none'" in policy[0]
    assert headers.get_list("x-content-type-options") == ["nosniff"]
    assert headers.get_list("referrer-policy") == ["no-referrer"]
    assert "strict-transport-security" not in headers


async def test_who_came_by_https_has_to_come_so(lively: Settings) -> None:
    """For two years, where the campus is reached by https; refusals say so, too."""
    async with campus_with(lively, public_url="https://campus.example") as campus:
        for answer in (await campus.client.get("/healthz"), await campus.client.get("/v1/me/dashboard")):
            assert answer.headers["strict-transport-security"] == "max-age=63072000; includeSubDomains"


async def test_the_access_log_names_no_one(lively: Settings) -> None:
    """Refusals with the template of the route; no id, address, query or token."""
    async with campus_with(lively, **PROXY) as campus:
        headers = await campus.as_user("ada-1815", **FROM)
        with capture_logs() as lines:
            await campus.client.get("/v1/learners/bob-1912/dashboard?min_position=0", headers=headers)
            await campus.client.get("/v1/courses", headers=headers)
    (line,) = [line for line in lines if line["event"] == "request.answered"]
    assert (line["method"], line["route"], line["status"]) == ("GET", "/v1/learners/{learner_id}/dashboard", 403)
    assert line["code"] == "not_yours"
    assert line.keys() == {"event", "log_level", "method", "route", "status", "code", "ms", "request_id"}
    text = json.dumps(lines)
    for secret in ("ada-1815", "bob-1912", "192.0.2.7", "min_position", headers["authorization"][-20:]):
        assert secret not in text


async def test_the_access_log_has_what_the_setting_says(lively: Settings) -> None:
    """All requests, or none; a flood of refusals is cut off, and counted."""
    async with campus_with(lively, access_log="all") as campus:
        with capture_logs() as lines:
            await campus.client.get("/healthz")
        assert [line["route"] for line in lines] == ["/healthz"]
    async with campus_with(lively, access_log="none") as campus:
        with capture_logs() as lines:
            await campus.client.get("/v1/me/dashboard")
        assert lines == []


def test_a_flood_of_refusals_does_not_fill_the_disk() -> None:
    """So many lines a minute, and the next one says how many were left out."""
    log = AccessLog("refused")
    with capture_logs() as lines:
        for _ in range(MOST_LINES.amount + 50):
            log.write("GET", "/v1/courses", 429, 0.001, "id")
    assert len(lines) < MOST_LINES.amount + 50
    log._following = 0
    with capture_logs() as lines:
        log.write("GET", "/v1/courses", 429, 0.001, "id")
    assert lines[0]["left_out"] > 0
