"""`campus payments simulate` that is interrupted: what was placed is settled and counted."""

import asyncio
from urllib.parse import urlsplit

import pytest

from cli.payments.count import ZEROS
from cli.payments.drive import CONCURRENT, Driver, Placed
from cli.payments.plan import PlannedOrder
from cli.payments.simulation import run
from tests.conftest import migrated
from tests.support.payments import dispatching, selling, shop
from tests.support.servers import Servers

pytestmark = pytest.mark.processes


@pytest.mark.slow
async def test_a_simulation_that_is_interrupted_counts_what_was_placed(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of it settles, and adds up; the figures say that they are not all."""
    stop, place = asyncio.Event(), Driver.place

    async def placed(driver: Driver, learner_id: str, order: PlannedOrder) -> Placed:
        found = await place(driver, learner_id, order)
        stop.set()
        return found

    monkeypatch.setattr(Driver, "place", placed)
    with selling(migrated(servers)) as (sold, provider):
        settings = sold.model_copy(update={"api_port": urlsplit(sold.public_url).port})
        async with dispatching(settings), shop(settings, provider):
            found = await run(settings, orders=200, seed=5, faults="", stop=stop)
    assert found["interrupted"] is True
    assert 0 < found["orders"] <= 2 * CONCURRENT
    assert {name: found[name] for name in ZEROS} == dict.fromkeys(ZEROS, 0)
