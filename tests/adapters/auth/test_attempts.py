"""Failed attempts to sign in: guesses end, and the owner gets in from elsewhere."""

import asyncio

import pytest

from adapters.auth.attempts import FAILURES, FAILURES_OF_NETWORK, MAILS_OF_NETWORK, Attempts, TooManyAttempts
from adapters.postgres.connection import Unavailable
from adapters.settings import Settings
from tests.support.appends import opened, query
from tests.support.given import AT

ANN, HERE, ELSEWHERE = "ann@example.org", "192.0.2.1", "192.0.2.2"


async def fail(attempts: Attempts, name: str = ANN, client: str = HERE, times: int = FAILURES.most) -> None:
    """Fail so often."""
    for _ in range(times):
        with pytest.raises(ValueError, match="wrong"):
            async with attempts.counted(name, client, AT):
                raise ValueError("wrong")


async def test_guesses_end_where_they_come_from(settings: Settings) -> None:
    """For one address and one network, for a quarter of an hour; in another process, too."""
    async with opened(settings) as one, opened(settings) as other:
        here, there = Attempts(one.link, one.keys), Attempts(other.link, other.keys)
        await fail(here)
        with pytest.raises(TooManyAttempts) as refused:
            async with there.counted("ANN@example.org ", HERE, AT + FAILURES.window / 3):
                raise AssertionError("it is not tried")
        assert refused.value.facts == {"retry_after": 600}
        for name, client in ((ANN, ELSEWHERE), ("bob@example.org", HERE), (ANN, "")):
            await fail(there, name, client, 1)
        await fail(there, times=0)
        async with there.counted(ANN, HERE, AT + FAILURES.window):
            pass
        await fail(there)
        await there.forgive(ANN, HERE)
        await fail(there)


async def test_what_could_not_be_carried_out_is_no_failure(settings: Settings) -> None:
    """A campus that is too busy to look at a password locks no one out."""
    async with opened(settings) as log:
        attempts = Attempts(log.link, log.keys)
        for _ in range(3 * FAILURES.most):
            with pytest.raises(Unavailable):
                async with attempts.counted(ANN, HERE, AT):
                    raise Unavailable("busy")
        assert await query(settings, "SELECT sum(failures)::int FROM failed_logins") == [(0,)]


async def test_many_addresses_from_one_network_end_too(settings: Settings) -> None:
    """Who tries one password on many addresses; a success of an own account does not make up for failures."""
    async with opened(settings) as log:
        attempts = Attempts(log.link, log.keys)
        for number in range(FAILURES_OF_NETWORK.most):
            await fail(attempts, f"{number}@example.org", times=1)
            if number % 20 == 0:
                async with attempts.counted("eve@example.org", HERE, AT):
                    pass
        with pytest.raises(TooManyAttempts):
            await fail(attempts, "new@example.org", times=1)
        await fail(attempts, "new@example.org", ELSEWHERE, 1)
        await fail(attempts, "new@example.org", HERE, 0)
        async with attempts.counted("new@example.org", HERE, AT + FAILURES_OF_NETWORK.window):
            pass


async def test_mails_are_asked_for_so_often_from_one_network(settings: Settings) -> None:
    """For an hour; elsewhere it goes on."""
    async with opened(settings) as log:
        attempts = Attempts(log.link, log.keys)
        for _ in range(MAILS_OF_NETWORK.most):
            await attempts.count_mail(HERE, AT)
        with pytest.raises(TooManyAttempts):
            await attempts.count_mail(HERE, AT)
        await attempts.count_mail(ELSEWHERE, AT)
        await attempts.count_mail(HERE, AT + MAILS_OF_NETWORK.window)


async def test_guesses_at_the_same_time_count(settings: Settings) -> None:
    """As many as may fail are looked at, however many come at once; from all networks, where that is asked for."""
    async with opened(settings) as log:
        attempts = Attempts(log.link, log.keys)

        async def guess(client: str, *, everywhere: bool) -> None:
            async with attempts.counted("totp ann", client, AT, everywhere=everywhere):
                raise ValueError("wrong")

        for clients, everywhere in (((HERE,) * 50, False), ([f"198.51.100.{each}" for each in range(50)], True)):
            guesses = (guess(client, everywhere=everywhere) for client in clients)
            answers = await asyncio.gather(*guesses, return_exceptions=True)
            assert sum(isinstance(answer, ValueError) for answer in answers) == FAILURES.most


async def test_an_ipv6_network_is_one(settings: Settings) -> None:
    """A customer has 2^64 addresses, and would have as many tries."""
    async with opened(settings) as log:
        attempts = Attempts(log.link, log.keys)
        await fail(attempts, client="2001:db8::1", times=5)
        await fail(attempts, client="2001:db8::ffff:1", times=5)
        with pytest.raises(TooManyAttempts):
            await fail(attempts, client="2001:db8::2", times=1)
        await fail(attempts, client="2001:db8:0:1::1", times=1)


async def test_addresses_of_ipv4_within_ipv6_are_not_one_network(settings: Settings) -> None:
    """As a socket for both writes them: or one who guesses would keep all others out."""
    async with opened(settings) as log:
        attempts = Attempts(log.link, log.keys)
        await fail(attempts, client="::ffff:192.0.2.1")
        for client in (HERE, "::ffff:192.0.2.1"):
            with pytest.raises(TooManyAttempts):
                await fail(attempts, client=client, times=1)
        await fail(attempts, client="::ffff:192.0.2.2", times=1)
