"""`make test-fast` starts no server: what is marked fast needs none, and is stopped if it tries."""

import asyncio
import subprocess
import sys

import pytest

from adapters.embedded import ValkeyServer, start
from adapters.embedded.secrets import Secrets
from tests.support.servers import throw_away_directory


def test_a_fast_test_cannot_start_a_process() -> None:
    """The sentence names the test and what to do."""
    with pytest.raises(AssertionError, match=r"test_cannot_start|use a fixture that starts servers"):
        subprocess.run([sys.executable, "-c", ""], check=True)


async def test_a_fast_test_cannot_start_a_server() -> None:
    """However a server is started, it is a process."""
    with throw_away_directory() as directory, pytest.raises(AssertionError, match="mark the test `processes`"):
        await start(ValkeyServer(directory, Secrets(directory)), directory)


async def test_a_fast_test_cannot_connect() -> None:
    """Nor is a server that runs already of any use to it."""
    with pytest.raises(AssertionError, match=r"socket\.connect"):
        await asyncio.open_connection("127.0.0.1", 9)


def test_what_needs_a_server_is_not_fast(request: pytest.FixtureRequest) -> None:
    """No test of this session that depends on a server, through whatever fixtures, is marked fast; this one is."""
    assert request.node.get_closest_marker("fast")
    for item in request.session.items:
        fixtures = set(getattr(item, "fixturenames", ()))
        if fixtures & {"servers", "own_servers", "settings", "own_settings", "running"}:
            assert not item.get_closest_marker("fast"), item.nodeid


def test_both_kinds_of_a_use_case_are_there(pytestconfig: pytest.Config) -> None:
    """The fast loop runs use cases in memory: their variants over PostgreSQL are left out of it, and of it alone."""
    everything = pytestconfig.getini("addopts")
    assert "not slow" in everything
    assert "not postgres" not in everything
