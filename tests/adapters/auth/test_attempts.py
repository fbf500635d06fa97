"""Failed attempts to sign in: guesses end, and the owner gets in from elsewhere."""

import asyncio

import pytest

from adapters.auth.attempts import MOST_FAILURES, WINDOW, Attempts, TooManyAttempts
from adapters.settings import Settings
from tests.support.appends import opened, query
from tests.support.given import AT


async def test_guesses_end_where_they_come_from(settings: Settings) -> None:
    """For one address and one network, for a quarter of an hour; in another process, too."""
    async with opened(settings) as one, opened(settings) as other:
        here, there = Attempts(one.link, one.keys), Attempts(other.link, other.keys)
        for _ in range(MOST_FAILURES):
            await here.begin("ann@example.org", "192.0.2.1", AT)
        with pytest.raises(TooManyAttempts) as refused:
            await there.begin("ANN@example.org ", "192.0.2.1", AT + WINDOW / 3)
        assert refused.value.facts == {"retry_after": 600}
        for address, client in (
            ("ann@example.org", "192.0.2.2"),
            ("bob@example.org", "192.0.2.1"),
            ("ann@example.org", ""),
        ):
            await there.begin(address, client, AT)
        key = await there.begin("ann@example.org", "192.0.2.1", AT + WINDOW)
        counted = "SELECT failures FROM failed_logins ORDER BY since DESC"
        assert await query(settings, counted) == [(1,)] * 4
        await there.succeeded(key)
        assert await query(settings, counted) == [(1,)] * 3


async def test_guesses_at_the_same_time_count(settings: Settings) -> None:
    """As many as may fail are looked at, however many come at once."""
    async with opened(settings) as log:
        attempts = Attempts(log.link, log.keys)
        all_at_once = (attempts.begin("ann@example.org", "192.0.2.1", AT) for _ in range(5 * MOST_FAILURES))
        answers = await asyncio.gather(*all_at_once, return_exceptions=True)
        assert sum(not isinstance(answer, TooManyAttempts) for answer in answers) == MOST_FAILURES


async def test_an_ipv6_network_is_one(settings: Settings) -> None:
    """A customer has 2^64 addresses, and would have as many tries."""
    async with opened(settings) as log:
        attempts = Attempts(log.link, log.keys)
        keys = [await attempts.begin("ann@example.org", f"2001:db8::{tail}", AT) for tail in ("1", "ffff:1")]
        assert keys[0] == keys[1]
        assert await attempts.begin("ann@example.org", "2001:db8:0:1::1", AT) != keys[0]
