"""Queries over HTTP: entity tags, positions to wait for, and the fast path of dashboards."""

import asyncio
import re

import pytest
from fastapi import FastAPI

from api.http.openapi import describe
from api.http.query import FAR_AHEAD, WAIT
from tests.support.api import Campus


@pytest.mark.parametrize("path", ["/me/dashboard", "/courses", "/overview"])
async def test_what_the_client_has_is_not_sent_again(campus: Campus, path: str) -> None:
    """304 without a body as long as the content is the same, 200 when it has changed."""
    await campus.open_run()
    position = await campus.enroll("admin")
    await campus.see(path, position)
    first = await campus.get(path)
    headers = await campus.as_user("admin", **{"if-none-match": first.headers["etag"]})
    again = await campus.client.get(f"/v1{path}", headers=headers)
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    assert int(again.headers["campus-position"]) >= position
    other = await campus.as_user("admin", **{"if-none-match": 'W/"other"'})
    assert (await campus.client.get(f"/v1{path}", headers=other)).status_code == 200


async def test_the_express_lane_answers_as_the_route_does(campus: Campus) -> None:
    """A query string leads past the fast path; both give the same bytes and headers."""
    await campus.begin()
    fast = await campus.get("/me/dashboard", user=campus.learner)
    slow = await campus.get("/me/dashboard", user=campus.learner, min_position=0)
    named = await campus.get(f"/learners/{campus.learner}/dashboard")
    assert fast.content == slow.content == named.content
    ours = {"x-request-id", "campus-position"}
    assert {k: v for k, v in fast.headers.items() if k not in ours} == {
        k: v for k, v in slow.headers.items() if k not in ours
    }


async def test_a_position_that_is_not_reached_is_no_answer(campus: Campus) -> None:
    """After the wait: 503, with where the read model is, whatever the client has; no 404 for what may be there soon."""
    loop = asyncio.get_running_loop()
    wanted = await head_of(campus) + FAR_AHEAD
    for path in ("/me/dashboard", "/overview", "/runs/no-such-run"):
        started = loop.time()
        headers = await campus.as_user("admin", **{"if-none-match": "*"})
        answer = await campus.client.get(f"/v1{path}", params={"min_position": wanted}, headers=headers)
        problem = answer.json()
        assert (answer.status_code, problem["code"]) == (503, "position_not_reached")
        assert answer.headers["retry-after"] == "1"
        assert problem["min_position"] == wanted > problem["position"]
        assert loop.time() - started >= WAIT


async def test_a_history_ends_where_the_log_ends(campus: Campus) -> None:
    """It is read from the log itself: a later position is not waited for."""
    await campus.open_run()
    await campus.enroll()
    wanted = await head_of(campus) + FAR_AHEAD
    answer = await campus.get(f"/learners/{campus.learner}/history", min_position=wanted)
    assert (answer.status_code, answer.json()["code"]) == (503, "position_not_reached")


@pytest.mark.parametrize("path", ["/me/dashboard", "/overview", "/activity"])
async def test_a_position_far_ahead_of_the_log_is_refused(campus: Campus, path: str) -> None:
    """It cannot be reached in time: it is of another life of the log, and nothing is waited for."""
    answer = await campus.get(path, min_position=10**12)
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "position_ahead")
    assert problem["min_position"] == 10**12
    assert 0 <= problem["head"] <= await head_of(campus)


async def test_queries_that_wait_hold_no_connection_and_ask_together(app: FastAPI, campus: Campus) -> None:
    """Each looks once before it waits and once after; between, one look serves all of them."""
    pool = app.state.services.reader._pool
    wanted = await head_of(campus) + FAR_AHEAD
    before = pool.get_stats()["requests_num"]
    answers = await asyncio.gather(*(campus.get("/overview", min_position=wanted) for _ in range(100)))
    assert {answer.status_code for answer in answers} == {503}
    looks = pool.get_stats()["requests_num"] - before
    assert looks <= 2 * len(answers) + 100, looks  # of their own, and those for all


async def head_of(campus: Campus) -> int:
    """Position of the last fact of the log."""
    head: int = (await campus.client.get("/readyz")).json()["head"]
    return head


ELSEWHERE = ("/events", "/checkout", "/contact", "/callback", "/names", "/differences/column", "/differences/rows")


async def test_no_route_answers_about_what_is_not_there(campus: Campus) -> None:
    """
    Each query with an id in its path is 404 for an unknown one; streams and payment pages are tried elsewhere.

    How to reach a person is refused without a consent, which no one has given who is not there; where a provider sends
    browsers back, the answer is a page; a tool shows its token first; names are for those who teach a run;
    and rows and columns of a comparison are named by what is asked.
    """
    paths = (await campus.client.get("/openapi.json")).json()["paths"]
    asked = [path for path, operations in paths.items() if "{" in path and "get" in operations]
    asked = [path for path in asked if not path.startswith("/v1/lti/runs/")]
    for path in (path for path in asked if not path.endswith(ELSEWHERE)):
        digest = re.sub(r"{(fold|dossier|job|bulk_job|query)_id}", "0" * 32, path.removeprefix("/v1"))
        digest = digest.replace("{client_id}", "service-none")
        unknown = re.sub(r"{\w+_id}", f"none-{campus.tag}", digest).replace("{version}", "1")
        unknown = unknown.replace("{attempt_no}", "1").replace("{post_no}", "1").replace("{regrade_no}", "1")
        unknown = unknown.replace("{position}", "999999999999").replace("{source_hash}", "0" * 64)
        unknown = unknown.replace("{name}", "none").replace("{sha256}", "0" * 64)
        unknown = unknown.replace("{language}", "en").replace("{handle}", "0" * 16)
        answer = await campus.get(unknown)
        assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json"), unknown
    assert len(asked) > 10


FILTERS = [
    ("/runs", {"course_id": "no-such-course"}, "course_not_found"),
    ("/runs/{run_id}/gradebook", {"quiz_id": "no-such-quiz"}, "quiz_not_found"),
    ("/runs/{run_id}/gradebook", {"learner_id": "no-such-learner"}, "learner_not_found"),
    ("/runs/{run_id}/gradebook", {"quiz_id": "no-such-quiz", "missing": "1"}, "quiz_not_found"),
    ("/runs/{run_id}/gradebook/matrix", {"quiz_id": "no-such-quiz"}, "quiz_not_found"),
    ("/activity", {"run_id": "no-such-run"}, "run_not_found"),
    ("/announcements", {"run_id": "no-such-run"}, "run_not_found"),
    ("/me/forum/search", {"run_id": "no-such-run"}, "run_not_found"),
    ("/learners/{learner_id}/history", {"run_id": "no-such-run"}, "run_not_found"),
    ("/orders", {"learner_id": "no-such-learner"}, "learner_not_found"),
    ("/ledger/entries", {"learner_id": "no-such-learner"}, "learner_not_found"),
    ("/revenue", {"course_id": "no-such-course"}, "course_not_found"),
]


OF_DISPATCHER = ("/me/forum/search",)
"""What is read from an index that the dispatcher makes, which does not run here."""


def test_every_filter_by_an_id_is_tried_below(app: FastAPI) -> None:
    """By the description of the API, whatever list takes one."""
    found = {
        (path.removeprefix("/v1"), parameter["name"])
        for path, operations in describe(app)["paths"].items()
        for parameter in operations.get("get", {}).get("parameters", ())
        if parameter["in"] == "query" and parameter["name"] in ("learner_id", "quiz_id", "course_id", "run_id")
    }
    assert found == {(path, name) for path, asked, _ in FILTERS for name in asked if name != "missing"}


@pytest.mark.parametrize(("path", "asked", "code"), FILTERS)
async def test_a_filter_by_an_id_that_there_is_not(campus: Campus, path: str, asked: dict[str, str], code: str) -> None:
    """Is 404 with the id, in each list; one that only matches nothing is an empty list."""
    await campus.open_run()
    position = await campus.enroll()
    path = path.format(run_id=campus.run, learner_id=campus.learner)
    await campus.see("/me/dashboard", position, user=campus.learner)
    answer = await campus.get(path, min_position=position, **asked)
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (404, code)
    assert set(asked.values()) & set(problem.values())
    known = {"course_id": campus.course, "quiz_id": campus.quiz, "learner_id": campus.learner, "run_id": campus.run}
    reached = 0 if path in OF_DISPATCHER else position
    found = await campus.see(path, reached, **{name: known.get(name, value) for name, value in asked.items()})
    assert isinstance(found.get("items", found.get("entries")), list)
