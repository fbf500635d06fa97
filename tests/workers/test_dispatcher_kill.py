"""A seat that was offered lapses, whatever is killed meanwhile."""

import signal
from datetime import timedelta
from pathlib import Path

import pytest

from adapters.settings import Settings
from commands.enrollment import RequestEnrollment, WithdrawEnrollment
from tests.support.dispatchers import HOUR, RUN, campus_with_one_seat
from tests.support.polling import until
from tests.support.servers import Servers
from tests.support.worker_process import WORKER, Process, ended

pytestmark = pytest.mark.servers
BEN = f"enrollment-ben:{RUN}"
HANGING = ("-m", "tests.support.hanging_dispatcher")
WORKERS = ("relay", "projector", "reactor", "dispatcher")


@pytest.mark.slow
async def test_every_worker_is_killed_and_the_offer_lapses_after_a_restart(settings: Settings) -> None:
    """Killed before the offer's time and started after it, the workers release the seat and offer it to the next."""
    async with campus_with_one_seat(settings) as campus:
        await campus.do(*(RequestEnrollment(learner, RUN) for learner in ("ann", "ben", "cid")))
        before = [await Process(settings, *WORKER, name).start() for name in WORKERS]
        await campus.do(WithdrawEnrollment("ann", RUN))
        await campus.until_last("ben", "seat_offered")
        await campus.until_jobs((BEN, "todo"))
        await ended(before, signal.SIGKILL)

        late = 2 * HOUR
        after = [await Process(settings, *WORKER, name, clock_shift=late.total_seconds()).start() for name in WORKERS]
        try:
            await campus.until_last("ben", "seat_offer_expired")
            await campus.until_last("cid", "seat_offered")
            assert await campus.offered_until("cid") > await campus.offered_until("ben") + late - timedelta(minutes=1)
        finally:
            codes = await ended(after, signal.SIGTERM)
        assert codes == [0] * len(WORKERS)


async def test_killed_in_the_middle_of_a_job(settings: Settings, tmp_path: Path) -> None:
    """The job is taken up again by another dispatcher once the heartbeat of the dead one is old."""
    begun = tmp_path / "begun"
    async with campus_with_one_seat(settings) as campus:
        await campus.offer("ann", "ben")
        hanging = await Process(settings, *HANGING, str(begun), clock_shift=HOUR.total_seconds()).start()

        async def has_begun() -> bool:
            return begun.exists()

        await until(has_begun)
        await hanging.end(signal.SIGKILL)
        assert await campus.jobs() == [(BEN, "doing")]
        campus.clock.move(HOUR)
        async with campus.dispatching():
            await campus.until_last("ben", "seat_offer_expired")


async def test_postgres_is_killed_and_comes_back(own_settings: Settings, own_servers: Servers) -> None:
    """The dispatcher waits for it, and derives and carries out jobs as before."""
    async with campus_with_one_seat(own_settings) as campus, campus.dispatching(), campus.reacting():
        await campus.offer("ann", "ben", "cid")
        await campus.until_jobs((BEN, "todo"))
        await own_servers.kill("postgres")
        await own_servers.start("postgres")
        campus.clock.move(HOUR)
        await campus.until_last("ben", "seat_offer_expired")
        await campus.until_last("cid", "seat_offered")
        campus.clock.move(HOUR)
        await campus.until_last("cid", "seat_offer_expired")
