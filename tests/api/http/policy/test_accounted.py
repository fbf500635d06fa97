"""What admins do has an actor, a reason and a ticket, and is in the log: of every route that they may ask."""

import inspect
import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI

from adapters.settings import Settings
from api.app import build
from api.http.accountability import PARAMETERS
from api.http.dispatch import Dispatch, command_dispatcher
from api.http.policy.cells import BY_ADMINS
from api.http.policy.rows import ROWS
from api.http.policy.words import ADMIN, Kind, Row
from api.http.routing import StrictRoute, operation_id, router

NOWHERE = Settings(postgres_url="x", nats_url="x", valkey_url="x", token_secret="only-for-the-description")
SENDS = r"(\.position|\.accounted|\.accounted_once)?\("
"""How a route sends commands, or learns in whose name it does."""
OTHERWISE = {
    "impersonate": "takes both in its body, and needs both",
    "askForDossier": "is a look at a record, which is recorded with its reason as looks are",
    "uploadContent": "keeps bytes by their hash, which mean nothing before an edit of a course, a fact, refers to them",
    "uploadAttemptFile": "keeps bytes of the user's own attempt, which mean nothing before an answer names them",
    "beginDeepLinking": "changes nothing: what is chosen arrives by receiveDeepLinks, in the name of the editor",
    "sendBulk": "does nothing by itself: each command in it is a request of its own",
}


@pytest.fixture(scope="module")
def app() -> FastAPI:
    """The application, which is asked nothing."""
    return build(NOWHERE)


def strict(routes: Any) -> Iterator[StrictRoute]:
    """All routes, those of routers within the application, too."""
    for route in routes:
        if isinstance(route, StrictRoute):
            yield route
        elif (inner := getattr(route, "original_router", None)) is not None:
            yield from strict(inner.routes)


def acts(routes: Any, rows: dict[str, Row]) -> dict[str, StrictRoute]:
    """By name, the routes by which an admin does something, or writes down why something is looked at."""
    return {
        name: route
        for route in strict(routes)
        if (name := operation_id(route)) in rows
        and ADMIN in rows[name].access
        and "POST" in (route.methods or ())
        and rows[name].kind in {Kind.COMMAND, Kind.READ}
    }


def is_accounted(route: StrictRoute) -> bool:
    """Whether what it does is sent with who, in which role, why and under which ticket."""
    names = [each.name for each in route.dependant.dependencies if each.call is command_dispatcher]
    source = inspect.getsource(route.endpoint)
    return any(re.search(rf"\b{name}{SENDS}", source) for name in names)


def test_every_act_of_an_admin_is_accounted_for(app: FastAPI) -> None:
    """By the dispatcher of commands, but for those of which is written down why not; the headers are described."""
    rows = {row.action: row for row in ROWS}
    found = acts(app.routes, rows)
    assert len(found) > 70
    assert {name for name, route in found.items() if not is_accounted(route)} | {"sendBulk"} == set(OTHERWISE)
    described = {each["operationId"]: each for path in app.openapi()["paths"].values() for each in path.values()}
    heads = {each["name"] for each in PARAMETERS}
    for name in set(found) - set(OTHERWISE):
        assert heads <= {each["name"] for each in described[name].get("parameters", ())}, name


def test_a_route_that_forgets_it_is_found() -> None:
    """One that takes no dispatcher, and one that takes it and does not ask it."""
    made = router("operations", "/v1")

    @made.post("/things/drop")
    async def drop_things() -> None:
        """Without a word."""

    @made.post("/things/keep")
    async def keep_things(dispatch: Dispatch) -> str:
        """By the user alone."""
        return dispatch.request_id

    @made.post("/things/send")
    async def send_things(dispatch: Dispatch) -> None:
        """As it should be."""
        await dispatch.accounted()

    rows = {name: Row(name, Kind.COMMAND, BY_ADMINS) for name in ("dropThings", "keepThings", "sendThings")}
    found = acts(made.routes, rows)
    assert {name: is_accounted(route) for name, route in found.items()} == {
        "dropThings": False,
        "keepThings": False,
        "sendThings": True,
    }
