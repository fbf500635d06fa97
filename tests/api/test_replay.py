"""Histories step by step, over HTTP."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from adapters.jwt import claims_of, sign
from adapters.settings import Settings
from api.http.played import ENDED
from projections.engine.steps import patched
from tests.support.api import Campus
from tests.support.polling import until


def documents_of(lines: list[dict[str, Any]]) -> dict[str, Any]:
    """What all patches lead to."""
    found: dict[str, Any] = {}
    for line in lines:
        for change in line["changes"]:
            found[change["document"]] = patched(found.get(change["document"]), change["patch"])
    return found


async def lines(campus: Campus, path: str, **asked: Any) -> list[dict[str, Any]]:
    """The lines of a replay."""
    answer = await campus.get(path, **asked)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/x-ndjson"
    return [json.loads(line) for line in answer.text.splitlines()]


async def test_the_steps_of_a_learner(campus: Campus) -> None:
    """Each fact with what it changed; from the middle the first line has the documents; and as events, at any pace."""
    await campus.open_run()
    await campus.enroll()
    await campus.send(f"/quizzes/{campus.quiz}/attempts/1/submit", {"responses": [1, 1]})
    path = f"/learners/{campus.learner}/replay"
    whole: list[dict[str, Any]] = []

    async def is_graded() -> bool:
        whole[:] = await lines(campus, path, user=campus.learner)
        return any(line["type"] == "progress.unit_completed" for line in whole)

    await until(is_graded)
    grade = f"gradebook/{campus.run},{campus.quiz},{campus.learner}"
    documents = documents_of(whole)
    assert documents[grade]["best_bp"] == 5_000
    graded = next(line for line in whole if line["type"] == "attempt.graded")
    (patch,) = (change["patch"] for change in graded["changes"] if change["document"] == grade)
    assert {"op": "replace", "path": "/best_bp", "value": 5_000} in patch
    end = whole[-1]["position"]
    part = await lines(campus, path, **{"from": graded["position"] - 1, "to": end})
    assert (part[0]["type"], part[1]) == (None, graded)
    assert documents_of(part) == documents
    row = (await campus.see(f"/runs/{campus.run}/gradebook", graded["position"]))["items"][0]
    assert row["best_bp"] == documents[grade]["best_bp"]
    played = await campus.get(path, speed=10**9)
    assert played.headers["content-type"].startswith("text/event-stream")
    events = [block.partition("data: ")[2] for block in played.text.split("\n\n") if "event: step" in block]
    assert [json.loads(event) for event in events] == await lines(campus, path)
    assert played.text.endswith("event: end\ndata: {}\n\n")
    run = documents_of(await lines(campus, f"/runs/{campus.run}/replay"))
    assert f"catalog_runs/{campus.run}" in run


async def test_what_is_played_slowly_ends_with_the_token(campus: Campus, lively: Settings) -> None:
    """To the second, also in the pause between two steps."""
    await campus.open_run()
    await campus.enroll()
    await campus.send(f"/quizzes/{campus.quiz}/attempts/1/submit", {"responses": [1, 1]})
    now = datetime.now(UTC)
    token = sign(claims_of(campus.learner), lively.token_secret, now=now, lifetime=timedelta(seconds=2))
    headers = {"authorization": f"Bearer {token}"}
    path = f"/v1/learners/{campus.learner}/replay"
    played = await campus.client.get(path, params={"speed": "0.000001"}, headers=headers)
    assert played.text.endswith(ENDED.decode()), played.text
    assert datetime.now(UTC) >= now.replace(microsecond=0) + timedelta(seconds=2)


async def test_who_may_play_what(campus: Campus) -> None:
    """A learner the own history, the staff all; what is not there is said before the first line."""
    await campus.open_run()
    await campus.enroll()
    path = f"/learners/{campus.learner}/replay"
    assert (await campus.get(path, user=f"{campus.learner}-2")).json()["code"] == "not_yours"
    assert (await campus.get("/learners/none/replay")).json()["code"] == "learner_not_found"
    assert (await campus.get("/runs/none/replay")).json()["code"] == "run_not_found"
    assert (await campus.get(f"/runs/{campus.run}/replay", user=campus.learner)).json()["code"] == "staff_only"
    assert (await campus.get("/orders/none/replay")).status_code == 404
    assert (await campus.get(path, to=10**15)).json()["code"] == "moment_ahead"
    assert (await campus.get(path, to="soon")).status_code == 422
    assert (await campus.get(path, to="2020-01-01")).text == ""
