"""
Which tests are fast, and the guard that keeps them so: they start no process and open no connection.

A test is fast if none of its fixtures starts a server, and no marker says that it starts one, or a process, by itself.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

STARTS_SERVERS = {"servers", "own_servers", "running"}
"""Fixtures; whatever depends on one of them is not fast."""

NOT_FAST = ("servers", "postgres", "processes", "slow", "thorough")
"""Markers."""

REFUSED = {"subprocess.Popen", "os.posix_spawn", "os.fork", "socket.connect"}
"""Audit events of Python."""

_guarded: list[str] = []


def is_fast(item: pytest.Item) -> bool:
    """Whether a test needs no server and no process."""
    fixtures = set(getattr(item, "fixturenames", ()))
    return not fixtures & STARTS_SERVERS and not any(item.get_closest_marker(marker) for marker in NOT_FAST)


@contextmanager
def guarded(item: pytest.Item) -> Iterator[None]:
    """Refuse processes and connections until the block ends, if the test is fast."""
    fast = item.get_closest_marker("fast") is not None
    if fast:
        _guarded.append(item.nodeid)
    try:
        yield
    finally:
        if fast:
            _guarded.pop()


def _refuse(event: str, args: tuple[Any, ...]) -> None:
    if _guarded and event in REFUSED:
        raise AssertionError(
            f"{_guarded[-1]} is marked fast, and asks for {event} {args[:2]}: use a fixture that starts servers, or"
            " mark the test `processes`"
        )


sys.addaudithook(_refuse)
