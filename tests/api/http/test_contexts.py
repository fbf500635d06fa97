"""Which context serves a path, and a process that serves some of them."""

from collections.abc import AsyncIterator

import pytest
from fastapi.routing import APIRoute

from adapters.settings import Settings
from api.app import build
from api.http.contexts import EVERYWHERE, SERVED_WITH, ContextMap, UnknownContext
from tests.support.api import Campus, every_read_model, served

NOWHERE = Settings(postgres_url="x", nats_url="x", valkey_url="x", token_secret="no-server-is-asked", dev_login=True)
ROUTES = [route for route in build(NOWHERE).routes if isinstance(route, APIRoute) and route.tags]
CONTEXTS = ContextMap(ROUTES)
OF_DOMAIN = {"admin", "auth", "catalog", "enrollment", "forum", "payment", "progress", "quiz", "user"}


def test_every_route_is_found_by_its_path() -> None:
    """With the context of its tag, and its template."""
    for route in ROUTES:
        tag = str(route.tags[0])
        found = CONTEXTS.of(route.path.replace("{", "").replace("}", ""))
        expected = None if tag == EVERYWHERE else (SERVED_WITH.get(tag, tag), route.path)
        assert (found and found[0]) == (expected and expected[0]), route.path
    assert CONTEXTS.names == OF_DOMAIN


@pytest.mark.parametrize(
    ("path", "context"),
    [
        ("/v1/me/dashboard", "progress"),
        ("/v1/learners/28400/dashboard", "progress"),
        ("/v1/courses", "catalog"),
        ("/v1/orders/o-1/checkout", "payment"),
        ("/v1/auth/login", "auth"),
        ("/v1/quizzes", "quiz"),
        ("/v1/bulk", "admin"),
        ("/healthz", None),
        ("/v1/none", None),
        ("/v1/courses/", None),
        ("//v1/courses", None),
        ("/v1/../v1/courses", None),
        ("/v1/courses/%2e%2e", "catalog"),
        ("/", None),
        ("", None),
    ],
)
def test_the_context_of_a_path(path: str, context: str | None) -> None:
    """None where no route is; dots mean nothing."""
    found = CONTEXTS.of(path)
    assert (found and found[0]) == context


@pytest.mark.parametrize("text", ["", ",", "quiz,shelf", "Quiz"])
def test_an_unknown_context_is_refused(text: str) -> None:
    """With those that there are."""
    with pytest.raises(UnknownContext, match="there are admin, auth, catalog"):
        CONTEXTS.chosen(text)
    assert CONTEXTS.chosen(" quiz , progress") == {"quiz", "progress"}


@pytest.fixture
async def apart(lively: Settings) -> AsyncIterator[Campus]:
    """A process that serves the contexts catalog, auth and admin."""
    async with served(build(lively, contexts=frozenset(("catalog", "auth", "admin")))) as client:
        await every_read_model(client)
        yield Campus(client)


async def test_other_contexts_are_not_served(apart: Campus) -> None:
    """Their routes and commands are answered 404, by a code of its own; what is everyone's is."""
    assert (await apart.get("/courses")).status_code == 200
    for answer in (
        await apart.get("/me/dashboard"),
        await apart.get("/overview"),
        await apart.post("/enrollments", {"run_id": "any"}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "not_served_here")
        assert "this process serves admin, auth, catalog, not" in answer.json()["detail"]
    assert (await apart.get("/none")).json()["code"] == "no_such_page"
    ready = (await apart.client.get("/readyz")).json()
    assert ready["contexts"] == ["admin", "auth", "catalog"]
    assert (await apart.client.get("/openapi.json")).status_code == 200


async def test_a_bulk_is_carried_out_where_it_is_asked_for(apart: Campus) -> None:
    """With commands of contexts that this process does not serve by themselves."""
    command = {"path": "/v1/enrollments", "body": {"run_id": "no-run"}, "idempotency_key": f"bulk-{apart.tag}"}
    answer = await apart.post("/bulk", {"commands": [command]})
    (item,) = answer.json()["items"]
    assert (item["status"], item["problem"]["code"]) == (404, "run_not_found")
