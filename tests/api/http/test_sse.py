"""Server-sent events: sent once, sent again after a break, never more than one change for each read model."""

import json

from fastapi import FastAPI

from adapters.nats.changes import CommittedChange
from api.http.changes import ALL, Changed, Changes
from tests.support.api import Campus, Listener


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
            assert seen < int(event["id"]) == data["position"]
            seen = data["position"]
    await campus.see("/me/dashboard", data["position"], user=campus.learner)


async def test_what_was_missed_is_told_at_once(app: FastAPI, campus: Campus) -> None:
    """Who comes back with the id of an older event gets one change, whatever has happened since."""
    await campus.open_run()
    position = await campus.enroll()
    await campus.see("/me/dashboard", position, user=campus.learner)
    headers = await campus.as_user(campus.learner, **{"last-event-id": "1"})
    async with Listener(app, f"/v1/learners/{campus.learner}/events", headers) as listener:
        assert int((await listener.event())["id"]) == position


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
            assert json.loads(event["data"]) == {"projection": projection, "key": campus.run, "position": position}


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
