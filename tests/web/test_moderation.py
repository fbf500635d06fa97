"""Moderation as pages: a learner reports, a teacher decides, the author contests, another teacher answers."""

from datetime import UTC, datetime, timedelta

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


async def test_rules_are_set_and_a_person_is_silent(town: Town, campus: Campus, ada: Reader) -> None:
    """On the desk of those who teach, and lists of the campus on that of admins; notes are on no page of the person."""
    ines = await teacher_of(town, campus, "instructor", f"run:{campus.run}")
    rules, person = (
        f"/teach/runs/{campus.run}/forum-rules",
        f"/teach/runs/{campus.run}/forum-people/{ada.browser.learner_id}",
    )
    await ines.once_built(rules)
    half = await ines.send(rules, {"do": "pace", "posts": "2", "slow_seconds": "0"})
    assert (half.status_code, "All three numbers" in half.text) == (422, True)
    pace = {"do": "pace", "posts": "2", "minutes": "60", "standing": "5", "slow_seconds": "0"}
    assert 'value="60"' in (await ines.follow(await ines.send(rules, pace))).text
    words = await ines.follow(await ines.send(rules, {"do": "refuse", "refuse": "cheap pills\n<i>fool</i>\n"}))
    assert "&lt;i&gt;fool" in words.text
    forum = f"/learn/runs/{campus.run}/forum"
    await ada.once_built(f"/learn/runs/{campus.run}")
    refused = await ada.send(forum, {"kind": "question", "title": "Why?", "text": "Buy cheap PILLS"})
    assert (refused.status_code, "cheap pills" in text_of(refused)) == (422, True)

    await ines.once_built(person)
    no_time = await ines.send(person, {"do": "silence", "until": "", "ground": "rude"})
    assert no_time.status_code == 422
    until = (datetime.now(UTC) + timedelta(days=3)).strftime("%Y-%m-%dT%H:%M")
    silence = {"do": "silence", "until": until, "ground": "rude", "words": "<i>Cool down</i>"}
    assert "&lt;i&gt;Cool down" in (await ines.follow(await ines.send(person, silence))).text
    assert "Was asked twice" in text_of(
        await ines.follow(await ines.send(person, {"do": "note", "note": "Was asked twice"}))
    )
    silent = await ada.send(forum, {"kind": "question", "title": "Why?", "text": "Why?"})
    assert silent.status_code == 403
    await ines.follow(await ines.send(person, {"do": "end"}))
    gone = await ines.follow(await ines.send(person, {"do": "remove", "note_no": "1"}))
    assert "Was asked twice" not in text_of(gone)
    assert (await ines.send(person, {"do": "nothing"})).status_code == 400
    asked = await ada.send(forum, {"kind": "question", "title": "Why?", "text": "Why?"})
    thread = asked.headers["location"].partition("?")[0].replace("/learn/", "/teach/")
    await ines.sees(thread, "Slow mode")
    slowed = await ines.send(thread, {"do": "slow", "seconds": "60"})
    assert "slowed down" in text_of(await ines.follow(slowed))
    for page in (rules, person, "/admin/forum-words"):
        assert (await ada.get(page)).status_code == 403

    admin = Reader(town)
    await admin.send("/signin/sample", {"person": "admin"})
    lists = await admin.follow(await admin.send("/admin/forum-words", {"do": "flag", "flag": "idiot"}))
    assert "idiot" in text_of(lists)
    assert (await admin.send("/admin/forum-words", {"do": "nothing"})).status_code == 422
    assert (await ines.send("/admin/forum-words", {"do": "nothing"})).status_code == 403
