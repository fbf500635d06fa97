"""What `campus bench pages` asks for, and what it concludes from what it has measured."""

from urllib.parse import urlsplit

import pytest
from fastapi.routing import APIRoute
from starlette.routing import Match

from api.app import ROUTERS
from api.http.routing import operation_id
from benchmarks.desks import DESKS, LARGE, Desk
from benchmarks.pages import Found, missed
from tests.support.page_kinds import ROUTES, kind_of
from tests.support.page_needs import ANYONE, NEEDS, ON_EVERY_PAGE

VALUES = {"run": "algebra-2026", "own": "algebra-2026", "learner": "28400", "ids": "28400,28401"}
OPEN = {"getReady"}  # which anyone may ask, so that no page needs leave for it
EACH = {"course": ["algebra"], "granted": ["algebra-2026"]}
FILLED = [desk.of(VALUES, EACH) for desk in DESKS]


def operation(query: str) -> str:
    """The operation of the API that answers a query."""
    scope = {"type": "http", "method": "GET", "path": urlsplit(query).path, "headers": []}
    routes = (route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute))
    return next(operation_id(route) for route in routes if route.matches(scope)[0] is Match.FULL)


@pytest.mark.parametrize("desk", FILLED, ids=lambda desk: desk.page)
def test_a_page_is_compared_with_all_that_it_asks(desk: Desk) -> None:
    """The operations of its queries are those that the page needs; what it asks in some cases only may be left out."""
    kind = kind_of(desk.page)
    needs = [each for each in (*NEEDS[f"GET {kind}"].split(), ON_EVERY_PAGE) if each != ANYONE]
    asked = {operation(query) for query in desk.queries} - OPEN
    assert {each for each in needs if not each.endswith("?")} <= asked
    assert asked <= {each.rstrip("?") for each in needs}


def test_pages_of_large_campuses_are_pages() -> None:
    """Each is one that there is."""
    pages = [urlsplit(desk.of(VALUES, EACH).page).path for desk in LARGE]
    assert [page for page in pages if kind_of(page) not in ROUTES] == []


def test_a_query_of_each_course_is_asked_for_each() -> None:
    """As often as the instructor has courses."""
    (desk,) = (each for each in DESKS if each.page == "/teach")
    more = {"course": ["algebra", "logic", "topology"], "granted": ["algebra-2026"]}
    assert len(desk.of(VALUES, EACH).queries) + 2 == len(desk.of(VALUES, more).queries)


def test_what_is_on_the_line_of_a_goal_meets_it() -> None:
    """A page without queries has no ratio to miss."""
    at_the_line = Found("learner", "/learn", ratio=3.0, alone_ms=1_000, page_bytes=50_000, load_bytes=150_000)
    assert missed(at_the_line) == []
    above = Found("learner", "/learn", ratio=3.1, alone_ms=1_001, page_bytes=50_001, load_bytes=150_001)
    assert missed(above) == ["ratio", "time", "page", "first load"]
    assert missed(Found("auditor", "/audit", alone_ms=10)) == []
