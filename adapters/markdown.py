"""
Markdown as HTML that acts in no way: CommonMark with tables, without HTML of its own, and cleaned as all HTML is.

markdown-it-py escapes what is no Markdown, and domain.questions.html takes out what is left of scripts and addresses.

What is written to take long is bounded: brackets that lead nowhere are looked into a thousand times in a text, and a
table has no more cells than its source has characters.
"""

import re
from collections.abc import Callable

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock, table
from markdown_it.rules_inline import StateInline, image, link

from domain.questions.html import clean_html

MOST_TRIES = 1_000  # of brackets that are no link, in one text
FREE_CELLS = 500  # of a table, whatever its source is
MOST_COLUMNS = 64
MOST_TABLES = 100  # of one text
_RULE = re.compile(r"[\s>]*[|:-][|: -]*$")


def html_of(text: str) -> str:
    """The text as clean HTML."""
    return clean_html(_MARKDOWN.render(text, {}))


def commonmark() -> MarkdownIt:
    """What reads Markdown, in a time that the length of the text bounds."""
    found = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    found.inline.ruler.at("link", _a_few_times(link))
    found.inline.ruler.at("image", _a_few_times(image))
    found.block.ruler.at("table", _small_table, {"alt": ["paragraph", "reference"]})
    return found


def _a_few_times(rule: Callable[[StateInline, bool], bool]) -> Callable[[StateInline, bool], bool]:
    """A rule for brackets, which looks for their end in all of the text; not any more after many that have none."""

    def tried(state: StateInline, silent: bool) -> bool:  # noqa: FBT001 - as markdown-it calls it
        tries = state.env.get("tries", 0)
        if tries >= MOST_TRIES or not state.src.startswith(("[", "!["), state.pos):
            return False
        found = rule(state, silent)
        if not found:
            state.env["tries"] = tries + 1
        return found

    return tried


def _small_table(state: StateBlock, first: int, last: int, silent: bool) -> bool:  # noqa: FBT001
    """A table, unless it is made of cells that are not there: its rows are filled up to the number of columns."""
    if first + 1 >= last or not _RULE.match(state.src, state.bMarks[first + 1], state.eMarks[first + 1]):
        return False
    columns = state.src.count("|", state.bMarks[first], state.eMarks[first]) + 1
    if columns > MOST_COLUMNS or state.env.get("tables", 0) >= MOST_TABLES:
        return False
    end = next((line for line in range(first, last) if state.isEmpty(line)), last)
    characters = state.eMarks[max(first, end - 1)] - state.bMarks[first]
    if not silent:
        state.env["tables"] = state.env.get("tables", 0) + 1
    return columns * (end - first) <= characters + FREE_CELLS and table(state, first, last, silent)


_MARKDOWN = commonmark()
