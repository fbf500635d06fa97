"""Snapshots of read models are taken as the log grows, and each night; what is old is deleted."""

import asyncio
from datetime import UTC, datetime

import pytest

from adapters.postgres.as_of.kept import forget_old
from adapters.postgres.as_of.snapshots import open_connection
from adapters.settings import Settings
from adapters.tasks import cancel_and_wait
from projections.registry import PROJECTIONS
from tests.support.appends import opened
from tests.support.polling import until
from tests.support.roles import as_process
from workers.as_of import folding
from workers.as_of.folding import Folding, last_night
from workers.seeding import seed

OF_MANY = [projection for projection in PROJECTIONS if projection.store == "postgres"]
REGULAR = "SELECT position, count(*) FROM snapshots_of_read_models WHERE is_regular GROUP BY 1 ORDER BY 1"


async def test_snapshots_are_taken_along_the_log_and_at_night(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One of each read model every so many facts, however fast they have come, and one of the head."""
    await seed(settings, 4)
    async with opened(settings) as log:
        head = await log.head()
        every = head // 2 - 1
        monkeypatch.setattr(folding, "EVERY", every)
        monkeypatch.setattr(folding, "FEWEST", 1)
        monkeypatch.setattr(folding, "last_night", lambda now: now)
        folds = asyncio.create_task(Folding(as_process(settings, "auditor"), PROJECTIONS).run())
        with open_connection(settings) as connection:

            async def are_there() -> bool:
                positions = [every, 2 * every, head]
                found = connection.execute(REGULAR).fetchall()
                return found == [(position, len(OF_MANY)) for position in positions]

            await until(are_there)
            await cancel_and_wait([folds])
            connection.execute("UPDATE snapshots_of_read_models SET used_at = used_at - interval '30 days'")
            await log.link.run(lambda each: forget_old(each, OF_MANY))
            assert len(connection.execute(REGULAR).fetchall()) == 3
            connection.execute("UPDATE snapshots_of_read_models SET code = 'another'")
            await log.link.run(lambda each: forget_old(each, OF_MANY))
            assert connection.execute("SELECT count(*) FROM snapshot_chunks").fetchall() == [(0,)]


def test_the_last_night() -> None:
    """It was today after three o'clock, and yesterday before."""
    assert last_night(datetime(2026, 2, 2, 3, tzinfo=UTC)) == datetime(2026, 2, 2, 3, tzinfo=UTC)
    assert last_night(datetime(2026, 2, 2, 2, 59, tzinfo=UTC)) == datetime(2026, 2, 1, 3, tzinfo=UTC)
