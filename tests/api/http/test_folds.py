"""Answers as of a moment whose rows are those of many keys: folded by a worker, waited for, or looked at later."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from fastapi import FastAPI

from adapters.jwt import JwtClaims, sign
from adapters.postgres.as_of import folds, waiting
from adapters.settings import Settings
from api.http.folds import FoldProgress
from api.http.sessions import ENDED
from projections.engine.moment import Moment
from projections.registry import PROJECTIONS
from tests.support.api import Campus
from tests.support.folding import folding
from tests.support.past import Past, asked, filled
from tests.support.polling import until

PLACES = (
    "/runs/{run}/dashboard",
    "/runs/{run}/learners",
    "/runs/{run}/gradebook",
    "/runs/{run}/gradebook?missing=true",
    "/runs/{run}/gradebook/matrix",
    "/learners?q={learner}",
    "/overview",
    "/orders?total=true",
    "/subscriptions",
    "/ledger/balances",
    "/ledger/entries?total=true",
    "/revenue",
)


def as_instructor_of(run: str, user: str, settings: Settings) -> dict[str, str]:
    """The header of an instructor of one run, good for two seconds."""
    claims = JwtClaims(user, ("learner", f"instructor@run:{run}"), user)
    token = sign(claims, settings.token_secret, now=datetime.now(UTC), lifetime=timedelta(seconds=2))
    return {"authorization": f"Bearer {token}"}


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Queries wait for as long as a fold takes, however busy the machine is."""
    monkeypatch.setattr(waiting, "READY_WITHIN", 600.0)


@pytest.mark.usefixtures("patient")
async def test_answers_about_many_are_those_that_were_given_then(
    lively: Settings, app: FastAPI, campus: Campus
) -> None:
    """Byte by byte, for every route whose rows are those of many keys, and each says by which rules it was made."""
    await campus.open_run()
    past = Past(app, campus, PLACES)
    await campus.enroll()
    await past.look()
    await campus.send(f"/quizzes/{campus.quiz}/attempts/1/submit", {"responses": [1, 0]})
    await past.look()
    await campus.send("/enrollments/withdraw", {"run_id": campus.run, "reason": "moved"})
    async with folding(lively):
        for (path, position), then in past.answers.items():
            answer = await asked(campus, path, known_at=position)
            assert answer.content == then.content, (path, position)
            assert answer.headers["campus-position"] == str(position)
            assert "immutable" in answer.headers["cache-control"]
            assert ";code=" in answer.headers["campus-rules"]
        csv = await campus.client.get(
            f"/v1/runs/{campus.run}/gradebook",
            params={"known_at": min(position for _, position in past.answers)},
            headers=await campus.as_user("admin", accept="text/csv"),
        )
        assert csv.text.startswith('"run_id","learner_id"')
        assert campus.learner not in csv.text
        empty = await asked(campus, "/overview", known_at=0)
        assert empty.json() == {"campus": None, "sources": [], "runs": [], "next": None}
        gone = await asked(campus, filled(PLACES[0], campus), known_at=0)
        assert gone.json()["code"] == "run_not_found"


async def test_what_takes_longer_is_looked_at_later(
    lively: Settings, app: FastAPI, campus: Campus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """202 with the address of the fold and of the answer; all who ask for the same moment wait for the same fold."""
    monkeypatch.setattr(waiting, "READY_WITHIN", 0.0)
    await campus.open_run()
    position = await campus.enroll()
    paths = [f"/runs/{campus.run}/dashboard", f"/runs/{campus.run}/learners"]
    answers = [await asked(campus, path, known_at=position) for path in (*paths, paths[0])]
    assert [answer.status_code for answer in answers] == [202] * 3
    assert len({answer.headers["location"] for answer in answers}) == 1
    shown = msgspec.json.decode(answers[0].content, type=FoldProgress)
    assert (shown.status, shown.position) == ("waiting", position)
    assert shown.result == f"/v1{paths[0]}?known_at={position}"
    where = answers[0].headers["location"].removeprefix("/v1")
    for other in (campus.learner, None):
        headers = await campus.as_user(other) if other else as_instructor_of("another", "bob", lively)
        for path in (where, f"{where}/events"):
            assert (await campus.client.get(f"/v1{path}", headers=headers)).status_code == 403
    mine = as_instructor_of(campus.run, "ann", lively)
    asked_by_me = await campus.client.get(f"/v1{paths[0]}", params={"known_at": position}, headers=mine)
    assert asked_by_me.headers["location"] == answers[0].headers["location"]
    shown_to_me = await campus.client.get(asked_by_me.headers["location"], headers=mine)
    assert (shown_to_me.status_code, shown_to_me.json()["status"]) == (200, "waiting")
    until_then = datetime.now(UTC)
    followed = await campus.client.get(f"{asked_by_me.headers['location']}/events", headers=mine)
    assert followed.text.endswith(ENDED.decode())
    assert datetime.now(UTC) >= until_then.replace(microsecond=0) + timedelta(seconds=1)
    async with folding(lively):

        async def is_done() -> bool:
            return bool((await campus.get(where)).json()["status"] == "done")

        await until(is_done)
        events = await campus.get(f"{where}/events")
        assert events.headers["content-type"].startswith("text/event-stream")
        assert b'"status":"done"' in events.content
        assert (await campus.get(shown.result.removeprefix("/v1"))).status_code == 200
    assert (await campus.get(f"/folds/{'0' * 32}")).json()["code"] == "fold_not_found"


async def test_a_fold_whose_process_has_ended_is_begun_again(lively: Settings, app: FastAPI, campus: Campus) -> None:
    """Whatever it had done; and one that was asked for while as many wait as may is refused."""
    await campus.open_run()
    position = await campus.enroll()
    link = app.state.services.log.link
    moment = Moment(position, app.state.services.log.clock.now())
    fold = await link.run(lambda connection: folds.ask(connection, PROJECTIONS[2:3], moment))
    taken = await link.run(folds.take)
    assert taken is not None
    assert (taken.id, taken.status) == (fold.id, "folding")
    async with folding(lively):

        async def is_done() -> bool:
            found = await link.run(lambda connection: folds.look(connection, fold.id))
            return bool(found.status == "done")

        await until(is_done)


async def test_folds_are_bounded_in_number(app: FastAPI, campus: Campus, monkeypatch: pytest.MonkeyPatch) -> None:
    """One more than may wait is refused, and the client is asked to come again."""
    monkeypatch.setattr(folds, "ASK", folds.ASK.replace(f"< {folds.MOST_WAITING}", "< 0"))
    await campus.open_run()
    answer = await campus.get("/overview", known_at=await campus.enroll())
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert "wait to be folded" in answer.json()["detail"]
