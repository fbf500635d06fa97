"""Topics of a forum as pages, with plain links and forms: kept by the staff, and where learners write."""

import re

from tests.support.api import Campus
from tests.support.pages import Reader, text_of
from tests.support.people import Town

CANARY = "<i>\"'&"


async def test_topics_are_made_and_threads_put_into_them(town: Town, campus: Campus, ada: Reader) -> None:
    """A teacher makes, changes, orders and archives topics; a learner asks in one, and the teacher moves the thread."""
    teacher = Reader(town)
    await teacher.send("/signin/sample", {"person": "admin"})
    topics, forum = f"/teach/runs/{campus.run}/topics", f"/learn/runs/{campus.run}/forum"
    await teacher.once_built(topics)
    assert (await ada.send(topics, {"do": "create", "name": "Mine"})).status_code == 403
    refused = await teacher.send(topics, {"do": "create", "name": "", "description": CANARY})
    assert (refused.status_code, CANARY in refused.text, "&lt;i&gt;" in refused.text) == (422, False, True)
    for name, who in (("Homework", "all"), ("News", "staff")):
        made = await teacher.follow(await teacher.send(topics, {"do": "create", "name": name, "who_posts": who}))
        assert name in text_of(made)
    ids = {name: re.findall(rf'topic=([0-9a-f]{{32}})">{name}<', made.text)[0] for name in ("Homework", "News")}
    moved = await teacher.follow(await teacher.send(topics, {"do": "up", "topic_id": ids["News"]}))
    assert re.search("General.*News.*Homework", text_of(moved))
    changed = {"do": "change", "topic_id": "general", "name": "Talk", "description": CANARY, "who_posts": "all"}
    assert CANARY in text_of(await teacher.follow(await teacher.send(topics, changed)))
    assert (await teacher.send(topics, {"do": "up", "topic_id": "x"})).status_code == 404
    assert (await teacher.send(topics, {"do": "nothing"})).status_code == 404

    page = await ada.sees(forum, "Talk")
    assert f'href="{forum}?topic={ids["News"]}"' in page
    assert f'<option value="{ids["Homework"]}"' in page
    assert f'<option value="{ids["News"]}"' not in page
    question = {"kind": "question", "title": "Why?", "text": "Why so?", "topic_id": ids["Homework"]}
    asked = await ada.follow(await ada.send(forum, question))
    assert "Homework" in text_of(asked)
    await ada.sees(f"{forum}?topic={ids['Homework']}", "Why?")
    assert "No thread is here" in text_of(await ada.get(f"{forum}?topic=general"))
    refused = await ada.send(forum, {**question, "topic_id": ids["News"]})
    assert refused.status_code == 403

    (thread,) = set(re.findall(r"/forum/([0-9a-f]{32})", (await ada.get(forum)).text))
    of_teacher = f"/teach/runs/{campus.run}/forum/{thread}"
    await teacher.sees(of_teacher, "Homework")
    put = await teacher.follow(await teacher.send(of_teacher, {"do": "topic", "topic_id": ids["News"]}))
    assert "The thread was moved." in text_of(put)
    await ada.sees(f"{forum}?topic={ids['News']}", "Why?")
    archived = await teacher.follow(await teacher.send(topics, {"do": "archive", "topic_id": ids["News"]}))
    assert "archived" in text_of(archived)
    assert "Take threads again" in text_of(archived)


async def test_threads_are_merged_and_separated(town: Town, campus: Campus, ada: Reader) -> None:
    """By an address that is pasted; the merged one leads on, and shows no form to write in."""
    teacher, forum = Reader(town), f"/learn/runs/{campus.run}/forum"
    await teacher.send("/signin/sample", {"person": "admin"})
    await ada.once_built(forum)
    for title in ("First", "Second"):
        await ada.follow(await ada.send(forum, {"kind": "discussion", "title": title, "text": f"{title} text"}))
    page = await ada.sees(forum, "First")
    first, second = (re.findall(rf'forum/([0-9a-f]{{32}})">{title}<', page)[0] for title in ("First", "Second"))
    place = f"/teach/runs/{campus.run}/forum/{second}/place"
    assert "Merge into another thread" in text_of(await teacher.once_built(place))
    assert (await ada.send(place, {"do": "merge", "into": first})).status_code == 403
    itself = await teacher.send(place, {"do": "merge", "into": second})
    assert (itself.status_code, "not into itself" in text_of(itself)) == (422, True)
    merged = await teacher.send(place, {"do": "merge", "other": f"https://campus.example{forum}/{first}"})
    assert "This thread was merged into another one." in text_of(await teacher.follow(merged))
    assert "Merged into this thread" in await ada.sees(f"{forum}/{first}", "Second")
    led = await ada.sees(f"{forum}/{second}", "Go on there")
    assert f'href="{forum}/{first}"' in led
    assert 'name="do" value="reply"' not in led
    assert "quote=" not in led
    assert (await teacher.send(place, {"do": "nothing"})).status_code == 404
    await teacher.follow(await teacher.send(place, {"do": "separate"}))
    assert 'value="reply"' in (await ada.sees(f"{forum}/{second}", "Reply"))
