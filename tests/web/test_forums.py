"""The forum of all runs as pages: what is unread, what is one's own, and what is found by words."""

from adapters.postgres.connection import connect
from adapters.settings import Settings
from tests.support.api import Campus
from tests.support.appends import opened
from tests.support.pages import Reader, text_of
from tests.support.people import Town
from tests.support.polling import until
from tests.support.roles import as_process
from workers.dispatching import forum_search

MARKUP = "<script>alert(1)</script>"


async def indexed(settings: Settings) -> None:
    """Bring the index of the forum to the end of the log."""
    settings = as_process(settings, "dispatcher")
    async with opened(settings) as log, await connect(settings, application="test") as connection:
        following = await forum_search.begin(log, connection)
        assert following is not None
        while await following.step():
            pass


async def test_the_forum_of_all_courses(town: Town, campus: Campus, ada: Reader, settings: Settings) -> None:
    """New posts are on the page of arrival, threads on that of the forum, and posts are found by words with errors."""
    bob = Reader(town, await town.settle("bob@example.org"))
    await campus.send("/enrollments", {"run_id": campus.run}, user=bob.browser.learner_id)
    await bob.once_built(f"/learn/runs/{campus.run}")
    asked = await bob.send(
        f"/learn/runs/{campus.run}/forum",
        {"kind": "question", "title": f"Multiplication {MARKUP}", "text": f"I count **seven** rows {MARKUP}"},
    )
    assert asked.status_code == 303
    thread = asked.headers["location"]

    await ada.once_built("/learn")
    home = await ada.sees("/learn", "1 new post")
    assert f'href="/learn/runs/{campus.run}/forum?show=unread"' in home
    assert f'href="{thread}"' in await ada.sees("/learn/forum?show=unread", "1 new post")
    assert "No thread is here" in text_of(await ada.get("/learn/forum?show=mine"))
    assert f'href="{thread}"' in await bob.sees("/learn/forum?show=mine", "Multiplication")

    await indexed(settings)

    async def is_found() -> bool:
        return "1 post" in text_of(await ada.get("/learn/forum?q=sevne"))

    await until(is_found)
    page = await ada.get("/learn/forum?q=sevne")
    assert f'href="{thread}#post-1"' in page.text
    assert "<mark>seven</mark>" in page.text
    assert "shown for: seven" in text_of(page)
    assert "<script>alert" not in page.text
    assert "No post is like that" in text_of(await ada.get(f"/learn/forum?q=seven&run_id={campus.run}&state=solved"))
    assert f'href="{thread}#post-1"' in (await ada.get("/search?q=multiplic")).text
    eve = Reader(town, await town.settle("eve@example.org"))
    assert "No post is like that" in text_of(await eve.get("/learn/forum?q=seven"))
