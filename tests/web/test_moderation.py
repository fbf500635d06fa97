"""Moderation as pages: a learner reports, a teacher decides, the author contests, another teacher answers."""

from tests.support.api import Campus
from tests.support.pages import Reader, text_of
from tests.support.people import Town
from tests.web.teach.test_banks import teacher_of

MARKUP = "<script>alert(1)</script> **seven**"


async def test_a_post_is_reported_decided_and_contested(town: Town, campus: Campus, ada: Reader) -> None:
    """Without a script; what people write is text, and who has reported it is read by no learner."""
    bob = Reader(town, await town.settle("bob@example.org"))
    await campus.send("/enrollments", {"run_id": campus.run}, user=bob.browser.learner_id)
    forum, mine = f"/learn/runs/{campus.run}/forum", f"/learn/runs/{campus.run}/moderation"
    await ada.once_built(f"/learn/runs/{campus.run}")
    await bob.once_built(f"/learn/runs/{campus.run}")
    question = {"kind": "question", "title": f"Why {MARKUP}", "text": f"You fools {MARKUP}"}
    asked = await bob.send(forum, question)
    thread = asked.headers["location"].partition("?")[0]
    ines = await teacher_of(town, campus, "instructor", f"run:{campus.run}")
    run = f"/teach/runs/{campus.run}"
    await ines.sees(f"{run}/unanswered", "Why")
    assert "1 question without an answer" in text_of(await ines.get(run))

    await ada.sees(thread, "Report the post")
    refused = await ada.send(thread, {"do": "report", "post_no": "1", "ground": "nothing", "words": MARKUP})
    assert (refused.status_code, "&lt;script&gt;" in refused.text) == (422, True)
    reported = await ada.send(thread, {"do": "report", "post_no": "1", "ground": "rude", "words": f"Look {MARKUP}"})
    assert "Your report is with those who teach the run." in text_of(await ada.follow(reported))
    await ada.sees(mine, "not decided yet")

    await ines.sees(f"{run}/moderation", "rude: 1")
    assert "1 post to decide about" in text_of(await ines.get(run))
    case = f"{run}/moderation/{thread.rpartition('/')[2]}/1"
    page = await ines.get(case)
    assert "Look &lt;script&gt;" in page.text
    assert "<strong>seven</strong>" in page.text
    assert "<script>alert" not in page.text
    no_ground = await ines.send(case, {"do": "decide", "case_no": "1", "decision": "removed"})
    assert (no_ground.status_code, "says why" in no_ground.text) == (422, True)
    decision = {"do": "decide", "case_no": "1", "decision": "removed", "ground": "rude", "words": "Be kind."}
    assert "Decided." in text_of(await ines.follow(await ines.send(case, decision)))
    assert (await ines.send(case, {"do": "nothing"})).status_code == 400

    await ada.sees(mine, "something was done")
    seen = await bob.sees(mine, "The post was removed")
    assert "Be kind." in seen
    assert ada.browser.learner_id not in seen
    key = f"{thread.rpartition('/')[2]}/1/1"
    empty = await bob.send(mine, {"do": "appeal", "decision": key, "words": ""})
    assert empty.status_code == 422
    contested = await bob.send(mine, {"do": "appeal", "decision": key, "words": f"I was quoting {MARKUP}"})
    assert "Appeal not answered yet" in text_of(await bob.follow(contested))
    assert (await bob.send(mine, {"do": "nothing"})).status_code == 400

    await ines.sees(f"{run}/moderation?state=appealed", "Appeal not answered yet")
    answer = {"do": "appeal", "case_no": "1", "answer": "uphold", "words": "You were."}
    assert "Decided." in text_of(await ines.follow(await ines.send(case, answer)))
    await bob.sees(mine, "You were.")
    await ada.sees(mine, "taken back after an appeal")
    await ada.sees(thread, "You fools")


async def test_a_report_is_taken_back_in_german(town: Town, campus: Campus, ada: Reader) -> None:
    """Each page has its German, and a learner has no page of the staff."""
    bob = Reader(town, await town.settle("bob@example.org"))
    await campus.send("/enrollments", {"run_id": campus.run}, user=bob.browser.learner_id)
    talk = {"kind": "discussion", "title": "Hello", "text": "all"}
    thread = (await campus.post(f"/runs/{campus.run}/threads", talk, user=bob.browser.learner_id)).json()["thread_id"]
    await campus.send(f"/runs/{campus.run}/threads/{thread}/posts/1/report", {"ground": "spam"})
    await ada.once_built(f"/learn/runs/{campus.run}")
    mine = f"/learn/runs/{campus.run}/moderation"
    await ada.sees(mine, "not decided yet")
    german = await ada.get(mine, **{"accept-language": "de"})
    assert "Meldungen und Entscheidungen" in text_of(german)
    back = await ada.send(mine, {"do": "withdraw", "report": f"{thread}/1"})
    assert "taken back" in text_of(await ada.follow(back))
    for page in ("moderation", "unanswered", f"moderation/{thread}/1"):
        assert (await ada.get(f"/teach/runs/{campus.run}/{page}")).status_code == 403
