"""Why a field has its value, over HTTP and by the command."""

import json
from typing import Any

import pytest
import uuid_utils

from adapters.postgres.as_of import waiting
from adapters.postgres.connection import connect
from adapters.postgres.ops import failed_reactions
from adapters.settings import Settings
from cli.up.plan import variables
from domain.score import rounded_bp
from tests.support.api import Campus
from tests.support.campus_up import campus as command
from tests.support.folding import folding
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
    beside = why["expected"]["beside"]
    assert {(each["type"], each["reason"]) for each in beside} >= {("enrollment.requested", "not_read")}
    assert why["expected"]["unread"]["enrollment.requested"] == 1
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


async def test_a_count_has_parts_that_add_up_to_it(
    lively: Settings, campus: Campus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By learner and by day, in pages as of the position of the first one; for the staff; and by the command."""
    monkeypatch.setattr(waiting, "READY_WITHIN", 600.0)  # however busy the machine is
    await campus.open_run()
    learners = [f"{campus.learner}-{number}" for number in range(3)]
    for learner in learners:
        await campus.enroll(learner)
    place = {"view": "overview", "key": campus.run, "field": "registrations"}
    async with folding(lively):
        await _in_parts(campus, place, learners)
    assert (await campus.get("/why", **place, user=campus.learner)).json()["code"] == "staff_only"
    assert (await campus.get("/why", **place, expected="3")).json()["code"] == "not_explained"
    shown = command("why", *place.values(), env=variables(lively))
    assert "4 parts by key of 4 facts, 4 shown; they add up to it" in shown.stdout, shown.stderr
    refused = command("why", *place.values(), "--by", "week", env=variables(lively))
    assert (refused.returncode, "--by takes key or day" in refused.stderr) == (1, True)


async def _in_parts(campus: Campus, place: dict[str, str], learners: list[str]) -> None:
    """The parts by learner, page by page while another one enrolls; and by day."""
    first = (await campus.get("/why", **place, limit=2)).json()
    assert (first["value"], first["changes"], first["items"]) == (3, 3, [])
    assert (first["parts"]["number"], first["parts"]["adds_up"]) == (3, True)
    assert "def _requested" in first["rule"]["by_type"][0]["source"]
    await campus.enroll(f"{campus.learner}-late")
    rest = (await campus.get("/why", **place, limit=2, cursor=first["next"])).json()
    assert (rest["position"], rest["value"], rest["next"]) == (first["position"], 3, None)
    parts = [*first["parts"]["items"], *rest["parts"]["items"]]
    assert parts == [{"of": learner, "added": 1} for learner in learners]
    days = (await campus.get("/why", **place, by="day", known_at=first["position"])).json()["parts"]
    assert (days["adds_up"], sum(each["added"] for each in days["items"])) == (True, 3)


async def test_parts_that_take_longer_are_looked_at_later(
    lively: Settings, campus: Campus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """202 with the address of the fold and of the answer, which is as of the position that was asked for."""
    monkeypatch.setattr(waiting, "READY_WITHIN", 0.0)
    await campus.open_run()
    await campus.enroll()
    asked = await campus.get("/why", view="overview", key=campus.run, field="people")
    assert asked.status_code == 202, asked.text
    result = asked.json()["result"]
    async with folding(lively):

        async def is_done() -> bool:
            where = asked.headers["location"].removeprefix("/v1")
            return bool((await campus.get(where)).json()["status"] == "done")

        await until(is_done)
    answer = await campus.client.get(result, headers=await campus.as_user("admin"))
    assert (answer.status_code, answer.json()["value"]) == (200, 1)
    assert answer.json()["position"] == asked.json()["position"]


async def test_a_count_of_a_run_has_its_learners(
    lively: Settings, campus: Campus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Now in pages, and as of then; the dashboard has the same number; days have facts instead; by the command, too."""
    monkeypatch.setattr(waiting, "READY_WITHIN", 600.0)
    await campus.open_run()
    learners = [f"{campus.learner}-{number}" for number in range(3)]
    for learner in learners:
        await campus.enroll(learner)
    path = f"/runs/{campus.run}/dashboard"

    def are_active(found: dict[str, Any]) -> bool:
        return "counts" in found and found["counts"]["statuses"]["active"] == len(learners)

    dashboard = await campus.until_answer(path, are_active, user="admin")
    histories = [(await campus.get(f"/learners/{each}/history")).json()["items"] for each in learners]
    position = max(fact["position"] for facts in histories for fact in facts)
    place = {"view": "run_dashboard", "key": campus.run, "field": "counts/statuses/active"}
    first = (await campus.get("/why", **place, limit=2)).json()
    rest = (await campus.get("/why", **place, limit=2, cursor=first["next"])).json()
    assert (first["value"], first["parts"]["number"], first["parts"]["adds_up"]) == (3, 3, True)
    assert [each["of"] for each in [*first["parts"]["items"], *rest["parts"]["items"]]] == learners
    assert "shown = 'active'" in first["rule"]["meaning"]
    assert (await campus.get("/why", **place, by="day")).json()["code"] == "not_explained"
    unknown = await campus.get("/why", **{**place, "key": "none"})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "run_not_found")
    shown = command("why", *place.values(), env=variables(lively))
    assert "3 parts by key of rows as they stand, 3 shown; they add up to it" in shown.stdout, shown.stderr
    async with folding(lively):
        await campus.send("/enrollments/withdraw", {"run_id": campus.run, "reason": "moved"}, user=learners[0])
        then = (await campus.get("/why", **place, known_at=position)).json()
        assert [each["of"] for each in then["parts"]["items"]] == learners
        shown = command("why", *place.values(), "--known-at", str(position), "--json", env=variables(lively))
        assert json.loads(shown.stdout)["parts"] == then["parts"], shown.stderr
        of_day = {**place, "field": f"days/{dashboard['days'][-1]['day']}/active"}
        found = (await campus.get("/why", **of_day, known_at=position)).json()
        assert (found["value"], found["parts"]["adds_up"]) == (3, True)


async def test_a_refused_command_says_why_it_is_not_as_expected(campus: Campus, lively: Settings) -> None:
    """It is shown a moment later, with the words of its answer; by the command, too."""
    await campus.open_run()
    await campus.enroll()
    refused = await campus.post("/progress/units/open", {"run_id": campus.run, "unit_id": "q9"})
    place = {"view": "learner_dashboard", "key": campus.learner, "field": f"courses/{campus.run}/percent"}
    found: list[dict[str, Any]] = []

    async def is_shown() -> bool:
        found[:] = (await campus.get("/why", **place, expected="50")).json()["expected"]["refused"]
        return bool(found)

    await until(is_shown)
    assert (found[0]["command"], found[0]["code"]) == ("OpenUnit", refused.json()["code"])
    assert (found[0]["sentence"], found[0]["actor"]) == (refused.json()["detail"], campus.learner)
    assert found[0]["correlation_id"] == refused.headers["x-request-id"]
    shown = command("why", *place.values(), "--expected", "50", env=variables(lively)).stdout
    assert f"OpenUnit of {campus.learner}" in shown


async def test_a_percentage_has_numerator_and_denominator(campus: Campus, lively: Settings) -> None:
    """What each unit gives, of the completed weight; by the command, too."""
    await campus.open_run()
    await campus.enroll()
    place = {"view": "learner_dashboard", "key": campus.learner, "field": f"courses/{campus.run}/percent"}
    await campus.send(f"/quizzes/{campus.quiz}/attempts/1/submit", {"responses": [1, 1]})
    found: dict[str, Any] = {}

    async def is_computed() -> bool:
        found.update((await campus.get("/why", **place)).json())
        return bool(found["value"])

    await until(is_computed)
    share = found["share"]
    parts = share["parts"]
    assert (share["of"], found["value"]) == ("percent", rounded_bp(share["numerator"], share["denominator"]))
    assert share["numerator"] == sum(part["numerator"] for part in parts) > 0
    assert share["denominator"] == sum(part["denominator"] for part in parts)
    shown = command("why", *place.values(), env=variables(lively)).stdout
    assert f"completed weight: {share['numerator']:,} of {share['denominator']:,}" in shown


async def test_what_should_have_followed_is_named(campus: Campus, lively: Settings) -> None:
    """A reaction that was refused, to a fact of the learner, beside a value that was expected."""
    await campus.open_run()
    await campus.enroll()
    place = {"view": "learner_dashboard", "key": campus.learner, "field": f"courses/{campus.run}/percent"}
    note = failed_reactions.Note(
        *(
            1,
            "complete_unit",
            str(uuid_utils.uuid7()),
            "attempt.graded",
            f"attempt-{campus.learner}:q:1",
            campus.learner,
        ),
        *("not_enrolled", "there is no place on the run", None, False, "x"),
    )
    async with await connect(lively, application="test") as connection:
        await failed_reactions.note(connection, note)
    expected = (await campus.get("/why", **place, expected="50")).json()["expected"]
    (found,) = expected["refused_reactions"]
    assert (found["reaction"], found["code"], found["state"]) == ("complete_unit", "not_enrolled", "waiting")
    shown = command("why", *place.values(), "--expected", "50", env=variables(lively)).stdout
    assert "complete_unit after 1 attempt.graded is waiting: there is no place on the run" in shown
    async with await connect(lively, application="test") as connection:
        await failed_reactions.dismiss(
            connection, failed_reactions.Selection(key=campus.learner), reason="a test", by="me"
        )
