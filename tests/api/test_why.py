"""Why a field has its value, over HTTP and by the command."""

import json
from typing import Any

from adapters.settings import Settings
from cli.up.plan import variables
from tests.support.api import Campus
from tests.support.campus_up import campus as command
from tests.support.polling import until


async def test_a_score_is_explained(campus: Campus) -> None:
    """By the facts that changed it, in order, with who caused each, as of now and as of then; in pages."""
    await campus.open_run()
    await campus.enroll()
    await campus.send(f"/quizzes/{campus.quiz}/attempts/1/submit", {"responses": [1, 1]})
    await campus.send(f"/quizzes/{campus.quiz}/attempts/2/submit", {"responses": [1, 0]})
    place = {"view": "gradebook", "key": f"{campus.run},{campus.quiz},{campus.learner}", "field": "best_bp"}
    why: dict[str, Any] = {}

    async def ask(**more: Any) -> dict[str, Any]:
        answer = await campus.get("/why", user=campus.learner, **place, **more)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def both_count() -> bool:
        why.update(await ask(expected=5_000))
        return bool(why["changes"] == 2)

    await until(both_count)
    first, second = why["items"]
    assert [first["before"], first["after"], second["before"], second["after"]] == [None, 5_000, 5_000, 10_000]
    assert (why["value"], why["changes"], second["type"]) == (10_000, 2, "attempt.graded")
    assert why["rule"]["by_type"][0]["functions"][0]["module"] == "projections.gradebook"
    assert "def _graded" in why["rule"]["by_type"][0]["source"]
    assert why["expected"]["fact"] == second
    row = (await campus.see(f"/runs/{campus.run}/gradebook", second["position"]))["items"][0]
    assert row["best_bp"] == why["value"]
    then = await ask(known_at=second["position"] - 1)
    assert (then["value"], then["items"], then["next"]) == (5_000, [first], None)
    page = await ask(limit=1)
    assert (page["items"], (await ask(limit=1, cursor=page["next"]))["items"]) == ([first], [second])
    inner = {"view": "learner_dashboard", "key": campus.learner, "field": f"courses/{campus.run}/scores/q1"}
    assert (await campus.get("/why", user=campus.learner, **inner)).json()["value"] == 10_000


async def test_who_may_ask(campus: Campus) -> None:
    """A learner about the own rows, the staff about all; what is not there is named."""
    place = {"view": "learner_dashboard", "key": campus.learner, "field": "courses"}
    assert (await campus.get("/why", user=campus.learner, **place)).json()["exists"] is False
    other = await campus.get("/why", user=f"{campus.learner}-2", **place)
    assert (other.status_code, other.json()["code"]) == (403, "not_yours")
    course = {"view": "catalog_courses", "key": campus.course, "field": "title"}
    assert (await campus.get("/why", user=campus.learner, **course)).json()["code"] == "staff_only"
    assert (await campus.get("/why", **{**place, "view": "marks"})).json()["code"] == "no_such_view"
    assert (await campus.get("/why", **{**place, "field": "marks"})).json()["code"] == "not_explained"


async def test_the_command_says_the_same(lively: Settings, campus: Campus) -> None:
    """As a table for people, and with --json what HTTP answers."""
    await campus.open_run()
    await campus.enroll()
    place = ("learner_dashboard", campus.learner, f"courses/{campus.run}/status")
    answer = await campus.get("/why", view=place[0], key=place[1], field=place[2], expected="requested")
    known_at = answer.headers["campus-position"]
    printed = command("why", *place, "--known-at", known_at, "--expected", "requested", "--json", env=variables(lively))
    assert printed.returncode == 0, printed.stderr
    assert json.loads(printed.stdout)["items"] == answer.json()["items"]
    shown = command("why", *place, env=variables(lively)).stdout
    assert f'courses/{campus.run}/status of learner_dashboard {campus.learner} is "active"' in shown
    refused = command("why", "marks", "a", "b", env=variables(lively))
    assert (refused.returncode, "no read model has a view marks" in refused.stderr) == (1, True)
