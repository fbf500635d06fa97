"""
Markdown as HTML that acts in no way: CommonMark with tables, without HTML of its own, and cleaned as all HTML is.

markdown-it-py escapes what is no Markdown, and domain.questions.html takes out what is left of scripts and addresses.
"""

from markdown_it import MarkdownIt

from domain.questions.html import clean_html

_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


def html_of(text: str) -> str:
    """The text as clean HTML."""
    return clean_html(_MARKDOWN.render(text))
