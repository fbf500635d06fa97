"""What holds for every request: request ids, compression, limits of a body."""

import gzip
from collections.abc import AsyncIterator

import pytest

from api.http.middleware import LARGEST_BODY, LARGEST_PUBLICATION
from domain.catalog import MAX_UNITS
from tests.support.api import Campus


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


TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@pytest.mark.parametrize(
    ("traceparent", "is_kept"),
    [
        (f"00-{TRACE}-{SPAN}-01", True),
        (f"01-{TRACE}-{SPAN}-01-later", True),
        (f"00-{TRACE}-{SPAN}-01-later", False),
        (f"ff-{TRACE}-{SPAN}-01", False),
        (f"00-{'0' * 32}-{SPAN}-01", False),
        (f"00-{TRACE}-{'0' * 16}-01", False),
        (f"00-{TRACE.upper()}-{SPAN}-01", False),
        (TRACE, False),
    ],
)
async def test_a_trace_id_is_the_id_of_a_request_without_one(
    campus: Campus, traceparent: str, *, is_kept: bool
) -> None:
    """Of a well-formed `traceparent` (W3C Trace Context); an `X-Request-ID` goes before it."""
    answer = await campus.client.get("/healthz", headers={"traceparent": traceparent})
    assert (answer.headers["x-request-id"] == TRACE) is is_kept
    both = {"traceparent": traceparent, "x-request-id": "mine"}
    assert (await campus.client.get("/healthz", headers=both)).headers["x-request-id"] == "mine"


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


async def test_publishing_is_not_refused_for_its_size(campus: Campus) -> None:
    """5,000 units with titles of 200 characters of four bytes, and a quiz that is as large; above 16 MiB they are."""
    await campus.send("/courses", {"course_id": campus.course, "title": "Large"}, user="admin")
    title = "\N{OPEN BOOK}" * 200
    units = [{"unit_id": f"{number:064}", "kind": "essay", "title": title, "weight": 2} for number in range(MAX_UNITS)]
    await campus.send(f"/courses/{campus.course}/versions", {"units": units}, user="admin")
    headers = await campus.as_user("admin", **{"content-type": "application/json"})
    for path in (f"/v1/courses/{campus.course}/versions", "/v1/quizzes"):
        answer = await campus.client.post(path, content=b" " * (LARGEST_PUBLICATION + 1), headers=headers)
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
