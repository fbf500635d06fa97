"""Quotes as staff read them in a case: the number of the post, which leads to it, and no words of another person."""

from adapters.post_html import post_html
from web.quotes import as_numbers


def test_a_case_shows_which_post_is_quoted() -> None:
    """What only looks like a quote stays as it is."""
    written = as_numbers("So:\n>[#12.0 3-9]\nNo. >[#1.0 0-1]", "/teach/runs/r/forum/t")
    assert '<a href="/teach/runs/r/forum/t?post=12#post-12"' in post_html(written, {})
    assert "[#12.0" not in written
    assert ">[#1.0 0-1]" in written
