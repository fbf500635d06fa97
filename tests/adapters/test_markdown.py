"""Markdown as HTML that acts in no way."""

import pytest

from adapters.markdown import html_of


def test_markdown_is_html() -> None:
    """Headings, emphasis, lists, tables, code."""
    assert html_of("# Groups\n\nA *set* with `+`.") == "<h1>Groups</h1>\n<p>A <em>set</em> with <code>+</code>.</p>\n"
    assert "<td>1</td>" in html_of("| a |\n| - |\n| 1 |\n")


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "[x](javascript:alert(1))",
        "![x](javascript:alert(1))",
        "<img src=x onerror=alert(1)>",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        '[x](https://example.org "t" onclick=alert(1))',
        "<https://example.org/\"onmouseover='alert(1)'>",
        "[a]: javascript:alert(1)\n\n[a]",
    ],
)
def test_nothing_in_it_acts(text: str) -> None:
    """HTML within Markdown is text, and addresses lead to pages and mail only."""
    html = html_of(text)
    for wrong in ("<script", "<img src=x", 'href="javascript', 'src="javascript', 'href="data', " onmouseover="):
        assert wrong not in html
