"""What posts say: people, code and formulas, as HTML that acts in no way, in a time that the length bounds."""

import re

import pytest

from adapters.code_html import LANGUAGES, marked_code
from adapters.formulas import LONGEST, mathml
from adapters.markdown import html_of
from adapters.post_html import MOST_FORMULAS, post_html

LARGE = 65_536


def test_code_is_marked() -> None:
    """By its language; what it says is text, and another language is plain."""
    html = post_html("```python\nx = '<b>' # why\n```", {})
    assert '<span class="code-note"># why</span>' in html
    assert '<span class="code-text">&lt;b&gt;</span>' in html.replace('"\'"', "")
    assert post_html("```klingon\nx < 1\n```", {}) == "<pre><code>x &lt; 1\n</code></pre>\n"
    assert "<span" not in post_html("```python\n" + "x = 1\n" * 2_000 + "```", {})


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_each_language_is_known(language: str) -> None:
    """Code comes out as it went in."""
    assert marked_code("a", language).count("a") >= 1


def test_formulas_are_mathml() -> None:
    """Within a line and on lines of their own; prices are none, and neither is code."""
    html = post_html("For $5 and $6: $a^2$.\n\n$$\n\\frac{1}{2}\n$$\n\n`$x$`", {})
    assert html.count("<math") == 2
    assert "<msup><mi>a</mi><mn>2</mn></msup>" in html
    assert "<mfrac>" in html
    assert "For $5 and $6: " in html
    assert "<code>$x$</code>" in html


@pytest.mark.parametrize(
    "tex",
    [
        r"\text{<script>alert(1)</script>}",
        r"\text{<img src=x onerror=alert(1)>}",
        r"\text{<mi href=\"javascript:alert(1)\">x</mi>}",
        r"\text{<svg><a href=x>}",
        r"\href{javascript:alert(1)}{x}",
        r"\style{position:fixed}{x}",
        r"\class{btn}{x}",
        r"\hspace{100000em}",
        r"\color{red}{x}",
        r"\text{&lol;}",
    ],
)
def test_nothing_in_a_formula_acts(tex: str) -> None:
    """Markup is no formula; what leads, colours, names or sizes is taken off."""
    html = post_html(f"${tex}$", {})
    for wrong in ("<script", "<img", "<svg", "href=", "style=", "class=", "width=", "color="):
        assert wrong not in "".join(re.findall("<[^>]*>", html)), html


def test_what_is_no_formula_is_shown_as_it_was_typed() -> None:
    """And so is one that is too long, or nested too deep, and what comes after a hundred."""
    assert post_html("$\\begin{matrix}$", {}) == "<p><code>\\begin{matrix}</code></p>\n"
    assert mathml("x" * (LONGEST + 1), is_block=False) is None
    assert mathml("x^{" * 80 + "1" + "}" * 80, is_block=False) is None
    assert post_html("$x$ " * (MOST_FORMULAS + 5), {}).count("<math") == MOST_FORMULAS


def test_no_one_writes_the_mark_of_a_formula() -> None:
    """HTML in a text is text."""
    assert "<math" not in post_html('<span class="formula">0</span>', {})
    assert post_html('<span class="formula">0</span> $x$', {}).count("<math") == 1


@pytest.mark.parametrize(
    "unit",
    [
        *(
            "[",
            "![",
            "[a](",
            "[](",
            "@[",
            "> ",
            ">",
            "- ",
            "1. ",
            "*",
            "*_",
            "**a *a",
            "~~a",
            "`",
            "<",
            "<a ",
            "&",
            "$",
        ),
        *("$a$ ", "$$\n", "#\n", "a\n=", "[a]: b\n", "a**b", "|a|\n|-|\n", "a|b\n-|-\nx\n", "```\n", "@[a]"),
    ],
)
def test_no_text_takes_long(unit: str) -> None:
    """64 kB of anything that is written to take long, in a post and in any other text."""
    text = (unit * LARGE)[:LARGE]
    assert len(post_html(text, {"a": "Ann"})) < 20 * LARGE
    assert len(html_of(text)) < 20 * LARGE


def test_a_table_has_no_more_cells_than_its_source() -> None:
    """Rows are filled up to the number of columns: twenty kilobytes made a page of hundreds."""
    wide = "|a" * 60 + "|\n" + "|-" * 60 + "|\n"
    assert "<table>" in html_of(wide + ("|b" * 60 + "|\n") * 20)
    assert "<table>" not in html_of(wide + "x\n" * 9_000)
    assert "<table>" not in html_of("|a" * 3_000 + "|\n" + "|-" * 3_000 + "|\n")


def test_links_are_links_among_brackets() -> None:
    """A few hundred brackets that lead nowhere do not stop those that do."""
    assert html_of("[a] " * 300 + "[x](https://example.org)").count("<a ") == 1
