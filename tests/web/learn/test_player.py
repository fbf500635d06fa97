"""A learner goes through a course: the home page, the outline, units one after the other, without JavaScript."""

import re
from typing import Any

from tests.support.api import Campus
from tests.support.pages import Reader, text_of
from web.learn.units import beside, next_unit

CANARY = "Al<b>ge\"bra' & more"


async def test_a_learner_goes_on_from_home_through_the_units(shared_campus: Campus, sample_learner: Reader) -> None:
    """What is next is one click away; a unit that is completed leads to the next one; titles are text, not HTML."""
    campus, ada = shared_campus, sample_learner
    await campus.send("/courses", {"course_id": campus.course, "title": CANARY}, user="admin")
    units = [
        {"unit_id": "intro", "kind": "text", "title": "Begin <i>here"},
        {"unit_id": "site", "kind": "link", "title": "Elsewhere", "url": "https://else.example/", "after": ["intro"]},
        {"unit_id": "film", "kind": "video", "title": "Groups", "seconds": 90},
    ]
    await campus.send(f"/courses/{campus.course}/versions", {"units": units}, user="admin")
    plan = {"starts_at": "2026-02-01T00:00:00Z", "ends_at": "2126-06-30T00:00:00Z"}
    await campus.send("/runs", {"run_id": campus.run, "course_id": campus.course, **plan}, user="admin")
    await campus.send(f"/runs/{campus.run}/open", user="admin")
    await campus.see("/me/dashboard", await campus.enroll(), user=campus.learner)

    here = f"/learn/runs/{campus.run}"
    home = await ada.sees("/learn", CANARY)
    assert "<b>ge" not in home
    assert f'href="{here}/units/intro"' in home
    outline = await ada.get(here)
    assert "First: Begin <i>here" in text_of(outline)
    intro = await ada.get(f"{here}/units/intro", **{"sec-fetch-site": "cross-site"})  # by the link of a mail
    assert "Begin &lt;i&gt;here" in intro.text
    history = await campus.get(f"/learners/{campus.learner}/history", user=campus.learner, type="progress.unit_opened")
    assert [fact["data"]["unit_id"] for fact in history.json()["items"]] == ["intro"], "a page that is shown is opened"
    forged = await ada.send(f"{here}/units/intro", {"complete": "1"}, sec_fetch_site="cross-site")
    assert forged.status_code == 403
    assert 'rel="next"' not in intro.text  # what is open is completed, and so it goes on
    done = await ada.send(f"{here}/units/intro", {"complete": "1"})
    assert done.headers["location"] == f"{here}/units/site"
    site = await ada.sees(f"{here}/units/site", "Elsewhere")
    assert re.search(r'href="https://else\.example/"[^>]* rel="noopener noreferrer"', site)
    await campus.see(
        "/me/dashboard",
        await campus.send("/progress/units/open", {"run_id": campus.run, "unit_id": "site"}),
        user=campus.learner,
    )
    assert (await ada.send(f"{here}/units/site", {"complete": "1"})).headers["location"] == f"{here}/units/film"
    film = await ada.get(f"{here}/units/film")
    assert (film.status_code, "Groups" in text_of(film)) == (200, True)
    assert (await ada.get(f"{here}/units/none")).status_code == 404
    assert (await ada.get("/learn/runs/none")).status_code == 404


def player(resume: str | None, **units: Any) -> dict[str, Any]:
    """A player whose units have these states, or these units that have to come before them."""
    made = [
        {"unit_id": name, "state": state, "locks": []}
        if isinstance(state, str)
        else {"unit_id": name, "state": "locked", "locks": [{"reason": "units_before", "units": state}]}
        for name, state in units.items()
    ]
    return {"sections": [{"units": made}], "resume": resume and {"unit_id": resume}}


def test_a_learner_goes_on_where_they_have_stopped_or_with_what_comes_then() -> None:
    """What is done or locked is passed over; what only waited for the unit just completed is open."""
    assert next_unit(player(None, a="open", b="open")) == "a"
    assert next_unit(player("b", a="open", b="begun", c="open")) == "b"
    assert next_unit(player("b", a="open", b="completed", c="open")) == "c"
    assert next_unit(player("c", a="open", b="completed", c="completed")) == "a"
    assert next_unit(player("a", a="completed", b="completed")) is None
    assert next_unit(player("a", a="begun", b=["a"], c="open"), after="a") == "b"
    assert next_unit(player("a", a="begun", b=["a", "c"], c="open"), after="a") == "c"
    both = beside(player(None, a="open", b="open"), "b")
    assert (both[0] and both[0]["unit_id"], both[1]) == ("a", None)
