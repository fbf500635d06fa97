"""Whose fault an error of PostgreSQL is, and that no session is left by one."""

import asyncio

import psycopg
import pytest

from adapters.postgres.connection import cannot_work, connect, is_about_data, is_broken
from adapters.settings import Settings

GONE = ["08006", "57P01", "57P02", "57P03", "57P05"]
UNABLE = ["25006", "25P03", "53000", "53100", "53200", "53300", "58030"]
OURS = ["22003", "23505", "25P02", "42P01", "42601", "57014", "55P03", "40P01"]


@pytest.mark.parametrize("state", [*GONE, *UNABLE, *OURS])
def test_whose_fault_an_error_is(state: str) -> None:
    """A server that has gone or cannot work loses its connection; no value and no statement is blamed for it."""
    error = psycopg.errors.lookup(state)("as the server would say it")
    assert is_broken(error) == (state in [*GONE, *UNABLE])
    assert cannot_work(error) == (state in UNABLE)
    assert is_about_data(error) == (state in ("22003", "23505"))


async def test_a_connection_is_closed_though_its_end_is_cancelled(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who is cancelled a second time, while the server rolls back, leaves no session."""

    async def cancelled() -> None:
        raise asyncio.CancelledError

    connection = await connect(settings, application="test")
    monkeypatch.setattr(connection, "rollback", cancelled)
    with pytest.raises(asyncio.CancelledError):
        async with connection:
            raise ValueError
    assert connection.closed
