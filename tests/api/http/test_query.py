"""Queries over HTTP: entity tags, positions to wait for, and the fast path of dashboards."""

import asyncio

import pytest

from api.http.query import WAIT
from tests.support.api import Campus


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
    """A query string leads past the fast path; both give the same bytes and headers."""
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
