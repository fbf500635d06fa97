"""
W3C Trace Context (https://www.w3.org/TR/trace-context/): what a client's `traceparent` says, and how a trace goes on.
"""

import re
import secrets
from collections.abc import Mapping, Sequence

# Of version 00, and of later ones, which may have more: https://www.w3.org/TR/trace-context/#traceparent-header
TRACEPARENT = re.compile(
    rb"(?!ff)(?P<version>[0-9a-f]{2})-(?P<trace>(?!0{32})[0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-(?P<flags>[0-9a-f]{2})"
    rb"(?P<more>-.*)?"
)
TRACE_ID = re.compile(r"(?!0{32})[0-9a-f]{32}")
SAMPLED = 1  # the one flag of version 00


def traceparent(headers: Sequence[tuple[bytes, bytes]], fields: Mapping[bytes, bytes]) -> bytes:
    """The `traceparent` of a request; empty where there is none, or more than one (section 3.2.1)."""
    if len(fields) != len(headers) and sum(name == b"traceparent" for name, _ in headers) > 1:
        return b""
    return fields.get(b"traceparent", b"")


def trace_id(value: bytes) -> str:
    """The trace id of a `traceparent`; empty if it is not well-formed."""
    found = _parsed(value)
    return found["trace"].decode() if found else ""


def continued(value: bytes, request_id: str) -> bytes:
    """
    The `traceparent` of a request that is sent on: the trace of *value*, a span of our own, whether it is sampled.

    Where *value* is not well-formed, a trace begins, with the id of the request if it can be one.
    """
    found = _parsed(value)
    if found:
        trace, sampled = found["trace"].decode(), int(found["flags"], 16) & SAMPLED
    else:
        trace, sampled = request_id if TRACE_ID.fullmatch(request_id) else secrets.token_hex(16), 0
    return f"00-{trace}-{secrets.token_hex(8)}-{sampled:02x}".encode()


def _parsed(value: bytes) -> "re.Match[bytes] | None":
    found = TRACEPARENT.fullmatch(value.strip())
    return None if found is None or (found["version"] == b"00" and found["more"] is not None) else found
