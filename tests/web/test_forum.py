"""The forum as pages: two learners and a teacher hold a conversation, with plain links and forms."""

import re

from tests.support.api import Campus
from tests.support.pages import Reader, text_of
from tests.support.people import Town
from tests.support.polling import until

MARKUP = "<script>alert(1)</script> <i onclick=x()>**seven** rows"


async def thread_in(page: str) -> str:
    """The address of the only thread on a page of threads."""
    found = re.findall(r'href="(/learn/runs/[^/"]+/forum/[0-9a-f]{32})"', page)
    assert len(set(found)) == 1, page
    address: str = found[0]
    return address


async def test_a_question_is_asked_answered_accepted_and_moderated(town: Town, campus: Campus, ada: Reader) -> None:
    """Without a script: what one sends the other reads, what is new is read then, and what is removed is gone."""
    forum = f"/learn/runs/{campus.run}/forum"
    bob = Reader(town, await town.settle("bob@example.org"))
    await campus.send("/enrollments", {"run_id": campus.run}, user=bob.browser.learner_id)
    assert f'href="{forum}"' in (await ada.once_built(f"/learn/runs/{campus.run}")).text
    question = {"kind": "question", "title": f"Why {MARKUP}", "text": f"I count {MARKUP}", "anonymous": "on"}
    refused = await ada.send(forum, {**question, "text": ""})
    assert (refused.status_code, "Why &lt;script&gt;" in refused.text) == (422, True)
    asked = await ada.follow(await ada.send(forum, question))
    assert asked.status_code == 200
    assert "You" in text_of(asked)

    await bob.once_built(f"/learn/runs/{campus.run}")
    thread = await thread_in(await bob.sees(forum, "1 new post"))
    page = await bob.get(thread)
    assert "anonymous" in text_of(page)
    assert "<strong>seven</strong>" in page.text
    assert not re.search(r"<script>alert|<i onclick", page.text)
    assert ada.browser.learner_id not in page.text

    async def is_read() -> bool:
        return "1 new post" not in text_of(await bob.get(forum))

    await until(is_read)
    replied = await bob.follow(await bob.send(thread, {"do": "reply", "post_no": "1", "text": "Count again."}))
    assert "Your reply is there." in text_of(replied)

    await ada.sees(forum, "1 new post")
    await ada.follow(await ada.send(thread, {"do": "up", "post_no": "2"}))
    accepted = await ada.follow(await ada.send(thread, {"do": "accept", "post_no": "2"}))
    assert "Accepted answer" in text_of(accepted)
    assert "1 point" in text_of(accepted)
    assert "2 posts" in text_of(await ada.get(f"{forum}?state=solved"))
    assert "No thread is here" in text_of(await ada.get(f"{forum}?state=unsolved"))
    changed = await bob.follow(await bob.send(thread, {"do": "edit", "post_no": "2", "text": "Count once more."}))
    assert "Count once more." in text_of(changed)
    not_yours = await bob.send(thread, {"do": "edit", "post_no": "1", "title": "x", "text": "x"})
    assert not_yours.status_code == 403
    assert (await bob.send(thread, {"do": "nothing"})).status_code == 400

    position = await campus.send(
        f"{thread.removeprefix('/learn').replace('/forum/', '/threads/')}/posts/2/remove",
        {"ground": "rude"},
        user="instructor",
    )
    await campus.see(f"/runs/{campus.run}/unread", position)

    async def is_removed() -> bool:
        return "Count once more." not in text_of(await ada.get(thread))

    await until(is_removed)
    assert "This post was removed: rude" in text_of(await ada.get(thread))
    assert "Count once more." in text_of(await bob.get(thread))


async def test_who_has_no_place_reads_no_forum(town: Town, campus: Campus, ada: Reader) -> None:
    """Neither list nor thread."""
    eve = Reader(town, await town.settle("eve@example.org"))
    for path in (f"/learn/runs/{campus.run}/forum", f"/learn/runs/{campus.run}/forum/none"):
        assert (await eve.get(path)).status_code == 404
    assert (await ada.get(f"/learn/runs/{campus.run}/forum/none")).status_code == 404


async def test_words_are_quoted_changed_and_voted_against(town: Town, campus: Campus, ada: Reader) -> None:
    """A link begins a reply with the words; what was changed is read by its author, and each post has an address."""
    forum = f"/learn/runs/{campus.run}/forum"
    bob = Reader(town, await town.settle("bob@example.org"))
    await campus.send("/enrollments", {"run_id": campus.run}, user=bob.browser.learner_id)
    await ada.once_built(f"/learn/runs/{campus.run}")
    await bob.once_built(f"/learn/runs/{campus.run}")
    question = {"kind": "question", "title": "Why?", "text": f"Six {MARKUP}\n\nI think."}
    thread = (await ada.send(forum, question)).headers["location"].partition("?")[0]
    await bob.sees(thread, "I think.")
    begun = await bob.get(f"{thread}?post=1&quote=1")
    assert re.search(r'<details id="reply-1"[^>]* open>', begun.text)
    assert "&gt; Six &lt;script&gt;" in begun.text
    reply = {"do": "reply", "post_no": "1", "quotes": "1", "text": "> I think.\n\nSure?"}
    replied = await bob.follow(await bob.send(thread, reply))
    quote = r'<blockquote>\s*<p><strong>[^<]*</strong> <a href="\?post=1#post-1"[^>]*>#1</a></p>\s*<p>I think.</p>'
    assert re.search(quote, replied.text), replied.text
    changed = {"do": "edit", "post_no": "1", "title": "Why?", "text": "Six.\n\nI know."}
    await ada.follow(await ada.send(thread, changed))
    await bob.sees(thread, "The post says this no longer.")
    history = await ada.get(f"{thread}/posts/1")
    assert "<del>think</del><ins>know</ins>" in history.text.replace("\n", "")
    assert not re.search(r"<script>alert|<i onclick", history.text)
    assert (await bob.get(f"{thread}/posts/1")).status_code == 403
    voted = await bob.follow(await bob.send(thread, {"do": "down", "post_no": "1"}))
    assert "You have voted against it" in text_of(voted)
    assert "-1 points" in text_of(voted)
    assert 'id="post-2"' in (await ada.get(f"{thread}?post=2")).text
