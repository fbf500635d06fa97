"""
What a post of the forum says, as HTML that acts in no way: Markdown in which people are mentioned.

`@[LEARNER_ID]` becomes the name of the person whom the answer of the API has for it, and stays as it is for any other.
"""

from collections.abc import Mapping, MutableMapping, Sequence
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererProtocol
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markdown_it.utils import OptionsDict
from markupsafe import escape

from domain.forum import MENTION
from domain.questions.html import clean_html

CLASSES = {"span": {"mention"}}


def post_html(text: str, people: Mapping[str, str]) -> str:
    """The text as clean HTML; *people* are the words that stand for those whom it mentions, by their ids."""
    return clean_html(_MARKDOWN.render(text, {"people": people}), CLASSES)


def _mention(state: StateInline, silent: bool) -> bool:  # noqa: FBT001 - as markdown-it calls it
    """Read `@[id]` of a person who is known."""
    found = MENTION.match(state.src, state.pos, state.posMax) if state.src[state.pos] == "@" else None
    if found is None or found[1] not in state.env["people"]:
        return False
    if not silent:
        state.push("mention", "span", 0).content = state.env["people"][found[1]]
    state.pos = found.end()
    return True


def _shown(
    _: RendererProtocol, tokens: Sequence[Token], index: int, __: OptionsDict, ___: MutableMapping[str, Any]
) -> str:
    return f'<span class="mention">@{escape(tokens[index].content)}</span>'


def _markdown() -> MarkdownIt:
    found = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    found.inline.ruler.before("link", "mention", _mention)
    found.add_render_rule("mention", _shown)
    return found


_MARKDOWN = _markdown()
