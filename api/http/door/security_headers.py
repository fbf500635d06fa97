"""
What every answer tells browsers: take it for what it says it is, run nothing of it, frame it nowhere, pass no address
on.

A page that needs more has a policy of its own (`Content-Security-Policy`); it stays as it is. Values after the HTTP
Headers Cheat Sheet and the REST Security Cheat Sheet of OWASP.
"""

from collections.abc import Sequence
from urllib.parse import urlsplit

Header = tuple[bytes, bytes]

NOTHING = b"default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
"""The policy of answers that are data."""

PLAIN: tuple[Header, ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", NOTHING),
    (b"referrer-policy", b"no-referrer"),
)
TWO_YEARS = (b"strict-transport-security", b"max-age=63072000; includeSubDomains")


def security_headers(public_url: str) -> tuple[Header, ...]:
    """The headers of every answer of a campus; those who came by https have to come so for two years."""
    return (*PLAIN, TWO_YEARS) if urlsplit(public_url).scheme == "https" else PLAIN


def missing(headers: Sequence[Header], wanted: Sequence[Header]) -> Sequence[Header]:
    """Those of *wanted* that an answer does not have itself."""
    named = {name for name, _ in headers}
    return [header for header in wanted if header[0] not in named]
