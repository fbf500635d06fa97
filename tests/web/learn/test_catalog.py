"""The catalog for visitors and learners: finding a course, taking a place, the queue, leaving and coming back."""

from tests.support.api import Campus
from tests.support.pages import Reader, text_of


async def test_a_visitor_finds_a_course_and_is_led_to_sign_in(shared_campus: Campus, stranger: Reader) -> None:
    """Words with typing errors, facets that can be taken back, the outline; what is not there is said."""
    campus, visitor = shared_campus, stranger
    await campus.open_run()
    title = f"Palaeo<b>graphy {campus.tag}"
    await campus.send("/courses", {"course_id": f"{campus.course}-p", "title": title}, user="admin")
    units = [{"unit_id": "v1", "kind": "video", "title": "Scripts & 'hands'"}]
    await campus.send(f"/courses/{campus.course}-p/versions", {"units": units}, user="admin")
    found = await visitor.sees(f"/courses?q=palaeografy+{campus.tag}", title)
    assert "<b>graphy" not in found
    narrowed = await visitor.get("/courses?kind=video&q=nothing-that-there-is")
    assert 'aria-current="true"' in narrowed.text
    assert "No course is like that" in text_of(narrowed)
    unknown = await visitor.get("/courses?pacing=slow")
    assert unknown.status_code == 422
    course = await visitor.sees(f"/courses/{campus.course}", "Algebra")
    assert f'href="/signin?next=/courses/{campus.course}"' in course
    draft = await visitor.get(f"/courses/{campus.course}-p")
    assert "No run is planned" in text_of(draft)
    assert "Scripts & 'hands'" in text_of(draft)
    assert (await visitor.get(f"/courses/{campus.course}-none")).status_code == 404
    picture = await visitor.get(f"/covers/{campus.course}.svg")
    assert (picture.headers["content-type"], "max-age" in picture.headers["cache-control"]) == ("image/svg+xml", True)


async def test_a_learner_waits_leaves_and_comes_back(shared_campus: Campus, sample_learner: Reader) -> None:
    """The place in the queue is shown, and what the API refuses stands on the page again."""
    campus, ada = shared_campus, sample_learner
    await campus.open_run(capacity=2)
    await campus.see("/me/dashboard", await campus.enroll(f"other-{campus.tag}"), user=f"other-{campus.tag}")
    here = f"/courses/{campus.course}"
    await ada.sees(here, "1 seat is left")
    await campus.enroll(f"another-{campus.tag}")
    await ada.sees(here, "no seat is left")
    await ada.sees(here, "Take part")
    asked = await ada.send(here, {"do": "enroll", "run_id": campus.run})
    assert asked.headers["location"] == here
    waits = text_of(await ada.once_built(here))
    assert ("1 of 1 who wait" in waits, "no seat is left, 1 person waits" in waits) == (True, True)
    await ada.send(here, {"do": "withdraw", "run_id": campus.run, "reason": "no time"})
    assert "Come back" in text_of(await ada.once_built(here))
    await ada.send(here, {"do": "return", "run_id": campus.run})
    assert "1 of 1 who wait" in text_of(await ada.once_built(here))
    refused = await ada.send(here, {"do": "enroll", "run_id": f"{campus.run}-none"})
    assert refused.status_code == 404
    assert 'role="alert"' in refused.text
    assert (await ada.send(here, {"do": "something"})).status_code == 422
