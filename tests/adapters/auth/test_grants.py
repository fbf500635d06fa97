"""The roles that a person has now, as another process sees them."""

from datetime import timedelta

from adapters.auth.changes import FRESH, AccessChanges
from adapters.auth.grants import Grants
from adapters.command_bus.bus import Bus
from adapters.settings import Settings
from commands.log import Context
from commands.roles import GrantRole, RevokeRole
from commands.user import RegisterAccount
from domain.roles import ADMIN_OF_CAMPUS, Grant
from tests.support.appends import opened
from tests.support.polling import guard, until

AUDITS = Grant("auditor", "campus")


async def test_what_is_revoked_elsewhere_holds_here_for_half_a_second(settings: Settings) -> None:
    """What was granted holds as soon; open streams of the person hear of the end, of that person only."""
    assert FRESH <= 0.5
    async with opened(settings) as one, opened(settings) as other:
        bus, there = Bus(one), Grants(other, AccessChanges(other.link))
        for person in ("ann", "bob"):
            await bus.handle(RegisterAccount(person, f"{person}@example.org"), Context("op"))
            await bus.handle(GrantRole(person, AUDITS, None, "audits"), Context("op", at=one.clock.now()))
        assert await there.of("ann") == {AUDITS: None}
        assert await there.of("zoe") == {}
        held = await there.of("ann")
        async with there.watch("ann", held) as lost, there.watch("bob", held) as stays, there.watch("zoe", {}) as none:
            assert there._watched.keys() == {"ann", "bob"}, "who has no role loses none"
            await bus.handle(RevokeRole("ann", AUDITS, "over"), Context("op", at=one.clock.now()))
            async with guard():
                await lost.wait()
            assert await there.of("ann") == {}
            assert not stays.is_set()
            assert not none.is_set()
        assert there._watched == {}
        await there.stop()


async def test_a_role_ends_to_the_moment(settings: Settings) -> None:
    """Also one that this process remembers, and also for a stream that is open; no fact comes."""
    async with opened(settings) as log:
        here, now = Grants(log, AccessChanges(log.link)), log.clock.now()
        await Bus(log).handle(RegisterAccount("ann", "ann@example.org"), Context("op"))
        until_then = now + timedelta(hours=1)
        await Bus(log).handle(GrantRole("ann", ADMIN_OF_CAMPUS, until_then, "stands in"), Context("op", at=now))
        held = await here.of("ann")
        assert held == {ADMIN_OF_CAMPUS: until_then}
        async with here.watch("ann", held) as lost:
            log.clock.move(until_then - log.clock.now())
            assert await here.of("ann") == {}

            async def has_ended() -> bool:
                return lost.is_set()

            await until(has_ended)
        await here.stop()
