"""The core of a campus without JavaScript: by links and forms as they stand on pages, from a price to a certificate."""

from typing import Any, cast

from tests.support.api import Campus
from tests.support.pages import Reader
from tests.support.people import Browser, Town
from tests.support.plain_browser import PlainBrowser

UNITS = [
    {"unit_id": "intro", "kind": "page", "title": "Begin here"},
    {"unit_id": "q1", "kind": "quiz", "title": "Equations", "weight": 4_000},
    {"unit_id": "q2", "kind": "essay", "title": "Groups", "weight": 6_000},
]
CHOICE = {"kind": "single_choice", "question_id": "i1", "text": "6 x 7?"}
OPTIONS = [{"option_id": "o1", "text": "36"}, {"option_id": "o2", "text": "42"}]
ESSAY = {"kind": "essay", "question_id": "e1", "text": "What is a group?", "points": "10"}


async def a_course_for_sale(campus: Campus) -> None:
    """With a page, a quiz and an essay that a person grades; a coupon takes all of its price away."""
    await campus.send("/courses", {"course_id": campus.course, "title": "Algebra"}, user="admin")
    await campus.send(f"/courses/{campus.course}/versions", {"units": UNITS}, user="admin")
    dates = {"starts_at": "2026-02-01T00:00:00Z", "ends_at": "2126-06-30T00:00:00Z"}
    await campus.send("/runs", {"run_id": campus.run, "course_id": campus.course, **dates}, user="admin")
    await campus.send(f"/runs/{campus.run}/open", user="admin")
    asked: dict[str, list[dict[str, Any]]] = {
        "q1": [{"question": {**CHOICE, "options": OPTIONS}, "key": {"kind": "single_choice", "shares": {"o2": "1"}}}],
        "q2": [{"question": ESSAY, "key": {"kind": "essay", "guidance": "One example is enough."}}],
    }
    for unit, questions in asked.items():
        quiz = {"quiz_id": f"{unit}-{campus.tag}", "run_id": campus.run, "unit_id": unit, "questions": questions}
        await campus.send("/quizzes", {**quiz, "title": unit}, user="instructor")
    product = f"p-{campus.tag}"
    sold = {"product_id": product, "title": "Algebra", "kind": "run", "course_id": campus.course, "run_id": campus.run}
    await campus.send("/products", sold, user="admin")
    free = {"coupon_id": f"FREE-{campus.tag}", "kind": "percent", "percent_bp": 10_000, "limit": 1}
    await campus.send("/coupons", free, user="admin")
    price = {"currency": "EUR", "amount": 4_900}
    await campus.see("/products", await campus.send(f"/products/{product}/prices", price, user="admin"))


async def test_a_course_is_bought_taken_graded_and_certified_by_links_and_forms(
    shared_campus: Campus, sample_learner: Reader
) -> None:
    """Each step is found on the page before it; nothing runs in the browser."""
    campus = shared_campus
    await a_course_for_sale(campus)
    learner = PlainBrowser(sample_learner)
    await learner.open(f"/courses/{campus.course}")
    await learner.press("Order now", coupon=f"FREE-{campus.tag}")
    assert learner.address.startswith("/learn/orders/")
    await learner.open(f"/courses/{campus.course}")
    await learner.click("Go on learning")

    await learner.click("Begin here")
    await learner.press("Done, go on")
    await learner.click("To the quiz")
    await learner.press("Start the attempt")
    await learner.press("Hand in …", **{"a:i1": "o2"})
    assert "Every question has a saved answer" in learner.said
    await learner.press("Hand in now")
    await learner.until_said("100%")

    await learner.open(f"/learn/runs/{campus.run}/units/q2")
    await learner.click("To the task")
    await learner.press("Start the attempt")
    await learner.press("Hand in …", **{"a:e1": "The numbers of a clock are one."})
    await learner.press("Hand in now")

    staff = Browser(campus.client)
    assert (await staff.post("/dev/session", {"person": "admin"})).status_code == 200
    grader = PlainBrowser(Reader(cast(Town, campus), staff))
    await grader.open(f"/teach/runs/{campus.run}/grading")
    await grader.click("What is a group?")
    assert "The numbers of a clock are one." in grader.said
    await grader.press("Grade, and go on", earned="8", comment="A good example.")

    await learner.open(f"/learn/runs/{campus.run}/grades")
    await learner.until_said("88%")
    await learner.until_said("Certificate")
    await learner.open("/learn/certificates")
    await learner.click("Algebra")
    assert learner.address.startswith("/certificates/")
    assert "Ada" in learner.said
