"""Sessions: found by their token alone, ended by time, by hand and everywhere."""

import asyncio
from datetime import datetime, timedelta
from functools import partial

from adapters.auth import sessions
from adapters.auth.changes import FRESH, AccessChanges
from adapters.auth.sessions import IDLE, LONGEST, SEEN_EVERY, Sessions
from adapters.command_bus.bus import Bus
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.settings import Settings
from commands.auth import OpenSession
from commands.log import Context
from tests.support.appends import opened, query
from tests.support.polling import guard, until


async def open_one(here: Sessions, log: PostgresLog, session_id: str, until_then: datetime) -> str:
    """Open a session of ann; its token."""
    await Bus(log).handle(OpenSession("ann", session_id, "password", until_then), Context("ann"))
    return await here.open("ann", session_id, until_then)


async def test_a_session_is_found_by_its_token(settings: Settings) -> None:
    """What is kept is no token; nothing else opens it."""
    async with opened(settings) as log:
        here = Sessions(log.link, log.clock, AccessChanges(log.link))
        until_then = log.clock.now() + LONGEST
        token, other = await open_one(here, log, "s1", until_then), await open_one(here, log, "s2", until_then)
        found = await here.find(token)
        assert found is not None
        assert (found.learner_id, found.session_id, found.until) == ("ann", "s1", until_then)
        assert len({token, other}) == 2
        assert len(token) >= 43
        rows = await query(settings, "SELECT token_hash FROM sessions")
        assert all(bytes(row[0]) not in (token.encode(), other.encode()) for row in rows)
        for wrong in (token[:-1], token + "A", token.swapcase(), "", "\x00", "é", "\ud800"):
            assert await here.find(wrong) is None
        assert [each.session_id for each in await here.of_person("ann")] == ["s2", "s1"]
        assert await here.of_person("bob") == []


async def test_a_session_ends_by_time(settings: Settings) -> None:
    """When it is not used for long, and in the end although it is; use is noted to the minute."""
    async with opened(settings) as log:
        here = Sessions(log.link, log.clock, AccessChanges(log.link))
        begun = log.clock.now()
        idle, used = await open_one(here, log, "s1", begun + LONGEST), await open_one(here, log, "s2", begun + LONGEST)
        log.clock.move(SEEN_EVERY / 2)
        await here.find(used)
        assert await query(settings, "SELECT count(*) FROM sessions WHERE seen_at > opened_at") == [(0,)]
        while log.clock.now() + IDLE / 2 < begun + LONGEST:
            log.clock.move(IDLE / 2)
            found = await here.find(used)
            assert found is not None
            assert log.clock.now() - found.seen_at < SEEN_EVERY
        assert await here.find(idle) is None
        await log.link.run(partial(sessions.forget_old, now=log.clock.now()))
        assert await query(settings, "SELECT session_id FROM sessions") == [("s2",)]
        log.clock.move(IDLE / 2 + timedelta(seconds=1))
        assert await here.find(used) is None, "what this process remembers ends as well"


async def test_a_session_that_is_ended_elsewhere_ends_here(settings: Settings) -> None:
    """Another process remembers it for half a second at most; its open streams hear of it."""
    assert FRESH <= 0.5
    async with opened(settings) as one, opened(settings) as other:
        here, there = (Sessions(each.link, each.clock, AccessChanges(each.link)) for each in (one, other))
        token = await open_one(here, one, "s1", one.clock.now() + LONGEST)
        kept = await open_one(here, one, "s2", one.clock.now() + LONGEST)
        found, stays = await there.find(token), await there.find(kept)
        assert found is not None
        assert stays is not None
        async with there.watch(found) as ended, there.watch(found) as too, there.watch(stays) as going_on:
            await here.end("ann", ["s1"])
            assert await here.find(token) is None
            async with guard():
                await asyncio.gather(ended.wait(), too.wait())
            assert not going_on.is_set()

            async def is_gone() -> bool:
                return await there.find(token) is None

            await until(is_gone)
            assert await there.find(kept) is not None
            await here.forget("ann")
            async with guard():
                await going_on.wait()
        assert there._watched == {}
        await there.stop()
