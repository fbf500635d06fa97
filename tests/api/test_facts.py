"""Single facts and traces, over HTTP and by the command."""

import json
from typing import Any

import uuid_utils

from adapters.postgres.connection import connect
from adapters.postgres.ops import failed_reactions
from adapters.settings import Settings
from cli.up.plan import variables
from tests.support.api import Campus
from tests.support.campus_up import campus as command
from tests.support.polling import until


async def traced(campus: Campus, position: int, types: set[str]) -> dict[str, Any]:
    """The trace of a fact, once it has facts of these types."""
    found: dict[str, Any] = {}

    async def are_there() -> bool:
        answer = await campus.get(f"/facts/{position}/trace")
        assert answer.status_code == 200, answer.text
        found.update(answer.json())
        return types <= {fact["type"] for fact in found["items"]}

    await until(are_there)
    return found


async def test_a_request_and_what_followed_from_it(campus: Campus, lively: Settings) -> None:
    """Who sent it, under which key, its own facts and those of the reactor; found by each of them, and by its id."""
    await campus.open_run()
    await campus.enroll()
    headers = await campus.as_user("instructor", **{"x-request-id": f"req-{campus.tag}", "idempotency-key": "k-1"})
    body = {"responses": [1, 1], "learner_id": campus.learner}
    sent = await campus.client.post(f"/v1/quizzes/{campus.quiz}/attempts/1/submit", json=body, headers=headers)
    assert sent.status_code == 202, sent.text
    position = sent.json()["position"]
    found = await traced(campus, position, {"attempt.submitted", "attempt.graded", "progress.unit_completed"})
    assert (found["fact"]["position"], found["fact"]["type"]) == (position, "attempt.submitted")
    assert found.pop("fact") == (await campus.get(f"/facts/{position}")).json()
    (began,) = found["began_with"]
    assert (began["request_id"], began["actor"], began["on_behalf_of"], began["idempotency_keys"]) == (
        f"req-{campus.tag}",
        "instructor",
        campus.learner,
        ["k-1"],
    )
    by_type = {fact["type"]: fact for fact in found["items"]}
    graded = by_type["attempt.graded"]
    assert graded["source"].startswith("reactor:")
    assert (graded["cause"], graded["depth"]) == (by_type["attempt.submitted"]["position"], 1)
    from_there = (await campus.get(f"/facts/{graded['position']}/trace")).json()
    assert from_there.pop("fact")["type"] == "attempt.graded"
    assert from_there == found
    assert (await campus.get("/traces", request_id=f"req-{campus.tag}")).json() == found
    page = (await campus.get("/traces", request_id=f"req-{campus.tag}", limit=1)).json()
    rest = (await campus.get("/traces", request_id=f"req-{campus.tag}", cursor=page["next"])).json()
    assert page["items"] + rest["items"] == found["items"]

    shown = command("log", "trace", f"req-{campus.tag}", "--json", env=variables(lively))
    assert json.loads(shown.stdout) == {**found, "next": None}, shown.stderr
    drawn = command("log", "trace", str(position), env=variables(lively)).stdout
    assert f"request req-{campus.tag} by instructor for {campus.learner} (api), idempotency key k-1" in drawn
    assert "attempt.graded" in drawn


async def test_a_fact_is_for_whom_it_is_about(campus: Campus) -> None:
    """A learner sees the own ones, the staff all; traces lead to other people, so they are for the staff."""
    await campus.open_run()
    await campus.enroll()
    history = (await campus.get(f"/learners/{campus.learner}/history")).json()["items"]
    path = f"/facts/{history[0]['position']}"
    assert (await campus.get(path, user=campus.learner)).json() == {**history[0], "imported_from": None}
    other = await campus.get(path, user=f"{campus.learner}-2")
    assert (other.status_code, other.json()["code"]) == (403, "not_yours")
    assert campus.learner not in other.text.replace(f"{campus.learner}-2", ""), "positions would tell whose they are"
    assert (await campus.get(f"{path}/trace", user=campus.learner)).json()["code"] == "staff_only"
    assert (await campus.get("/facts/999999999999")).json()["code"] == "no_such_fact"
    assert (await campus.get("/facts/999999999999/trace")).json()["code"] == "no_such_fact"
    assert (await campus.get("/traces", request_id="none", order_id="none")).status_code == 422
    for missing in ({"request_id": "none"}, {"order_id": "none"}):
        answer = await campus.get("/traces", **missing)
        assert (answer.status_code, answer.json()["code"]) == (404, "nothing_traced")


async def test_a_trace_has_what_was_refused(campus: Campus, lively: Settings) -> None:
    """By the trace id that a client has sent; also where no fact came of the request."""
    await campus.open_run()
    await campus.enroll()
    trace_id = uuid_utils.uuid7().hex
    headers = await campus.as_user(campus.learner, traceparent=f"00-{trace_id}-00f067aa0ba902b7-01")
    body = {"run_id": campus.run, "unit_id": "q9"}
    refused = await campus.client.post("/v1/progress/units/open", json=body, headers=headers)
    assert refused.status_code >= 400
    found: dict[str, Any] = {}

    async def is_kept() -> bool:
        answer = await campus.get("/traces", request_id=trace_id)
        found.update(answer.json())
        return answer.status_code == 200

    await until(is_kept)
    assert (found["facts"], found["items"], found["began_with"]) == (0, [], [])
    (command_refused,) = found["refused"]
    assert (command_refused["command"], command_refused["code"]) == ("OpenUnit", refused.json()["code"])
    assert (command_refused["actor"], command_refused["request_id"]) == (campus.learner, trace_id)
    drawn = command("log", "trace", trace_id, env=variables(lively))
    assert f"OpenUnit of {campus.learner}: {refused.json()['detail']}" in drawn.stdout, drawn.stderr


async def test_a_trace_has_the_reactions_that_were_refused(campus: Campus, lively: Settings) -> None:
    """At the fact that they react to, waiting or dismissed; not one to a fact of which the log has lost the place."""
    await campus.open_run()
    await campus.enroll()
    fact = (await campus.get(f"/learners/{campus.learner}/history")).json()["items"][0]
    position, event_id = fact["position"], fact["meta"]["event_id"]
    waiting_for = failed_reactions.Note(
        position,
        "admit",
        event_id,
        fact["type"],
        fact["stream_id"],
        campus.learner,
        "seat_taken",
        "there is no free seat",
        None,
        can_pass=False,
        code_version="x",
    )
    async with await connect(lively, application="test") as connection:
        await failed_reactions.note(connection, waiting_for)
        lost = waiting_for._replace(reaction="remind", event_id=str(uuid_utils.uuid7()))
        await failed_reactions.note(connection, lost)
        path = f"/facts/{position}/trace"
        at_fact = {each["position"]: each for each in (await campus.get(path)).json()["items"]}[position]
        (waiting,) = at_fact["refused_reactions"]
        assert (waiting["reaction"], waiting["state"], waiting["code"]) == ("admit", "waiting", "seat_taken")
        chosen = failed_reactions.Selection(key=campus.learner)
        await failed_reactions.dismiss(connection, chosen, reason="ticket 7", by="ada")
    drawn = command("log", "trace", str(position), env=variables(lively))
    assert "reaction admit, refused at " in drawn.stdout, drawn.stderr
    assert "there is no free seat (dismissed by ada: ticket 7)" in drawn.stdout
    assert "remind" not in drawn.stdout


async def test_facts_and_traces_are_looks(campus: Campus, lively: Settings) -> None:
    """Each is recorded once, with its reason; not what learners see of their own."""
    await campus.open_run()
    await campus.enroll()
    history = (await campus.get(f"/learners/{campus.learner}/history", user=campus.learner)).json()["items"]
    path = f"/facts/{history[0]['position']}"
    for asked, user in ((path, campus.learner), (path, "auditor"), (path, "auditor"), (f"{path}/trace", "auditor")):
        reason = {} if user == campus.learner else {"reason": "dispute 4711"}
        assert (await campus.get(asked, user=user, **reason)).status_code == 200
    request = history[0]["meta"]["correlation_id"]
    assert (await campus.get("/traces", user="auditor", request_id=request)).status_code == 200
    drawn = command("log", "trace", str(history[0]["position"]), "--reason", "appeal", env=variables(lively))
    assert drawn.returncode == 0, drawn.stderr
    looks = (await campus.get(f"/learners/{campus.learner}/looks", user="admin")).json()["items"][::-1]
    assert [(each["what"], each["reason"]) for each in looks] == [
        (f"/v1{path}", "dispute 4711"),
        (f"/v1{path}/trace", "dispute 4711"),
        (f"/v1/traces request_id={request}", "unspecified"),
        (f"campus log trace {history[0]['position']}", "appeal"),
    ]
