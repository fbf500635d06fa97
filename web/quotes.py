"""
Quotes as a person types and reads them: lines after `>` in a form, a block with its author and number on a page.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from domain.forum import QUOTE
from web.page import Page

Quotes = Sequence[Mapping[str, Any]]
_MARKUP = re.compile(r"([!-/:-@\[-`{-~])")


def as_block(words: str) -> str:
    """Words as lines after `>`."""
    return "\n".join(f"> {line}".rstrip() for line in words.strip().split("\n"))


def in_the_form(text: str, quotes: Quotes) -> str:
    """A text as its author changes it: with the words that it quotes, where they are still there."""
    for each in quotes:
        if each["words"] is not None:
            text = text.replace(each["mark"], as_block(each["words"]))
    return text


def as_read(page: Page, text: str, quotes: Quotes, names: Mapping[int, str]) -> str:
    """
    A text as Markdown in which each quote is a block that says whose words it has, or why it has none.

    Args:
        names: who has written the posts of the page, by number.
    """
    for each in quotes:
        text = text.replace(each["mark"], f"\n{_block(page, each, names)}\n")
    return text


def as_numbers(text: str, thread: str) -> str:
    """A text as Markdown in which each quote is the number of its post, which leads there."""
    return QUOTE.sub(lambda found: f"\n{as_block(_link(int(found[1]), thread))}\n", text)


def _link(number: int, thread: str = "") -> str:
    return f"[\\#{number}]({thread}?{urlencode({'post': number})}#post-{number})"


def _block(page: Page, quote: Mapping[str, Any], names: Mapping[int, str]) -> str:
    number = quote["post_no"]
    link = _link(number)
    name = names.get(number)
    head = f"**{_escaped(name)}** {link}" if name else link
    if quote["words"] is None:
        return as_block(f"{head}\n\n*{_escaped(_why(page, quote['gone']))}*")
    return as_block(f"{head}\n\n{quote['words'].strip()}")


def _why(page: Page, gone: str) -> str:
    return {
        "removed": page.say("This post was removed."),
        "changed": page.say("The post says this no longer."),
        "erased": page.say("The words were erased."),
    }.get(gone, page.say("There are no such words."))


def _escaped(text: str) -> str:
    """A text that Markdown shows as it is."""
    return _MARKUP.sub(r"\\\1", " ".join(text.split()))
