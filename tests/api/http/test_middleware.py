"""What holds for every request: identity, problems, idempotency, ETags, request ids, compression, limits."""

import asyncio
import gzip
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI

from api.http.middleware import LARGEST_BODY
from api.http.query import WAIT
from tests.support.api import Campus, served


async def test_without_a_token_nothing_is_told(campus: Campus) -> None:
    """No token, another scheme, a token that nobody signed: 401, with the scheme to use."""
    for headers in ({}, {"authorization": "Basic abc"}, {"authorization": "Bearer abc.def.ghi"}):
        answer = await campus.client.get("/v1/me/dashboard", headers=headers)
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
        assert answer.json()["code"] == "unauthenticated"


async def test_learners_see_and_act_for_themselves_only(campus: Campus) -> None:
    """Staff may for everybody."""
    await campus.open_run()
    other = f"other-{campus.tag}"
    for path in (f"/learners/{other}/dashboard", f"/learners/{other}/history", f"/learners/{other}/events"):
        answer = await campus.get(path, user=campus.learner)
        assert (answer.status_code, answer.json()["code"]) == (403, "not_yours")
    answer = await campus.post("/enrollments", {"run_id": campus.run, "learner_id": other})
    assert (answer.status_code, answer.json()["code"]) == (403, "not_yours")
    for path in ("/overview", "/activity", f"/runs/{campus.run}/dashboard", f"/runs/{campus.run}/gradebook"):
        assert (await campus.get(path, user=campus.learner)).status_code == 403
    await campus.send("/enrollments", {"run_id": campus.run, "learner_id": other}, user="instructor")


async def test_every_error_is_a_problem_document(campus: Campus) -> None:
    """Also those that no route has raised: no such page, no such method, a body that is no JSON."""
    admin = await campus.as_user("admin", **{"content-type": "application/json"})
    cases = [
        (await campus.get("/none"), 404, "no_such_page"),
        (await campus.client.delete("/v1/courses", headers=admin), 405, "method_not_allowed"),
        (await campus.client.post("/v1/courses", content=b"{", headers=admin), 422, "invalid_request"),
        (await campus.client.post("/v1/courses", content=b"\xff", headers=admin), 400, "bad_request"),
        (await campus.post("/courses", {"course_id": "a b", "title": "x"}, user="admin"), 422, "invalid_request"),
        (await campus.get("/courses", cursor="abc"), 422, "bad_cursor"),
        (await campus.get("/me/dashboard", min_position="x"), 422, "bad_request"),
    ]
    for answer, status, code in cases:
        problem = answer.json()
        assert (answer.status_code, problem["code"], problem["status"]) == (status, code, status), answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        assert problem["request_id"] == answer.headers["x-request-id"]
        assert problem["type"] == f"urn:campuslog:problem:{code}"


async def test_an_error_of_the_domain_brings_its_facts(campus: Campus) -> None:
    """So that a program need not read the sentence."""
    problem = (await campus.post("/enrollments", {"run_id": "none"})).json()
    assert (problem["code"], problem["run_id"], problem["detail"]) == (
        "run_not_found",
        "none",
        "there is no course run none",
    )


async def test_what_nobody_expected_is_a_problem_too(app: FastAPI) -> None:
    """The log gets the traceback, the client a request id to ask about."""

    async def fail() -> None:
        raise RuntimeError("secret")

    app.add_api_route("/fail", fail)
    async with served(app) as client:
        answer = await client.get("/fail", headers={"x-request-id": "mine"})
    assert (answer.status_code, answer.json()["code"], answer.json()["request_id"]) == (500, "internal_error", "mine")
    assert "secret" not in answer.text


async def test_fifty_repeats_with_one_key_append_once(campus: Campus) -> None:
    """All of them get the first answer."""
    await campus.open_run()
    body = {"run_id": campus.run}
    answers = await asyncio.gather(*(campus.post("/enrollments", body, key="once") for _ in range(50)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["position"] for answer in answers}) == 1
    history = (await campus.get(f"/learners/{campus.learner}/history")).json()["items"]
    assert [fact["type"] for fact in history] == ["enrollment.requested", "enrollment.activated"]
    activity = {**body, "unit_id": "intro"}
    answers = await asyncio.gather(*(campus.post("/progress/activities", activity, key="click") for _ in range(50)))
    assert len({answer.json()["position"] for answer in answers}) == 1
    assert len((await campus.get(f"/learners/{campus.learner}/history")).json()["items"]) == 3


async def test_a_key_belongs_to_one_request_of_one_user(campus: Campus) -> None:
    """Another body with it is refused; another user may use the same key."""
    await campus.open_run()
    await campus.send("/enrollments", {"run_id": campus.run}, key="mine")
    reused = await campus.post("/enrollments/withdraw", {"run_id": campus.run}, key="mine")
    assert (reused.status_code, reused.json()["code"]) == (422, "idempotency_key_reused")
    await campus.send("/enrollments", {"run_id": campus.run}, key="mine", user=f"other-{campus.tag}")
    too_long = await campus.post("/enrollments", {"run_id": campus.run}, key="k" * 200)
    assert (too_long.status_code, too_long.json()["code"]) == (422, "bad_request")


@pytest.mark.parametrize("path", ["/me/dashboard", "/courses", "/overview"])
async def test_what_the_client_has_is_not_sent_again(campus: Campus, path: str) -> None:
    """304 without a body as long as the content is the same, 200 when it has changed."""
    await campus.open_run()
    position = await campus.enroll("admin")
    first = await campus.get(path, min_position=position)
    headers = await campus.as_user("admin", **{"if-none-match": first.headers["etag"]})
    again = await campus.client.get(f"/v1{path}", headers=headers)
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    assert int(again.headers["campus-position"]) >= position
    other = await campus.as_user("admin", **{"if-none-match": 'W/"other"'})
    assert (await campus.client.get(f"/v1{path}", headers=other)).status_code == 200


async def test_the_express_lane_answers_as_the_route_does(campus: Campus) -> None:
    """A query string leads past the express lane; both give the same bytes and headers."""
    await campus.open_run()
    await campus.see("/me/dashboard", await campus.enroll(), user=campus.learner)
    fast = await campus.get("/me/dashboard", user=campus.learner)
    slow = await campus.get("/me/dashboard", user=campus.learner, min_position=0)
    named = await campus.get(f"/learners/{campus.learner}/dashboard")
    assert fast.content == slow.content == named.content
    ours = {"x-request-id", "campus-position"}
    assert {k: v for k, v in fast.headers.items() if k not in ours} == {
        k: v for k, v in slow.headers.items() if k not in ours
    }


async def test_a_position_that_never_comes_is_waited_for_and_then_answered(campus: Campus) -> None:
    """With what is true, which the header names."""
    loop = asyncio.get_running_loop()
    started = loop.time()
    answer = await campus.get("/me/dashboard", min_position=10**12)
    assert answer.status_code == 200
    assert int(answer.headers["campus-position"]) < 10**12
    assert loop.time() - started >= WAIT


async def test_a_request_id_is_given_or_kept(campus: Campus) -> None:
    """One that cannot stand in a log is replaced."""
    assert len((await campus.client.get("/healthz")).headers["x-request-id"]) == 32
    kept = await campus.client.get("/healthz", headers={"x-request-id": "trace-1"})
    assert kept.headers["x-request-id"] == "trace-1"
    replaced = await campus.client.get("/healthz", headers={"x-request-id": "x" * 100})
    assert len(replaced.headers["x-request-id"]) == 32
    await campus.open_run()
    headers = await campus.as_user(campus.learner, **{"x-request-id": "trace-2"})
    await campus.client.post("/v1/enrollments", json={"run_id": campus.run}, headers=headers)
    history = (await campus.get(f"/learners/{campus.learner}/history")).json()["items"]
    assert {fact["meta"]["correlation_id"] for fact in history} == {"trace-2"}


async def test_large_answers_are_compressed_for_those_who_take_it(campus: Campus) -> None:
    """Small ones are not."""
    headers = {"accept-encoding": "gzip"}
    async with campus.client.stream("GET", "/openapi.json", headers=headers) as answer:
        packed = b"".join([chunk async for chunk in answer.aiter_raw()])
    assert answer.headers["content-encoding"] == "gzip"
    plain = await campus.client.get("/openapi.json", headers={"accept-encoding": "identity"})
    assert gzip.decompress(packed) == plain.content
    assert "content-encoding" not in plain.headers
    assert "content-encoding" not in (await campus.client.get("/healthz", headers=headers)).headers


async def test_bodies_have_a_limit(campus: Campus) -> None:
    """Announced or not."""
    headers = await campus.as_user("admin", **{"content-type": "application/json"})

    async def chunks() -> object:
        for _ in range(3):
            yield b" " * (LARGEST_BODY // 2)

    for content in (b" " * (LARGEST_BODY + 1), chunks()):
        answer = await campus.client.post("/v1/courses", content=content, headers=headers)  # type: ignore[arg-type]
        assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


async def test_a_body_that_nothing_announces_may_not_be_larger(campus: Campus) -> None:
    """In HTTP/2 a body has neither a length nor an encoding in its head."""

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b" " * (LARGEST_BODY // 2)

    headers = await campus.as_user("admin", **{"content-type": "application/json"})
    request = campus.client.build_request("POST", "/v1/courses", content=chunks(), headers=headers)
    del request.headers["transfer-encoding"]
    answer = await campus.client.send(request)
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


async def test_the_description_needs_no_network(client: httpx.AsyncClient) -> None:
    """Whatever the pages load comes from the API itself."""
    for page in ("/docs", "/redoc"):
        html = (await client.get(page)).text
        assert "http://" not in html.replace("http://www.w3.org", "")
        assert "https://" not in html
    script = await client.get("/docs/assets/swagger-ui-bundle.js")
    assert (script.status_code, len(script.content) > 100_000) == (200, True)
    assert (await client.get("/openapi.json")).json()["openapi"].startswith("3.1")
