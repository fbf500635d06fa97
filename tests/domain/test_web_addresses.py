"""Addresses of other systems, by how they are written: webhooks and tools have the same rule."""

import pytest

from domain.web_addresses import LONGEST_URL, problem_of_address


@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("ftp://tool.example", "https://HOST"),
        ("https://tool.example/\u00fc", "ASCII"),
        (f"https://tool.example/{'x' * LONGEST_URL}", "characters at most"),
        ("https://[::1", "cannot be read"),
        ("https://tool.example:99999", "cannot be read"),
        ("https:///path", "no host"),
        ("https://tool.example:0", "no host"),
        ("https://ann@tool.example", "a user"),
        ("https://tool.example/#part", "a fragment"),
        ("https://tool.example\\@other.example", "a backslash"),
        ("http://tool.example", "not https"),
    ],
)
def test_what_is_no_address(url: str, word: str) -> None:
    """The sentence names what is wrong."""
    assert word in problem_of_address(url, is_development=True)


def test_only_this_machine_is_reached_without_tls() -> None:
    """And only in development."""
    for url in ("http://localhost:8000/hook", "http://127.0.0.1/hook", "http://[::1]/hook"):
        assert problem_of_address(url, is_development=True) == ""
        assert problem_of_address(url, is_development=False) == "it is not https"
    assert problem_of_address("https://tool.example/launch?x=1", is_development=False) == ""
