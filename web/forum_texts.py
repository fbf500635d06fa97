"""What posts say, as pages show it and as a person types it, and how it has changed."""

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from adapters.post_html import post_html
from domain.forum import DEEPEST
from web import mentions, quotes
from web.client import Answer
from web.page import Page
from web.text_diff import compared


def texts_of(page: Page, found: Answer) -> dict[int, Markup]:
    """What the posts say, as clean HTML, by number."""
    names = {each["post_no"]: called(page, each["author"]) for each in found["items"]}
    texts = dict[int, Markup]()
    for each in found["items"]:
        if each["text"] is not None:
            text = quotes.as_read(page, each["text"], each["quotes"], names)
            html = post_html(text, mentions.as_read(page, each["mentions"]))
            texts[each["post_no"]] = Markup(html)  # noqa: S704 - post_html cleans
    return texts


def called(page: Page, author: Mapping[str, Any]) -> str:
    """What stands for the author of a post in a sentence."""
    if author["erased"]:
        return page.say("erased person")
    if author["learner_id"] is None:
        return page.say("anonymous")
    return author["name"] or str(author["learner_id"])[:12]


def typed_of(found: Answer) -> dict[int, str]:
    """What the posts say, as a person would type it, by number."""
    said = [each for each in found["items"] if each["text"] is not None]
    return {
        each["post_no"]: mentions.in_the_form(quotes.in_the_form(each["text"], each["quotes"]), each["mentions"])
        for each in said
    }


def quoting(page: Page, found: Answer) -> dict[str, Any]:
    """The reply that a link to quote a post begins: where it stands, and what is in it; nothing without such a link."""
    by_number = {each["post_no"]: each for each in found["items"]}
    post = by_number.get(page.number("quote") or 0)
    is_over = found["thread"]["closed"] or found["thread"]["merged_into"]
    if post is None or post["text"] in (None, "erased") or is_over:
        return {}
    own_words = "\n".join(line for line in typed_of(found)[post["post_no"]].split("\n") if not line.startswith(">"))
    target = post["post_no"] if post["depth"] < DEEPEST else post["parent_no"]
    form = {"do": "reply", "post_no": str(target), "quotes": str(post["post_no"])}
    return {**form, "text": f"{quotes.as_block(own_words)}\n\n"}


def versions_of(found: Answer) -> list[dict[str, Any]]:
    """What a post has said, the newest first, each with what was changed in title and text."""
    items = found["items"]
    return [
        {
            **now,
            "in_title": compared(before["title"], now["title"]),
            "in_text": compared(before["text"], now["text"]),
        }
        for before, now in zip([{"title": "", "text": ""}, *items], items, strict=False)
    ][::-1]
