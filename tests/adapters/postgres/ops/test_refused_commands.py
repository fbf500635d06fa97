"""Refused commands are kept beside the log: written later, many at once, and for 90 days."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import psycopg
import pytest

from adapters.command_bus.bus import Bus
from adapters.postgres.connection import Link, connect
from adapters.postgres.ops.refused_commands import AT_ONCE, KEEP, RefusalKeeper, forget_old, refused_of
from adapters.settings import Settings
from commands.log import Context
from commands.progress import OpenUnit
from domain.enrollment_errors import NotEnrolled
from domain.errors import DomainError
from tests.support.appends import opened

AT = datetime(2026, 2, 2, 9, tzinfo=UTC)


async def test_what_the_bus_refuses_is_kept(settings: Settings) -> None:
    """With the reason, in order, as soon as it is written; a second one of the same request is another one."""
    async with opened(settings) as log:
        bus, keeper = Bus(log), RefusalKeeper(log.link)
        bus.on_refused = keeper.note
        for minute in range(AT_ONCE + 2):
            context = Context("ann", AT + timedelta(minutes=minute), correlation_id="r1")
            with pytest.raises(DomainError) as refused:
                await bus.handle(OpenUnit("ann", "algebra-1", "intro"), context)
        await keeper.stop()
        found = await log.link.run(lambda connection: refused_of(connection, "ann", AT + timedelta(days=30), 10))
        assert len(found) == 10
        assert found == sorted(found)
        assert (found[-1].refused_at, found[-1].command) == (AT + timedelta(minutes=AT_ONCE + 1), "OpenUnit")
        assert (found[0].code, found[0].sentence) == (refused.value.code, refused.value.sentence)
        assert (found[0].actor, found[0].source, found[0].correlation_id) == ("ann", "api", "r1")
        (first,) = await log.link.run(lambda connection: refused_of(connection, "ann", AT, 10))
        assert first.refused_at == AT


async def test_while_the_server_is_away_they_wait(settings: Settings) -> None:
    """A refusal is not lost by a server that does not answer, and a command does not wait for it."""
    nowhere = settings.model_copy(update={"postgres_url": "postgresql://127.0.0.1:1/x"})
    keeper = RefusalKeeper(Link(nowhere, "test", patience=0.0))
    keeper.note(OpenUnit("bob", "algebra-1", "intro"), Context("bob", AT), NotEnrolled(learner_id="bob", run_id="x"))
    await keeper.write()
    async with opened(settings) as log:
        keeper._link = log.link
        await keeper.stop()
        (found,) = await log.link.run(lambda connection: refused_of(connection, "bob", AT, 10))
    assert found.code == "not_enrolled"


async def test_only_old_ones_can_be_deleted(settings: Settings) -> None:
    """The application may neither change nor delete them; the function forgets what is older than 90 days."""
    now = datetime.now(UTC)
    ages = [timedelta(days=91), timedelta(days=89)]
    async with await connect(settings, application="test") as connection:
        texts = [["X", "Y"], ["eve", "eve"], ["eve", "eve"], ["api", "api"], [None, None], ["c", "c"], ["s", "s"]]
        texts += [[None, None], [None, None]]
        await connection.execute(KEEP, [[str(uuid4()), str(uuid4())], [now - age for age in ages], *texts])
        for statement in ("DELETE FROM refused_commands", "UPDATE refused_commands SET actor = 'x'"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                await connection.execute(statement)
        assert await forget_old(connection) == 1
        assert [each.command for each in await refused_of(connection, "eve", now, 10)] == ["Y"]
