"""Pages of question banks: whose they are, with whom they are shared, and what a quiz of a run is offered."""

import pytest

from tests.support.api import Campus
from tests.support.pages import Reader, text_of
from tests.support.people import Town
from tests.support.polling import until
from tests.web.teach.test_authors import Author

CHOICE = '<option value="{}"'
TRUE = {"kind": "true_false", "text": "Is 2 prime?", "points": "1", "right": "true", "do": "save"}


async def teacher_of(town: Town, campus: Campus, person: str, scope: str) -> Author:
    """A sample person who teaches there, as soon as the role holds."""
    teacher = Author(town)
    await teacher.send("/signin/sample", {"person": person})
    their_id = (await teacher.browser.get("/me/account")).json()["learner_id"]
    grant = {"learner_id": their_id, "role": "instructor", "scope": scope, "reason": "teaches it"}
    await campus.send("/roles/grant", grant, user="admin")

    async def may_teach() -> bool:
        return (await teacher.get("/teach/banks")).status_code == 200

    await until(may_teach)
    return teacher


async def test_a_teacher_keeps_and_shares_a_bank(town: Town, campus: Campus, ada: Reader) -> None:
    """By a role in a run of the course; another teacher sees the bank once it is shared, and draws from it."""
    other = Campus(town.client)
    other.learner = campus.learner
    await other.open_run()
    ines = await teacher_of(town, campus, "instructor", f"run:{campus.run}")
    theo = await teacher_of(town, campus, "analyst", f"course:{other.course}")
    page = await ines.shown("/teach/banks", "There is no bank yet", "Make a bank")
    assert (CHOICE.format(campus.course) in page.text, CHOICE.format(other.course) in page.text) == (True, False)
    made = await ines.send("/teach/banks", {"title": "Numbers", "course_id": campus.course})
    assert "who teaches it, or one of its runs" in text_of(await ines.follow(made))
    bank = "/teach/banks/numbers"
    refused = await ines.send("/teach/banks", {"title": "Theirs", "course_id": other.course})
    assert refused.status_code == 403
    assert (await ines.send(f"{bank}/new", TRUE)).status_code == 303
    assert "Numbers" in text_of(await ines.shown("/teach/banks"))

    quiz, theirs = (f"/teach/runs/{each.run}/new-quiz" for each in (campus, other))
    assert CHOICE.format("numbers") in (await ines.once_built(quiz)).text
    assert CHOICE.format("numbers") not in (await theo.once_built(theirs)).text
    draw = {"title": "Exam", "unit_id": "q1", "draw-0-bank": "numbers", "do": "publish", "attempts_allowed": "1"}
    stolen = await theo.send(theirs, draw)
    assert (stolen.status_code, "nor shared with it" in text_of(stolen)) == (403, True), text_of(stolen)
    assert "There is no bank yet" in text_of(await theo.get("/teach/banks"))
    assert (await theo.get(bank)).status_code == 403

    unknown = await ines.send(f"{bank}/share", {"other": "no-such-course"})
    assert (unknown.status_code, "There is no course no-such-course" in text_of(unknown)) == (404, True)
    shared = await ines.follow(await ines.send(f"{bank}/share", {"other": other.course}))
    assert "Share no more" in text_of(shared)
    seen = await theo.shown(bank, "Whose it is", "Shared with")
    assert not any(each in text_of(seen) for each in ("Share no more", "Write a question", "Rename"))
    assert "only to read" in text_of(await theo.get("/teach/banks"))
    assert CHOICE.format("numbers") in (await theo.get(theirs)).text
    assert (await theo.send(theirs, draw)).status_code == 303
    assert (await theo.send(f"{bank}/move", {"course_id": other.course})).status_code == 403
    taken = await ines.follow(await ines.send(f"{bank}/unshare", {"other": other.course}))
    assert "Shared with no other course" in text_of(taken)
    assert (await theo.get(bank)).status_code == 403

    admin = Author(town)
    await admin.send("/signin/sample", {"person": "admin"})
    moved = await admin.follow(await admin.send(f"{bank}/move", {"course_id": other.course}))
    assert "The bank belongs there now" in text_of(moved)
    assert (await ines.get(bank)).status_code == 403
    await theo.shown(bank, "Write a question")
    begun = await admin.send(f"/teach/courses/{other.course}/start", {"revision": "0", "version": "1"})
    assert "Numbers" in text_of(await admin.follow(begun))
    assert "Numbers" not in text_of(await admin.shown(f"/teach/banks?course={campus.course}", "Show all"))
    assert (await ada.get("/teach/banks")).status_code == 403


async def test_a_bank_is_shared_with_any_course_of_a_large_campus(
    town: Town, campus: Campus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a form cannot offer all courses, one is found by a part of its title, and shared with by a button."""
    other = Campus(town.client)
    await other.send("/courses", {"course_id": other.course, "title": f"Zoology {other.tag}"}, user="admin")
    monkeypatch.setattr("web.teach.keepers.MOST_OFFERED", 1)
    admin = Author(town)
    await admin.send("/signin/sample", {"person": "admin"})
    await admin.follow(await admin.send("/teach/banks", {"title": "Animals"}))
    bank, offer = "/teach/banks/animals", CHOICE.format(other.course)
    page = await admin.shown(bank, "Find a course by its title")
    assert offer not in page.text
    await admin.sees(f"{bank}?courses=zoology+{other.tag}", f"Share: Zoology {other.tag}")
    found = await admin.get(f"{bank}?courses=zoology+{other.tag}")
    assert (offer in found.text, CHOICE.format(campus.course) in found.text) == (True, False)
    assert offer in (await admin.get(f"/teach/banks?courses={other.tag}")).text
    assert "No course fits" in text_of(await admin.get(f"{bank}?courses=nothing+of+that"))
    shared = await admin.follow(await admin.send(f"{bank}/share", {"other": other.course}))
    assert f"Zoology {other.tag}" in text_of(shared)
