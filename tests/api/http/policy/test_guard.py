"""The policy is asked before each route; one that forgets to ask about a thing that only it knows answers nothing."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from fastapi import FastAPI, Response

from adapters.jwt import JwtClaims, sign
from adapters.settings import Settings
from api.http.query import QueryDep
from api.http.routing import router
from tests.support.api import Campus, Listener

forgetful = router("forgetful", "/v1")


@forgetful.get("/forgetful")
async def get_order(ask: QueryDep) -> Response:
    """It has the row of a route that finds out whose the order is, and does not ask."""
    return ask.reply(b"{}", 0)


@forgetful.get("/unlisted")
async def get_unlisted(ask: QueryDep) -> Response:
    """It has no row."""
    return ask.reply(b"{}", 0)


async def test_what_was_not_asked_is_not_answered(app: FastAPI, campus: Campus) -> None:
    """Neither by a route that forgets to ask, nor by one without a row; not even to an admin."""
    app.router.routes[:0] = forgetful.routes
    answer = await campus.get("/forgetful")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    answer = await campus.get("/unlisted")
    assert (answer.status_code, answer.json()["code"]) == (403, "no_policy")
    assert "getUnlisted" in answer.json()["detail"]


def as_role_of(settings: Settings) -> Callable[[str], dict[str, str]]:
    """What makes the header of a user with a role."""

    def header(role: str) -> dict[str, str]:
        claims = JwtClaims("ira", ("learner", role), "Ira")
        token = sign(claims, settings.token_secret, now=datetime.now(UTC), lifetime=timedelta(hours=1))
        return {"authorization": f"Bearer {token}"}

    return header


async def test_staff_of_a_run_see_and_do_what_is_in_that_run(app: FastAPI, campus: Campus, lively: Settings) -> None:
    """By a role for the run, or for its course; in another run nothing, and nothing that is in no run."""
    await campus.begin()
    other = Campus(campus.client)
    await other.begin()
    run, course = f"run:{campus.run}", f"course:{campus.course}"
    header = as_role_of(lively)
    seen = [
        f"/runs/{campus.run}/gradebook",
        f"/runs/{campus.run}/dashboard",
        f"/runs/{campus.run}/learners",
        f"/learners/{campus.learner}/runs/{campus.run}",
        f"/learners/{campus.learner}/runs/{campus.run}/grades",
        f"/runs/{campus.run}/replay",
    ]
    for role in (f"instructor@{run}", f"instructor@{course}", f"assistant@{run}"):
        for path in seen:
            assert (await campus.client.get(f"/v1{path}", headers=header(role))).status_code != 403, (role, path)
            elsewhere = path.replace(campus.run, other.run)
            refused = await campus.client.get(f"/v1{elsewhere}", headers=header(role))
            assert (refused.status_code, refused.json()["code"]) == (403, "not_your_run"), (role, elsewhere)
        for path in (f"/learners/{campus.learner}/dashboard", "/overview", "/orders", "/roles"):
            assert (await campus.client.get(f"/v1{path}", headers=header(role))).status_code == 403, (role, path)
        async with Listener(app, f"/v1/runs/{campus.run}/events", header(role)) as listener:
            assert listener.status == 200
        topics = f"topics=run:{campus.run}"
        async with Listener(app, "/v1/events", header(role), topics) as listener:
            assert listener.status == 200
        refused = await campus.client.get(f"/v1/events?{topics},run:{other.run}", headers=header(role))
        assert (refused.status_code, refused.json()["code"]) == (403, "not_your_run")


async def test_staff_of_a_run_send_commands_for_its_learners(campus: Campus, lively: Settings) -> None:
    """By the run in the body, or that of the quiz in the path; assistants grade, and do not enroll."""
    await campus.begin()
    other = Campus(campus.client)
    await other.begin()
    header = as_role_of(lively)
    instructor, assistant = f"instructor@course:{campus.course}", f"assistant@run:{campus.run}"

    async def code(role: str, path: str, body: Mapping[str, object]) -> str:
        answer = await campus.client.post(f"/v1{path}", json=body, headers=header(role))
        return "" if answer.status_code == 202 else str(answer.json()["code"])

    seat = {"learner_id": f"new-{campus.tag}", "run_id": campus.run}
    assert await code(assistant, "/enrollments", seat) == "not_yours", "assistants have no cell for it"
    assert await code(instructor, "/enrollments", {**seat, "run_id": other.run}) == "not_your_run"
    assert await code(instructor, "/enrollments", {**seat, "run_id": "none"}) == "not_your_run"
    assert await code(instructor, "/enrollments", seat) == ""
    grade = {"learner_id": campus.learner, "score_bp": 5_000}
    for role in (instructor, assistant):
        found = await code(role, f"/quizzes/{campus.quiz}/attempts/9/grade", grade)
        assert found not in ("", "not_your_run", "staff_only"), found
        assert await code(role, f"/quizzes/{other.quiz}/attempts/9/grade", grade) == "not_your_run"
    assert await code(instructor, "/runs", {"course_id": other.course}) == "invalid_request"
    assert await code(instructor, f"/runs/{campus.run}/close", {}) == ""
    assert await code(instructor, f"/runs/{other.run}/close", {}) == "not_your_run"
    assert await code(instructor, "/courses", {"course_id": "x", "title": "X"}) == "not_your_run"
