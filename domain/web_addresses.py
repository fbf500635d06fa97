"""Addresses of other systems to which the campus sends, by how they are written; where names lead is judged at use."""

import re
from urllib.parse import urlsplit

LONGEST_URL = 500  # characters
URL_PATTERN = re.compile(r"https?://[!-~]+\Z")
THIS_MACHINE = ("localhost", "127.0.0.1", "::1")


def problem_of_address(url: str, *, is_development: bool) -> str:
    """
    What is wrong with an address, after which "it" is the subject; empty if nothing is.

    Args:
        is_development: whether `http` may go to this machine.
    """
    if len(url) > LONGEST_URL or not URL_PATTERN.match(url):
        return f"write https://HOST/PATH in ASCII, {LONGEST_URL} characters at most"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return "its host or port cannot be read"
    if not host or port == 0:
        return "it names no host"
    if parts.username is not None or parts.password is not None or parts.fragment or "\\" in url:
        return "it has a user, a password, a fragment or a backslash"
    if parts.scheme != "https" and not (is_development and host in THIS_MACHINE):
        return "it is not https"
    return ""
