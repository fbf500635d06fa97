"""Mentions as they are typed and read: names in forms and on pages, ids in what is kept."""

import re

import pytest

from adapters.post_html import post_html
from tests.support.api import Campus
from tests.support.pages import Reader, text_of
from tests.support.people import Town
from tests.web.test_forum import thread_in
from web.mentions import in_the_form, replaced

ANN = {"learner_id": "a1", "name": "Ann", "erased": False}
ANN_LEE = {"learner_id": "a2", "name": "Ann Lee", "erased": False}
BOB, OTHER_BOB = ({"learner_id": each, "name": "Bob", "erased": False} for each in ("b1", "b2"))


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("@Ann Lee, and @ann?", "@[a2], and @[a1]?"),
        ("Annette is @Annette, mail me@Ann", "Annette is @Annette, mail me@Ann"),
        ("`@Ann` and\n```\n@Ann\n```\n@Ann", "`@Ann` and\n```\n@Ann\n```\n@[a1]"),
        ("@Bob", "@Bob"),
    ],
)
def test_a_name_becomes_an_id(typed: str, kept: str) -> None:
    """The longest that fits, not in code, and none that two people have."""
    assert replaced(typed, [ANN, ANN_LEE, BOB, OTHER_BOB]) == kept


def test_an_author_reads_names_in_the_form() -> None:
    """What two people are called stays an id."""
    assert in_the_form("@[a1] @[b1] @[b2] @[x]", [ANN, BOB, OTHER_BOB]) == "@Ann @[b1] @[b2] @[x]"


def test_a_name_is_text() -> None:
    """However it is written; in code an id stays one, and so does one that is not known."""
    html = post_html("@[a1] `@[a1]` @[x] [@[a1]](/y)", {"a1": "<i>**A**</i>"})
    name = '<span class="mention">@&lt;i&gt;**A**&lt;/i&gt;</span>'
    assert html.count(name) == 2
    assert "<code>@[a1]</code> @[x]" in html


async def test_a_person_is_mentioned_by_name(town: Town, campus: Campus, ada: Reader) -> None:
    """Typed with the name, shown by the name of now."""
    forum = f"/learn/runs/{campus.run}/forum"
    bob = Reader(town, await town.settle("bob@example.org"))
    await campus.send("/enrollments", {"run_id": campus.run}, user=bob.browser.learner_id)
    await ada.once_built(f"/learn/runs/{campus.run}")
    await bob.once_built(f"/learn/runs/{campus.run}")
    question = {"kind": "question", "title": "Who?", "text": "It is me."}
    await ada.follow(await ada.send(forum, question))
    name = await named(ada, "Ada Lovelace")
    page = await bob.sees(forum, f"@{name}")
    thread = await thread_in(page)
    replied = await bob.follow(await bob.send(thread, {"do": "reply", "post_no": "1", "text": f"Thanks, @{name}!"}))
    assert f'<span class="mention">@{name}</span>' in replied.text
    assert re.search(rf"<textarea[^>]*>\s*Thanks, @{name}!", replied.text)
    await named(ada, "Ada King")
    await bob.sees(thread, "Thanks, @Ada King!")
    assert "Ada Lovelace" not in text_of(await bob.get(thread))


async def named(reader: Reader, name: str) -> str:
    """Give a person a name."""
    answer = await reader.send("/account", {"display_name": name, "language": "en", "time_zone": "UTC"})
    assert answer.status_code in {200, 303}, answer.text
    return name
