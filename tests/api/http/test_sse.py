"""Server-sent events: sent once, sent again after a break, never more than one change for each read model."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest
from fastapi import FastAPI

from adapters.jwt import claims_of, sign, sign_ticket
from adapters.nats.changes import CommittedChange
from adapters.settings import Settings
from api.app import build
from api.http.changes import ALL, Changed, Changes
from projections.gradebook import Gradebook
from projections.learner_dashboard import LearnerDashboard
from projections.registry import PROJECTIONS
from tests.support.api import Campus, Listener, change_of, every_read_model, position_of, served
from tests.support.polling import guard
from tests.support.rebuilds import rebuilt
from tests.support.workers import projecting
from workers.rebuild.promotion import promote, roll_back


async def test_a_learner_is_told_of_a_change(app: FastAPI, campus: Campus) -> None:
    """The id of the event is a position that can be read."""
    await campus.open_run()
    async with Listener(app, "/v1/me/events", await campus.as_user(campus.learner)) as listener:
        position = await campus.enroll()
        seen = 0
        while seen < position:  # the facts of one enrollment may be announced one by one
            event = await listener.event()
            data = json.loads(event["data"])
            assert (event["event"], data["projection"], data["key"]) == ("changed", "learner_dashboard", campus.learner)
            assert seen < position_of(event) == data["position"]
            seen = data["position"]
    await campus.see("/me/dashboard", data["position"], user=campus.learner)


async def test_one_stream_has_many_topics(app: FastAPI, campus: Campus) -> None:
    """What changes in any of them; and after a break where each is, as on the stream of one."""
    await campus.open_run()
    learner = f"{campus.learner}-2"
    await campus.see("/overview", await campus.enroll(learner))
    query = f"topics=run:{campus.run},learner:{learner},learner:me,overview"
    expected = {("learner_dashboard", learner), ("course_dashboard", campus.run), ("gradebook", campus.run)}
    expected |= {("learner_dashboard", "admin"), ("overview", ALL), ("recent_activity", ALL)}
    expected |= {("inbox", learner), ("inbox", "admin")}
    heard: set[tuple[str, str]] = set()
    async with Listener(app, "/v1/events", await campus.as_user("admin"), query) as listener:
        position = await campus.send("/enrollments/withdraw", {"run_id": campus.run}, user=learner)
        while not heard >= {("learner_dashboard", learner), ("course_dashboard", campus.run), ("overview", ALL)}:
            data = json.loads((await listener.event())["data"])
            heard.add((data["projection"], data["key"]))
    assert heard <= expected
    await campus.see("/overview", position)
    headers = await campus.as_user("admin", **{"last-event-id": "1"})
    async with Listener(app, "/v1/events", headers, query) as listener:
        events = [json.loads((await listener.event())["data"]) for _ in expected]
    assert {(data["projection"], data["key"]) for data in events} == expected


@pytest.mark.parametrize(
    ("topics", "code"),
    {
        "run:r1": "staff_only",
        "learner:me,learner:other": "not_yours",
        "overview": "staff_only",
        "learner:me,": "bad_topics",
        "course:c1": "bad_topics",
        "learner:a/b": "bad_topics",
        "learner:..": "bad_topics",
        ",".join(["learner:me"] * 21): "bad_topics",
    }.items(),
)
async def test_each_topic_is_authorised(campus: Campus, topics: str, code: str) -> None:
    """As its own stream is; one that is not there is refused, and so are too many."""
    assert (await campus.get("/events", user=campus.learner, topics=topics)).json()["code"] == code


async def test_what_was_missed_is_told_at_once(app: FastAPI, campus: Campus) -> None:
    """Who comes back with the id of an older event gets one change, whatever has happened since."""
    await campus.open_run()
    position = await campus.enroll()
    await campus.see("/me/dashboard", position, user=campus.learner)
    headers = await campus.as_user(campus.learner, **{"last-event-id": "1"})
    async with Listener(app, f"/v1/learners/{campus.learner}/events", headers) as listener:
        assert position_of(await listener.event()) == position


@pytest.mark.parametrize("ahead", [1_000, 4_000_000_000])
async def test_a_cursor_ahead_of_the_log_is_answered_at_once(app: FastAPI, campus: Campus, ahead: int) -> None:
    """The log was reset or restored since: the client gets the position where it is now, and then what comes."""
    await campus.open_run()
    position = await campus.enroll()
    await campus.see("/me/dashboard", position, user=campus.learner)
    head = (await campus.client.get("/readyz")).json()["head"]
    headers = await campus.as_user(campus.learner, **{"last-event-id": str(head + ahead)})
    async with Listener(app, "/v1/me/events", headers) as listener:
        assert position_of(await change_of(listener, LearnerDashboard.name)) == position
        later = await campus.send("/progress/units/open", {"run_id": campus.run, "unit_id": "intro"})
        assert position_of(await change_of(listener, LearnerDashboard.name)) == later
    admin = await campus.as_user("admin", **{"last-event-id": str(head + ahead)})
    async with Listener(app, f"/v1/runs/{campus.run}/events", admin) as run:
        assert position_of(await run.event()) <= later


async def test_a_lost_announcement_is_made_good_at_the_heartbeat(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A projector that cannot reach NATS folds the facts; a connected stream learns of it all the same."""
    monkeypatch.setattr("api.http.sse.HEARTBEAT", 0.2)
    mute = settings.model_copy(update={"nats_url": "nats://127.0.0.1:1"})
    app = build(settings)
    async with projecting(mute, PROJECTIONS), served(app) as client:
        await every_read_model(client)
        campus = Campus(client)
        await campus.begin()
        async with (
            Listener(app, "/v1/me/events", await campus.as_user(campus.learner)) as mine,
            Listener(app, f"/v1/runs/{campus.run}/events", await campus.as_user("admin")) as run,
        ):
            await mine.part()  # a heartbeat: what was before has been seen
            await run.part()
            position = await campus.send("/progress/units/open", {"run_id": campus.run, "unit_id": "intro"})
            while position_of(await mine.event()) < position:
                pass
            while position_of(await run.event()) < position:
                pass


@pytest.mark.parametrize("announced", [True, False])
async def test_a_promotion_and_a_rollback_are_announced(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, *, announced: bool
) -> None:
    """Pages have to be read again, although no fact has come; if the announcement is lost, the heartbeat finds it."""
    if not announced:
        monkeypatch.setattr("api.http.sse.HEARTBEAT", 0.2)
    projector = settings if announced else settings.model_copy(update={"nats_url": "nats://127.0.0.1:1"})
    app = build(settings)
    async with projecting(projector, PROJECTIONS), served(app) as client:
        await every_read_model(client)
        campus = Campus(client)
        await campus.open_run()
        await campus.see(f"/runs/{campus.run}/gradebook", await campus.enroll())
        await rebuilt(settings, Gradebook(), workers=1)
        async with Listener(app, f"/v1/runs/{campus.run}/events", await campus.as_user("admin")) as listener:
            for switch, generation in ((promote, 2), (roll_back, 1)):
                await switch(settings, Gradebook())
                event = await listener.event()
                data = json.loads(event["data"])
                while (data["projection"], data["generation"]) != ("gradebook", generation):
                    event = await listener.event()
                    data = json.loads(event["data"])
                assert data["key"] == campus.run
        headers = await campus.as_user("admin", **{"last-event-id": event["id"]})
        async with Listener(
            app, f"/v1/runs/{campus.run}/events", headers
        ) as listener:  # as if it had been away for a switch
            sent = [json.loads((await listener.event())["data"]) for _ in range(2)]
            assert {each["projection"]: each["generation"] for each in sent} == {"course_dashboard": 1, "gradebook": 1}


async def test_a_stream_ends_with_its_token(app: FastAPI, lively: Settings, campus: Campus) -> None:
    """The client has to come back with another one."""
    now = datetime.now(UTC)
    token = sign(claims_of(campus.learner), lively.token_secret, now=now, lifetime=timedelta(seconds=2))
    async with Listener(app, "/v1/me/events", {"authorization": f"Bearer {token}"}) as listener, guard():
        await asyncio.wait([listener.task])
        assert datetime.now(UTC) - now >= timedelta(seconds=1)
    refused = await campus.client.get("/v1/me/dashboard", headers={"authorization": f"Bearer {token}"})
    assert (refused.status_code, refused.json()["code"]) == (401, "unauthenticated")


async def test_a_ticket_opens_a_stream_and_nothing_else(app: FastAPI, lively: Settings, campus: Campus) -> None:
    """For the user to whom it was given, for a minute; the stream lasts as long as the token. It is no token."""
    answer = await campus.client.post("/v1/events/ticket", headers=await campus.as_user(campus.learner))
    ticket = answer.json()["ticket"]
    left = datetime.fromisoformat(answer.json()["expires_at"]) - datetime.now(UTC)
    assert timedelta(0) < left <= timedelta(minutes=1)
    await campus.open_run()
    async with Listener(app, "/v1/me/events", {}, query=f"ticket={ticket}") as listener:
        position = await campus.enroll()
        while int((await listener.event())["id"].partition("-")[0]) < position:
            pass
    head = await campus.client.head("/v1/me/events", params={"ticket": ticket})
    assert head.status_code == 200
    as_token = await campus.client.get("/v1/me/dashboard", headers={"authorization": f"Bearer {ticket}"})
    token = (await campus.as_user(campus.learner))["authorization"].removeprefix("Bearer ")
    past = datetime.now(UTC) - timedelta(minutes=2)
    old = sign_ticket(claims_of(campus.learner), lively.token_secret, now=past, lifetime=timedelta(minutes=1))
    refused = [await campus.client.get("/v1/me/events", params={"ticket": each}) for each in (token, old, "none")]
    assert {each.status_code for each in (as_token, *refused)} == {401}
    other = await campus.client.get(f"/v1/runs/{campus.run}/events", params={"ticket": ticket})
    assert (other.status_code, other.json()["code"]) == (403, "staff_only")


async def test_a_gap_between_announcements_is_a_change_of_everything() -> None:
    """What was announced in between is not known; the next announcement of the same segment shows the gap."""
    changes = Changes()
    with changes.watch([("gradebook", "7")]) as watch:
        await changes.on_change(CommittedChange("gradebook", 10, [("gradebook", "8")], (0,), 2, before=9))
        await changes.on_change(CommittedChange("gradebook", 30, [("gradebook", "8")], (1,), 2, before=9))
        assert (await watch.next(0.01), changes.heard("gradebook")) == ([], 10)
        await changes.on_change(CommittedChange("gradebook", 12, [("gradebook", "8")], (0,), 2, before=11))
        assert await watch.next(0.01) == [Changed("gradebook", "7", 12)]


async def test_any_id_is_answered_at_once_with_where_the_log_is(app: FastAPI, campus: Campus) -> None:
    """Also one of another life of the log, or of another version of the API: the client may have missed anything."""
    await campus.open_run()
    position = await campus.enroll()
    await campus.see("/me/dashboard", position, user=campus.learner)
    async with Listener(
        app, "/v1/me/events", await campus.as_user(campus.learner, **{"last-event-id": "1"})
    ) as listener:
        present = (await listener.event())["id"]
    assert present.startswith(f"{position}-")
    for other in (f"{position}-1.1", present, "9:later/version", str(10**30)):  # it may be of another version, too
        headers = await campus.as_user(campus.learner, **{"last-event-id": other})
        async with Listener(app, "/v1/me/events", headers) as listener:
            assert (await listener.event())["id"] == present
    changes: Changes = app.state.services.changes
    await changes.on_change(CommittedChange("overview", 10**9, []))
    changes.know_life("another")
    assert changes.heard("overview") == -1


async def test_staff_is_told_of_runs_and_of_the_campus(app: FastAPI, campus: Campus) -> None:
    """Each stream tells of its own read models."""
    await campus.open_run()
    admin = await campus.as_user("admin")
    async with (
        Listener(app, f"/v1/runs/{campus.run}/events", admin) as run,
        Listener(app, "/v1/overview/events", admin) as overview,
    ):
        await campus.enroll()
        assert json.loads((await run.event())["data"])["key"] == campus.run
        assert json.loads((await overview.event())["data"])["projection"] in ("overview", "recent_activity")


async def test_who_may_listen_to_what(campus: Campus) -> None:
    """Learners to their own changes, staff to those of every learner, of runs and of the campus."""
    refused = await campus.get(f"/learners/other-{campus.tag}/events", user=campus.learner)
    assert (refused.status_code, refused.json()["code"]) == (403, "not_yours")
    for path in (f"/runs/{campus.run}/events", "/overview/events"):
        refused = await campus.get(path, user=campus.learner)
        assert (refused.status_code, refused.json()["code"]) == (403, "staff_only"), path


async def test_read_models_that_do_not_keep_pace_are_told_of_each(app: FastAPI, campus: Campus) -> None:
    """A change of the gradebook is sent although the run's dashboard was announced at a later position."""
    await campus.open_run()
    async with Listener(app, f"/v1/runs/{campus.run}/events", await campus.as_user("admin")) as listener:
        changes: Changes = app.state.services.changes
        for projection, position in (("course_dashboard", 10**9 + 1), ("gradebook", 10**9)):
            await changes.on_change(CommittedChange(projection, position, [(projection, campus.run)]))
            event = await listener.event()
            data = json.loads(event["data"])
            assert (data["projection"], data["key"], data["position"]) == (projection, campus.run, position)


async def test_a_slow_client_is_told_the_newest_only() -> None:
    """However many changes came before it looked."""
    changes = Changes()
    with changes.watch([("learner_dashboard", "7"), ("overview", ALL)]) as watch:
        for position in range(1, 1_001):
            await changes.on_change(CommittedChange("learner_dashboard", position, [("learner_dashboard", "7")]))
            await changes.on_change(CommittedChange("learner_dashboard", position, [("learner_dashboard", "8")]))
        await changes.on_change(CommittedChange("overview", 5, [("overview", "AAA")]))
        await changes.on_change(CommittedChange("overview", 6, []))  # its position has moved, and nothing else
        assert sorted(await watch.next(0.1)) == [Changed("learner_dashboard", "7", 1_000), Changed("overview", ALL, 5)]
        assert await watch.next(0.01) == []
        await changes.on_change(CommittedChange("learner_dashboard", 2_000, None))  # too many keys to name
        assert await watch.next(0.1) == [Changed("learner_dashboard", "7", 2_000)]


async def test_nothing_is_kept_of_those_who_have_gone() -> None:
    """A watch ends with its block."""
    changes = Changes()
    with changes.watch([("overview", ALL)]):
        pass
    await changes.on_change(CommittedChange("overview", 1, None))
    await changes.reached("overview", 9, 0.01)
    assert not changes._watches
    assert not changes._waiting["overview"]


@pytest.mark.parametrize(
    ("path", "topics", "code"),
    [
        ("/runs/no-such-run/events", None, "run_not_found"),
        ("/learners/no-such-learner/events", None, "learner_not_found"),
        ("/events", "overview,run:no-such-run", "run_not_found"),
        ("/events", "learner:me,learner:no-such-learner", "learner_not_found"),
    ],
)
async def test_a_stream_of_what_there_is_not_is_refused(
    campus: Campus, path: str, topics: str | None, code: str
) -> None:
    """At its opening, with the id; the log is asked, so that a read model that is late refuses nothing."""
    answer = await campus.get(path, **({"topics": topics} if topics else {}))
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (404, code)
    assert "no-such" in problem["detail"]


async def test_a_stream_of_what_has_just_come_opens(settings: Settings) -> None:
    """Although no read model has it yet: no projector runs."""
    async with projecting(settings, PROJECTIONS), served(build(settings)) as client:
        await every_read_model(client)
    app = build(settings)
    async with served(app) as client:
        campus = Campus(client)
        await campus.open_run()
        await campus.enroll()
        admin = await campus.as_user("admin")
        for path in (f"/v1/runs/{campus.run}/events", f"/v1/learners/{campus.learner}/events"):
            async with Listener(app, path, admin) as listener:
                assert listener.status == 200
