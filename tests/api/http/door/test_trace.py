"""W3C Trace Context: what is taken from a client, and what is handed on."""

import re

import pytest

from api.http.door.trace import continued, trace_id

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
WELL_FORMED = re.compile(rb"00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]")


@pytest.mark.parametrize(("flags", "kept"), [("01", "01"), ("00", "00"), ("03", "01"), ("ff", "01")])
def test_a_trace_goes_on(flags: str, kept: str) -> None:
    """With a span of our own, and what the client has decided about sampling."""
    first = continued(f"00-{TRACE}-{SPAN}-{flags}".encode(), "any")
    assert WELL_FORMED.fullmatch(first)
    _, trace, span, sampled = first.decode().split("-")
    assert (trace, sampled) == (TRACE, kept)
    assert span != SPAN
    assert continued(f"00-{TRACE}-{SPAN}-{flags}".encode(), "any") != first


@pytest.mark.parametrize(
    "value", ["", "00", f"00-{'0' * 32}-{SPAN}-01", f"00-{TRACE}-{SPAN}-01-more", "\r\nx: y", "é" * 55]
)
def test_a_trace_begins(value: str) -> None:
    """Where there is none that is well-formed: with the id of the request if it can be one."""
    for request_id, expected in ((TRACE, TRACE), ("mine", None), ("0" * 32, None)):
        made = continued(value.encode(), request_id)
        assert WELL_FORMED.fullmatch(made)
        assert (trace_id(made) == expected) or expected is None
    assert trace_id(value.encode()) == ""
