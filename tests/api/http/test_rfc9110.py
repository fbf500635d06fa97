"""What a header or a method says is honoured, as RFC 9110 has it."""

import gzip
from typing import Any

import httpx
import pytest

from tests.support.api import Campus

QUERIES = ["/me/dashboard", "/learners/admin/dashboard", "/courses", "/runs", "/overview", "/activity"]
OTHERS = ["/healthz", "/readyz", "/metrics", "/openapi.json", "/docs", "/redoc", "/docs/assets/redoc.standalone.js"]
VOLATILE = {"x-request-id", "campus-position", "content-length", "date", "last-modified"}


async def raw(campus: Campus, path: str, method: str = "GET", **headers: str) -> httpx.Response:
    """The answer with its body as it came."""
    request = campus.client.build_request(method, path, headers=await campus.as_user("admin", **headers))
    answer = await campus.client.send(request, stream=True)
    answer._content = b"".join([chunk async for chunk in answer.aiter_raw()])
    return answer


@pytest.mark.parametrize("path", [*(f"/v1{path}" for path in QUERIES), *OTHERS, "/v1/none"])
@pytest.mark.parametrize("encoding", ["gzip", "identity"])
async def test_head_is_get_without_the_body(campus: Campus, path: str, encoding: str) -> None:
    """The same status and headers, and nothing else."""
    got = await raw(campus, path, **{"accept-encoding": encoding})
    head = await raw(campus, path, "HEAD", **{"accept-encoding": encoding})
    assert (head.status_code, head.content) == (got.status_code, b"")
    assert {k: v for k, v in head.headers.items() if k not in VOLATILE} == {
        k: v for k, v in got.headers.items() if k not in VOLATILE
    }
    assert ("content-length" in head.headers) == ("content-length" in got.headers)


async def test_head_of_an_endless_stream_ends(campus: Campus) -> None:
    """The head says what would be streamed."""
    answer = await raw(campus, "/v1/me/events", "HEAD")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-type"].startswith("text/event-stream")


async def test_options_names_the_methods(campus: Campus) -> None:
    """For every path of the description; without a token, and without doing anything."""
    paths = (await campus.client.get("/openapi.json")).json()["paths"]
    for path, operations in paths.items():
        answer = await campus.client.options(path.replace("{", "x").replace("}", "x").replace("xversionx", "1"))
        allowed = {method.upper() for method in operations} | {"OPTIONS"} | ({"HEAD"} if "get" in operations else set())
        assert (answer.status_code, answer.content) == (204, b""), path
        assert allowed <= set(answer.headers["allow"].split(", ")), path
    assert (await campus.client.options("/none")).status_code == 404


async def test_a_method_that_is_not_there_names_those_that_are(campus: Campus) -> None:
    """`HEAD` and `OPTIONS` are among them."""
    answer = await campus.client.delete("/v1/courses")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, OPTIONS, POST")
    answer = await campus.client.head("/v1/enrollments")
    assert (answer.status_code, answer.headers["allow"]) == (405, "OPTIONS, POST")


@pytest.mark.parametrize("path", ["/openapi.json", "/v1/courses", "/healthz", "/v1/none"])
async def test_every_answer_says_what_it_depends_on(campus: Campus, path: str) -> None:
    """`Vary` names the coding whether or not the answer is compressed, so that no cache confuses the two."""
    for encoding in ("gzip", "identity"):
        vary = (await raw(campus, path, **{"accept-encoding": encoding})).headers["vary"]
        assert {"accept-encoding", "authorization"} <= set(vary.lower().split(", "))


async def test_codings_are_sent_as_the_client_weighs_them(campus: Campus) -> None:
    """A coding with quality 0 is refused; where nothing is left the answer is 406."""
    refused = await raw(campus, "/openapi.json", **{"accept-encoding": "gzip;q=0"})
    assert "content-encoding" not in refused.headers
    forced = await raw(campus, "/healthz", **{"accept-encoding": "gzip, identity;q=0"})
    assert (forced.headers["content-encoding"], gzip.decompress(forced.content)) == ("gzip", b'{"status":"ok"}')
    nothing = await raw(campus, "/healthz", **{"accept-encoding": "*;q=0"})
    assert nothing.status_code == 406


@pytest.mark.parametrize("path", ["/v1/me/dashboard", "/v1/courses"])
async def test_conditions(campus: Campus, path: str) -> None:
    """Tags are compared weakly for `If-None-Match`; `If-Match` compares strongly, and a weak tag never matches."""
    tag = (await raw(campus, path)).headers["etag"]
    strong = tag.removeprefix("W/")
    cases = {
        tag: 304,
        strong: 304,
        f'"a, b", {tag}': 304,
        f'W/"x",{strong}': 304,
        "*": 304,
        '"x"': 200,
        tag.strip('W/"'): 200,
    }
    for header, status in cases.items():
        answer = await raw(campus, path, **{"if-none-match": header})
        assert answer.status_code == status, header
        assert answer.headers["etag"] == tag
        assert {"cache-control", "vary"} <= set(answer.headers)
    for header, status in {tag: 412, strong: 412, "*": 200}.items():
        assert (await raw(campus, path, **{"if-match": header})).status_code == status
    assert (await raw(campus, path, **{"if-modified-since": "Sat, 01 Jan 2050 00:00:00 GMT"})).status_code == 200


async def test_an_answer_that_the_client_does_not_take(campus: Campus) -> None:
    """Is 406, for a command before anything is done."""
    for path in ("/v1/me/dashboard", "/v1/courses", "/healthz"):
        assert (await raw(campus, path, accept="text/html")).status_code == 406
        assert (await raw(campus, path, accept="text/html, */*;q=0.1")).status_code == 200
    headers = await campus.as_user("admin", accept="text/html")
    body = {"course_id": campus.course, "title": "Algebra"}
    refused = await campus.client.post("/v1/courses", json=body, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (406, "not_acceptable")
    assert (await campus.get(f"/courses/{campus.course}")).status_code == 404


async def test_a_body_that_is_no_json_by_its_headers(campus: Campus) -> None:
    """Is 415, whatever stands in it."""
    for headers in ({"content-type": "text/plain"}, {"content-type": "application/json", "content-encoding": "gzip"}):
        answer = await campus.client.post(
            "/v1/courses", content=b'{"course_id":"x","title":"x"}', headers=await campus.as_user("admin", **headers)
        )
        assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


async def test_a_parameter_that_means_nothing_is_refused(campus: Campus) -> None:
    """On every route: a typo must not answer for everything, nor with today's state for `as_of`."""
    paths = (await campus.client.get("/openapi.json")).json()["paths"]
    headers = await campus.as_user("admin")
    for path, operations in paths.items():
        if path in ("/v1/auth/providers/{provider}/callback", "/v1/lti/authorize"):  # others may say more (RFC 6749)
            continue
        concrete = path.replace("{", "x").replace("}", "x").replace("xversionx", "1").replace("xattempt_nox", "1")
        for method, operation in operations.items():
            known = {parameter["name"] for parameter in operation.get("parameters", ())}
            for query in ("as_of=2014-03-01", "min_position=0&until=7", "limi=1"):
                if known.issuperset(each.partition("=")[0] for each in query.split("&")):
                    continue
                answer = await campus.client.request(method, f"{concrete}?{query}", headers=headers)
                assert (answer.status_code, answer.json()["code"]) == (422, "unknown_parameter"), (method, path, query)
    twice = await campus.client.get("/v1/courses?limit=1&limit=2", headers=headers)
    assert (twice.status_code, twice.json()["code"]) == (422, "unknown_parameter")


async def test_what_is_not_there_is_404(campus: Campus) -> None:
    """An unknown run or learner is not an empty list."""
    cases = {
        f"/runs/none-{campus.tag}": "run_not_found",
        f"/runs/none-{campus.tag}/dashboard": "run_not_found",
        f"/runs/none-{campus.tag}/gradebook": "run_not_found",
        f"/runs/none-{campus.tag}/quizzes": "run_not_found",
        f"/learners/none-{campus.tag}/dashboard": "learner_not_found",
        f"/learners/none-{campus.tag}/history": "learner_not_found",
    }
    for path, code in cases.items():
        answer = await campus.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, code), path
    new = f"new-{campus.tag}"  # a user may look at the own record, be it empty
    for path in ("/me/dashboard", f"/learners/{new}/dashboard", f"/learners/{new}/history"):
        assert (await campus.get(path, user=new)).status_code == 200


async def test_a_run_without_anything_in_it_is_there(campus: Campus) -> None:
    """Its lists are empty."""
    position = await campus.open_run()
    assert (await campus.see(f"/runs/{campus.run}/gradebook", position))["items"] == []


@pytest.mark.parametrize("name", [".", ".."])
async def test_an_id_that_no_url_can_address_is_refused(campus: Campus, name: str) -> None:
    """A client takes dot segments out of a path, so no client could ask for the thing again."""
    refused = await campus.post("/courses", {"course_id": name, "title": "x"}, user="admin")
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_request")
    assert (await campus.client.post("/v1/dev/login", json={"user": name})).status_code == 422
    kept = await campus.post("/courses", {"course_id": f"{name}{campus.tag}", "title": "x"}, user="admin")
    assert kept.status_code == 202


async def test_the_same_json_is_the_same_request(campus: Campus) -> None:
    """For an `Idempotency-Key`: spaces, escapes and the order of members mean nothing; values do."""
    headers = await campus.as_user(
        "admin", **{"idempotency-key": f"k-{campus.tag}", "content-type": "application/json"}
    )

    async def post(body: str) -> Any:
        answer = await campus.client.post("/v1/courses", content=body.encode(), headers=headers)
        return answer.status_code, answer.json().get("position", answer.json().get("code"))

    first = await post(f'{{"course_id":"{campus.course}","title":"Ä b"}}')
    assert first[0] == 202
    assert await post(f'{{ "title" : "\\u00c4 b",\n "course_id" : "{campus.course}" }}') == first
    assert await post(f'{{"course_id":"{campus.course}","title":"Ä  b"}}') == (422, "idempotency_key_reused")


async def test_a_learner_who_waits_or_has_left_is_refused_with_409(campus: Campus) -> None:
    """The status of the enrollment stands in the problem document beside that of the answer."""
    await campus.open_run(capacity=1)
    await campus.enroll("other-" + campus.tag)
    await campus.enroll()
    activity = {"run_id": campus.run, "unit_id": "intro"}
    waits = await campus.post("/progress/activities", activity)
    assert (waits.status_code, waits.json()["status"], waits.json()["fact_status"]) == (409, 409, "waitlisted")
    await campus.send("/enrollments/withdraw", {"run_id": campus.run})
    left = await campus.post("/progress/activities", activity)
    assert (left.status_code, left.json()["status"], left.json()["fact_status"]) == (409, 409, "withdrawn")
