"""
What a post of the forum says, as HTML that acts in no way: Markdown with people who are mentioned, code and formulas.

`@[LEARNER_ID]` becomes the name of the person whom the answer of the API has for it, and stays as it is for any other.
Formulas (`$…$`, `$$…$$`) are MathML. They are put in after the rest is cleaned, in the place of marks that no one can
write, since no HTML of a text is let through.
"""

import re
from collections.abc import Mapping, MutableMapping, Sequence
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererProtocol
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markdown_it.utils import OptionsDict
from markupsafe import escape
from mdit_py_plugins.dollarmath import dollarmath_plugin

from adapters.code_html import CLASSES as OF_CODE
from adapters.code_html import marked_code
from adapters.formulas import mathml
from adapters.markdown import commonmark
from domain.forum import MENTION
from domain.questions.html import clean_html

MOST_FORMULAS = 100  # of one post
MOST_CODE = 6_000  # characters of one post that are marked
FORMULA = "formula"
CLASSES = {"span": {"mention", FORMULA, *OF_CODE.values()}}
_PLACE = re.compile(rf'<span class="{FORMULA}">(\d+)</span>')


def post_html(text: str, people: Mapping[str, str]) -> str:
    """The text as clean HTML; *people* are the words that stand for those whom it mentions, by their ids."""
    formulas: list[str] = []
    html = clean_html(_MARKDOWN.render(text, {"people": people, "formulas": formulas}), CLASSES)
    return _PLACE.sub(lambda found: formulas[int(found[1])], html) if formulas else html


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


def _formula(*, is_block: bool) -> Any:
    """What draws a formula as the mark of its place; as code, if it is none or there are too many."""

    def drawn(
        _: RendererProtocol, tokens: Sequence[Token], index: int, __: OptionsDict, env: MutableMapping[str, Any]
    ) -> str:
        tex, formulas = tokens[index].content, env["formulas"]
        found = mathml(tex, is_block=is_block) if len(formulas) < MOST_FORMULAS else None
        if found is None:
            return f"<code>{escape(tex)}</code>"
        formulas.append(found)
        return f'<span class="{FORMULA}">{len(formulas) - 1}</span>'

    return drawn


def _code(
    _: RendererProtocol, tokens: Sequence[Token], index: int, __: OptionsDict, env: MutableMapping[str, Any]
) -> str:
    """Code between fences, marked as its language says, as far as there is not too much of it."""
    code, language = tokens[index].content, tokens[index].info.strip().partition(" ")[0]
    env["code"] = env.get("code", 0) + len(code)
    return f"<pre><code>{marked_code(code, language if env['code'] <= MOST_CODE else '')}</code></pre>\n"


def _markdown() -> MarkdownIt:
    found = commonmark()
    found.inline.ruler.before("link", "mention", _mention)
    found.use(dollarmath_plugin, allow_labels=False, allow_space=False, allow_digits=False, double_inline=True)
    found.add_render_rule("mention", _shown)
    found.add_render_rule("math_inline", _formula(is_block=False))
    found.add_render_rule("math_inline_double", _formula(is_block=True))
    found.add_render_rule("math_block", _formula(is_block=True))
    found.add_render_rule("fence", _code)
    return found


_MARKDOWN = _markdown()
