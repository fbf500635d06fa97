"""Pages that are one file and load and run nothing: by which policy a browser shows them."""

from base64 import b64encode
from functools import cache
from hashlib import sha256


@cache
def policy_of(style: str) -> str:
    """The content security policy of a page with nothing but text and this style sheet, known by its hash."""
    digest = b64encode(sha256(f"\n{style}".encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
