"""Plain queries are answered as FastAPI would answer them."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import Request, Response
from fastapi.routing import APIRoute

from adapters.settings import Settings
from api.app import ROUTERS, build
from api.http import routing
from api.http.plain_query import plain_query
from api.http.query import QueryDep
from api.http.types import Limit, RunId
from tests.support.api import Campus, served
from tests.support.roles import as_process

QUERIES = [
    each for router in ROUTERS for each in router.routes if isinstance(each, APIRoute) and "GET" in (each.methods or ())
]
ASKED = (
    "/me/dashboard?min_position=0", "/me/notifications/unread", "/me/notifications?limit=2",
    "/me/notifications?limit=0",
    "/me/notifications?limit=two", "/me/notifications?unread=yes", "/me/notifications?unread=perhaps",
    "/me/notifications?cursor=x", "/me/notifications?limit=", "/me/notifications?more=1",
    "/me/notifications?limit=1&limit=2",
    "/me/notifications/unread?min_position=x", "/me/notifications/unread?min_position=999999999", "/runs/{run}",
    "/runs/a%20b", "/runs/nowhere", "/runs/{run}/dashboard", "/runs/{run}/gradebook?limit=3", "/runs?limit=201",
    "/runs?course_id={course}&limit=2", "/courses/{course}/versions/1", "/courses/{course}/versions/0",
    "/courses/{course}/versions/one", "/runs/{run}?at=2", "/runs/{run}?at=x", "/runs/{run}?at=1&valid_at=x",
    "/public/courses?q=algebra&limit=1", "/public/courses?limit=-1", "/me/purchases", "/me/study", "/me/transcript",
    "/quizzes/{quiz}", "/learners/{learner}/dashboard?min_position=1",
)  # fmt: skip
"""In order, and with what is wrong in each way."""


def test_all_queries_but_streams_are_plain() -> None:
    """A new one that takes headers, lists or models would go FastAPI's way, which is no fault, but slower."""
    assert {each.name for each in QUERIES if plain_query(each) is None} == {
        "stream_my_events", "stream_learner_events", "stream_run_events", "stream_overview_events", "stream_events",
        "stream_forum_events", "stream_thread_events",
    }  # fmt: skip


def test_what_takes_more_is_not_plain() -> None:
    """Lists, what changes something, what is no coroutine, and what gives no answer over HTTP."""

    async def plain(request: Request, ask: QueryDep, run_id: RunId, limit: Limit = 20) -> Response:
        return ask.reply(f"{run_id}{limit}{request}".encode(), 0)

    async def listed(ask: QueryDep, names: list[str]) -> Response:
        return ask.reply("".join(names).encode(), 0)

    def blocking(limit: Limit = 20) -> Response:
        return Response(str(limit))

    async def no_answer(limit: Limit = 20) -> dict[str, int]:
        return {"limit": limit}

    assert plain_query(APIRoute("/x", no_answer, methods=["GET"])) is None
    assert plain_query(APIRoute("/x/{run_id}", plain, methods=["GET"])) is not None
    assert plain_query(APIRoute("/x/{run_id}", plain, methods=["POST"])) is None
    assert plain_query(APIRoute("/x", listed, methods=["GET"])) is None
    assert plain_query(APIRoute("/x", blocking, methods=["GET"])) is None


@pytest.fixture
async def other_way(lively: Settings, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[httpx.AsyncClient]:
    """The same campus, all of whose queries go FastAPI's way."""
    with monkeypatch.context() as patched:
        patched.setattr(routing, "plain_query", lambda _: None)
        app = build(as_process(lively, "api"))
    async with served(app) as client:
        yield client


async def test_both_ways_answer_the_same(campus: Campus, other_way: httpx.AsyncClient) -> None:
    """Status, body and head; to a learner, to the staff, and to who has no token."""
    await campus.begin()
    known: dict[str, Any] = {
        "run": campus.run, "course": campus.course, "quiz": campus.quiz, "learner": campus.learner,
    }  # fmt: skip
    for user in (campus.learner, "admin", ""):
        headers = await campus.as_user(user) if user else {}
        for path in ASKED:
            address = f"/v1{path}".format(**known)
            answers = [await client.get(address, headers=headers) for client in (campus.client, other_way)]
            plain, other = ((each.status_code, _body(each), sorted(set(each.headers))) for each in answers)
            assert plain == other, (path, user)


def _body(answer: httpx.Response) -> Any:
    """What was answered, without what is of the moment."""
    if not answer.headers.get("content-type", "").endswith("json"):
        return answer.text
    found = answer.json()
    return {name: each for name, each in found.items() if name != "request_id"} if isinstance(found, dict) else found
