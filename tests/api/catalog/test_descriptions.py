"""What a course says of itself changes: everywhere at one position, and nowhere in what was issued before."""

import json
from typing import Any

import pytest

from adapters.settings import Settings
from adapters.valkey.client import connect as connect_valkey
from api.app import build
from projections.catalog import Catalog
from projections.learner_dashboard import LearnerDashboard
from projections.registry import PROJECTIONS
from tests.api.http.policy.test_guard import as_role_of
from tests.support.api import Campus, Listener, every_read_model, served
from tests.support.rebuilds import rebuilt
from tests.support.workers import projecting
from workers.rebuild.promotion import promote

FROM, TO = "Algebra", "Linear structures"


async def describe(campus: Campus, old: str, new: str, **more: Any) -> int:
    """Give the course another title; the position of its fact."""
    changes = {"title": {"old": old, "new": new}, **more}
    return await campus.send(f"/courses/{campus.course}/description", changes, user="admin")


async def titles(campus: Campus, position: int) -> set[str]:
    """What the course is called, by every route that a learner and the staff look it up by."""
    dashboard = await campus.see("/me/dashboard", position, user=campus.learner)
    run = await campus.see(f"/runs/{campus.run}", position)
    (listed,) = (await campus.see("/runs", position, course_id=campus.course))["items"]
    course = await campus.see(f"/courses/{campus.course}", position)
    (mine,) = (await campus.get("/me/runs", user=campus.learner)).json()["items"]
    player = await campus.see(f"/me/runs/{campus.run}/player", position, user=campus.learner)
    transcript = await campus.see("/me/transcript", position, user=campus.learner)
    public = (await campus.client.get(f"/v1/public/courses/{campus.course}")).json()
    found = [run, listed, course, mine, player, public, *dashboard["courses"], *transcript["runs"]]
    recent = [each["title"] for each in dashboard["recent"] if "unit_id" not in each]
    assert recent
    return {*recent, *(each["title"] for each in found)}


async def found_by(campus: Campus, word: str, position: int) -> list[str]:
    """The courses that a search finds by a word."""
    found = await campus.see("/catalog/search", position, q=word)
    return [each["course_id"] for each in found["items"]]


async def test_a_title_is_new_for_every_reader_at_one_position(settings: Settings) -> None:
    """Of those who were there before, too, after a rebuild and without Valkey; an event says so, and twice is twice."""
    app = build(settings)
    async with served(app) as client:
        campus = Campus(client)
        async with projecting(settings, PROJECTIONS):
            await every_read_model(client)
            await campus.begin()
            position = await campus.enroll()
            assert await titles(campus, position) == {FROM}
            async with Listener(app, "/v1/me/events", await campus.as_user(campus.learner)) as listener:
                first = await describe(campus, FROM, "Structures")
                while json.loads((await listener.event())["data"]).get("key") != campus.learner:
                    pass
            assert await titles(campus, first) == {"Structures"}
            language = {"old": "en", "new": "de"}
            position = await describe(campus, "Structures", TO, language=language)
            assert await titles(campus, position) == {TO}
            assert await found_by(campus, "Structures", position) == [campus.course]
            assert await found_by(campus, FROM, position) == []
            (listed,) = (await campus.see("/runs", position, q="linear", sort="title"))["items"]
            assert (listed["run_id"], listed["title"]) == (campus.run, TO)
            assert (await campus.see("/runs", position, q=FROM))["items"] == []
            then = (await campus.get(f"/runs/{campus.run}", known_at=first)).json()
            assert then["title"] == "Structures"
            for projection in (LearnerDashboard(), Catalog()):
                await rebuilt(settings, projection, workers=1)
                await promote(settings, projection)
            assert await titles(campus, position) == {TO}
        async with connect_valkey(settings) as valkey:
            await valkey.flushall()
        assert (await campus.get("/me/dashboard", user=campus.learner)).json()["courses"][0]["title"] == TO


async def test_what_was_issued_keeps_its_words(campus: Campus) -> None:
    """A certificate says what the course was called then; one that is issued now says what it is called now."""
    await campus.open_run()
    held = []
    for learner, title in ((campus.learner, FROM), (f"second-{campus.tag}", TO)):
        await campus.enroll(learner)
        outcome = {"run_id": campus.run, "learner_id": learner, "outcome": "pass"}
        await campus.send("/progress/outcomes", outcome, user="instructor")
        (found,) = (await campus.until_answer("/me/credentials", lambda each: each["items"], user=learner))["items"]
        held.append(found["credential_id"])
        assert (await campus.client.get(f"/v1/credentials/{held[-1]}")).json()["course_title"] == title
        if title == FROM:
            await describe(campus, FROM, TO)
    first = (await campus.client.get(f"/v1/credentials/{held[0]}")).json()
    assert first["course_title"] == FROM


async def test_two_editors_see_each_other(campus: Campus) -> None:
    """Who has not seen the title of now is refused; the same once more, and a summary beside it, are taken."""
    await campus.open_run()
    path = f"/courses/{campus.course}/description"
    position = await describe(campus, FROM, TO)
    assert await describe(campus, FROM, TO) == position
    answer = await campus.post(path, {"title": {"old": FROM, "new": "Rings"}}, user="admin")
    assert (answer.status_code, answer.json()["code"]) == (409, "course_changed")
    await campus.send(path, {"summary": {"old": "", "new": "Rings\nand fields."}}, user="admin")
    gone = await campus.post(f"/courses/none-{campus.tag}/description", {}, user="admin")
    assert (gone.status_code, gone.json()["code"]) == (404, "course_not_found")


@pytest.mark.parametrize("role", ["learner", "assistant@campus", "auditor", "instructor@run:{run}"])
async def test_who_does_not_write_the_course_is_refused(campus: Campus, lively: Settings, role: str) -> None:
    """Those who teach a course write it."""
    await campus.open_run()
    path, header = f"/v1/courses/{campus.course}/description", as_role_of(lively)
    body = {"title": {"old": FROM, "new": TO}}
    answer = await campus.client.post(path, json=body, headers=header(role.format(run=campus.run)))
    assert answer.status_code == 403
    writer = header(f"instructor@course:{campus.course}")
    assert (await campus.client.post(path, json=body, headers=writer)).status_code == 202
