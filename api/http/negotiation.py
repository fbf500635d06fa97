"""
What a client takes, by the headers `Accept` and `Accept-Encoding` (RFC 9110, sections 12.4.2 to 12.5.3).

Each header is a list of ranges with a quality from 0 to 1; the most specific range that fits decides, 0 refuses.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

REMEMBERED = 512  # headers; most clients send the same again and again
QUALITY = re.compile(r"0(\.[0-9]{0,3})?|1(\.0{0,3})?")


@lru_cache(REMEMBERED)
def ranges(header: str) -> dict[str, float]:
    """The quality of each range in a header, without their other parameters; a quality that is none counts as 1."""
    found: dict[str, float] = {}
    for entry in header.split(","):
        name, *parameters = (part.strip().lower() for part in entry.split(";"))
        quality = 1.0
        for parameter in parameters:
            key, _, value = parameter.partition("=")
            if key.strip() == "q" and QUALITY.fullmatch(value.strip()):
                quality = float(value)
        if name:
            found[name] = max(quality, found.get(name, 0.0))
    return found


def takes(accept: str, media_type: str) -> bool:
    """Whether an `Accept` lets an answer of *media_type* be sent; an empty one takes everything."""
    return quality(accept, media_type) > 0


def quality(accept: str, media_type: str) -> float:
    """How much a client wants an answer of *media_type*, from 0 (not at all) to 1."""
    found = ranges(accept)
    for candidate in (media_type, f"{media_type.partition('/')[0]}/*", "*/*"):
        if candidate in found:
            return found[candidate]
    return 0.0 if found else 1.0


def wanted(accept: str, media_types: Sequence[str]) -> str:
    """Which of some media types a client likes best; the first of those that it likes alike."""
    return max(media_types, key=lambda media_type: quality(accept, media_type))


@lru_cache(REMEMBERED)
def coding(accept_encoding: str) -> str | None:
    """The coding to send, `gzip` or `identity`; None where the client takes neither."""
    found = ranges(accept_encoding)
    gzip = found.get("gzip", found.get("x-gzip", found.get("*", 0.0)))
    if gzip > 0 and gzip >= found.get("identity", 0.0):
        return "gzip"
    return "identity" if takes_plain(accept_encoding) else None


def takes_plain(accept_encoding: str) -> bool:
    """Whether the client takes an answer as it is: it does unless it says otherwise."""
    found = ranges(accept_encoding)
    return found.get("identity", found.get("*", 1.0)) > 0
