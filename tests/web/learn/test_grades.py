"""Grades with why, appeals, the transcript and certificates as pages."""

from tests.support.api import Campus
from tests.support.pages import Reader, text_of
from tests.support.people import Town
from tests.support.polling import until
from web.words import NOTHING

CANARY = "<b>\"'&"


async def test_a_learner_sees_grades_with_why_and_what_certifies_them(town: Town, campus: Campus, ada: Reader) -> None:
    """A score is explained by its facts; an outcome has its history, an appeal, a certificate that visitors check."""
    grades = f"/learn/runs/{campus.run}/grades"

    async def is_scored() -> bool:
        page = await ada.get(grades)
        return "50%" in text_of(page)

    await until(is_scored)
    empty = await ada.get("/learn/certificates")
    assert "You have no certificate yet" in text_of(empty)
    for of in (campus.quiz, "grade", "grade_so_far", "percent", "outcome"):
        why = await ada.get(f"{grades}/why?of={of}")
        assert why.status_code == 200, why.text
    said = text_of(await ada.get(f"{grades}/why?of={campus.quiz}"))
    assert "An attempt was graded" in said
    assert f"{NOTHING} → 50%" in said
    assert (await ada.get(f"{grades}/why?of=a,b")).status_code == 404
    other = Reader(town, await town.settle("bob@example.org"))
    assert (await other.get(grades)).status_code == 404

    decided = {"learner_id": campus.learner, "run_id": campus.run, "outcome": "pass", "reason": "oral exam"}
    await campus.send("/progress/outcomes", decided, user="instructor")
    path = ""

    async def is_certified() -> bool:
        nonlocal path
        page = (await ada.get("/learn/certificates")).text
        path = page.partition('href="/certificates/')[2].partition('"')[0]
        return bool(path)

    await until(is_certified)
    assert "Certificate" in text_of(await ada.get(grades))
    assert "Passed" in text_of(await ada.get("/learn/transcript"))
    own = text_of(await ada.get(f"/certificates/{path}"))
    assert "awarded to Ada" in own
    visitor = Reader(town)
    found = await visitor.follow(await visitor.get(f"/certificates?id=https://campus.test/certificates/{path}"))
    assert "This certificate is valid" in text_of(found)
    assert "awarded to" not in text_of(found)
    for unknown, status in ((CANARY, 422), ("no-such-one", 404)):
        page = await visitor.get(f"/certificates?id={unknown}")
        assert (page.status_code, "There is no certificate" in page.text, CANARY in page.text) == (status, True, False)
    assert (await visitor.get("/certificates/no-such-one")).status_code == 404

    await ada.send(grades, {"words": f"The key was wrong {CANARY}"})
    page = await ada.get(grades)
    assert "The key was wrong &lt;b&gt;" in page.text
    taken_back = await ada.follow(await ada.send(grades, {"withdraw": "1"}))
    assert "Taken back" in text_of(taken_back)
    refused = await ada.send(grades, {"words": ""})
    assert refused.status_code == 422
