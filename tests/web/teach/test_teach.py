"""The desk of those who teach: only they see it, and what they do there is done by the API."""

from tests.support.api import Campus
from tests.support.page_policy import recorded
from tests.support.pages import Reader, text_of
from tests.support.people import Town
from tests.support.polling import until

CANARY = "<b>\"'&"


async def test_an_instructor_looks_at_a_run_and_changes_it(town: Town, campus: Campus, ada: Reader) -> None:
    """The figures of the run, a score that is changed with why, a place that is given, a list that is tried first."""
    base = f"/teach/runs/{campus.run}"
    pages = [base, *(f"{base}/{part}" for part in ("gradebook", "gradebook/list", "grading", "roster", "questions"))]
    for path in pages:
        if path != f"{base}/questions":  # what quizzes there are, a learner may know
            assert (await ada.get(path)).status_code == 403, path
    assert "You teach on no run" in text_of(await ada.get("/teach"))
    assert (await Reader(town).get(base)).headers["location"] == f"/signin?next={base}"

    teacher = Reader(town)
    await teacher.send("/signin/sample", {"person": "admin"})
    for path in pages:
        assert "Roster" in text_of(await teacher.once_built(path)), path
    cell = f"{base}/gradebook/{campus.quiz}/{campus.learner}"

    async def is_scored() -> bool:
        return "50%" in text_of(await teacher.get(cell))

    await until(is_scored)
    for score in ("many", "101", "1e400", "0.001"):
        refused = await teacher.send(cell, {"attempt_no": "1", "score": score, "reason": CANARY})
        assert refused.status_code == 422, score
        assert "&lt;b&gt;" in refused.text
        assert CANARY not in refused.text
    sent = await teacher.send(cell, {"attempt_no": "1", "score": "62,5", "reason": "the key was wrong"})
    assert sent.status_code == 303, text_of(sent)
    assert "62.5%" in text_of(await teacher.follow(sent))
    book = await teacher.get(f"{base}/gradebook.csv")
    assert (book.headers["content-type"], "6250" in book.text) == ("text/csv; charset=utf-8; header=present", True)

    roster = f"{base}/roster"
    tried = await teacher.send(f"{roster}/import", {"list": f"email,name\nnot an address,{CANARY}\n", "act": "try"})
    assert tried.status_code == 200, text_of(tried)
    assert "nothing is changed" in text_of(tried)
    assert CANARY not in tried.text
    assert (await teacher.send(f"{roster}/import", {"list": "colour\nred\n"})).status_code >= 400
    bob = await town.settle("bob@example.org")
    entered = await teacher.follow(await teacher.send(f"{roster}/enroll", {"learner_id": bob.learner_id}))
    assert bob.learner_id in text_of(entered)
    gone = {"learner_id": bob.learner_id, "reason": "has moved"}
    left = await teacher.follow(await teacher.send(f"{roster}/withdraw", gone))
    assert "withdrawn" in text_of(left)
    assert (await teacher.send(f"{roster}/enroll", {"learner_id": ""})).status_code == 422


async def test_those_who_teach_a_run_see_names_and_others_ids(town: Town, campus: Campus) -> None:
    """A colleague finds ada by her name as soon as the role holds; an admin sees her id."""
    base = f"/teach/runs/{campus.run}"
    teacher = Reader(town)
    await teacher.send("/signin/sample", {"person": "admin"})
    colleague = Reader(town)
    await colleague.send("/signin/sample", {"person": "instructor"})
    their_id = (await colleague.browser.get("/me/account")).json()["learner_id"]
    grant = {"learner_id": their_id, "role": "instructor", "scope": f"run:{campus.run}", "reason": "teaches it"}
    await campus.send("/roles/grant", grant, user="admin")

    async def may_teach() -> bool:
        return (await colleague.get(f"{base}/roster")).status_code == 200

    await until(may_teach)
    for path in ("roster?q=ad", "gradebook?q=ad", "gradebook/rows?q=ad&sort=score&quiz_id=" + campus.quiz):
        shown = await colleague.get(f"{base}/{path}")
        assert "Ada" in text_of(shown), path
        assert campus.learner[:8] in text_of(shown), path
        assert "Ada" not in text_of(await teacher.get(f"{base}/{path.replace('q=ad', '')}")), "an admin sees ids"
    assert shown.headers["campus-total"] == "1"
    with recorded(town.app) as asked:
        for path in ("", "/roster", "/gradebook"):
            assert (await teacher.get(f"{base}{path}")).status_code == 200
    assert "listRunLearners" in {each.operation for each in asked}
    assert "listNames" not in {each.operation for each in asked}, "an admin's page does not ask for what is refused"
    assert "Nothing fits" in text_of(await colleague.get(f"{base}/gradebook?q=ad&status=withdrawn"))
