"""Plain commands are answered as FastAPI would answer them."""

import json

import pytest
from fastapi import Request, Response
from fastapi.routing import APIRoute

from api.app import ROUTERS
from api.http.dispatch import Body, Dispatch
from api.http.plain_command import plain_command
from tests.support.api import Campus

ROUTES = [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]
PLAIN, OTHER = "application/json", "application/json; charset=utf-8"
"""The same type of body; the second one always goes FastAPI's way."""


def test_routes_that_take_a_body_and_nothing_else_are_plain() -> None:
    """The busiest commands are; no route with an id in its path is, and no query."""
    plain = {route.name for route in ROUTES if plain_command(route) is not None}
    assert {"record_activity", "open_unit", "complete_unit"} <= plain
    assert not [
        route.path for route in ROUTES if route.name in plain and ("{" in route.path or "GET" in (route.methods or ()))
    ]


def test_a_route_that_takes_the_request_too_is_not_plain() -> None:
    """It is no parameter in FastAPI's eyes, and would be missing in the call."""

    async def less(body: Body, handle: Dispatch) -> Response:
        return await handle(body)

    async def more(request: Request, body: Body, handle: Dispatch) -> Response:
        return await handle((request, body))

    assert plain_command(APIRoute("/x", less, methods=["POST"])) is not None
    assert plain_command(APIRoute("/x", more, methods=["POST"])) is None


@pytest.mark.parametrize("user", ["", "without a token"])
async def test_both_ways_answer_the_same(campus: Campus, user: str) -> None:
    """Bodies in order, broken, incomplete, with too much, of wrong types, not JSON; with a token and without one."""
    await campus.open_run()
    await campus.send("/enrollments", {"run_id": campus.run})
    valid = {"run_id": campus.run, "unit_id": "intro", "kind": "click", "amount": 3}
    contents = [
        *(
            json.dumps({**valid, **change})
            for change in ({}, {"amount": "3"}, {"amount": 0}, {"more": 1}, {"kind": None})
        ),
        *(
            json.dumps({**valid, **change})
            for change in ({"unit_id": "none"}, {"run_id": "a b"}, {"learner_id": "other"})
        ),
        *('{"run_id": "r"}', "{", "", "[]", "null", "NaN", '{"amount": NaN}', "[" * 100_000, "\ud800"),
    ]
    headers = {} if user else await campus.as_user(campus.learner)
    for content in contents:
        answers = [
            await campus.client.post(
                "/v1/progress/activities",
                content=content.encode("utf-8", "surrogatepass"),
                headers={**headers, "content-type": kind},
            )
            for kind in (PLAIN, OTHER)
        ]
        plain, other = (
            (answer.status_code, {**answer.json(), "position": 0, "request_id": ""}, sorted(set(answer.headers)))
            for answer in answers
        )
        assert plain == other, content[:100]
        assert (plain[0] == 202) == (not user and content == contents[0])
