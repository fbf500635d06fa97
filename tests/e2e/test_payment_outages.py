"""What becomes of money when the provider, the queue or a worker is away in the middle of it: nothing is done twice."""

import signal
from collections.abc import AsyncIterator, Iterator
from urllib.parse import urlsplit

import pytest

from adapters.settings import Settings
from cli.payments.client import Client
from cli.payments.settle import settle
from projections.registry import PROJECTIONS
from tests.conftest import migrated
from tests.support.appends import query
from tests.support.dispatchers import JOB_TABLES
from tests.support.payments import Shop, dispatching, selling, shop
from tests.support.paysim import Server
from tests.support.polling import until
from tests.support.projections_command import answer, done
from tests.support.servers import Servers
from tests.support.worker_process import WORKER, Process
from workers import dispatcher
from workers.dispatching.resync import resync

pytestmark = [pytest.mark.processes, pytest.mark.slow]
WORKING = "SELECT count(*) FROM queued_jobs WHERE status = 'doing' AND stream_id LIKE %s"
TRIES = "SELECT coalesce(min(j.attempts), 0) FROM procrastinate_jobs j JOIN queued_jobs q ON q.job_id = j.id"
ENVIRONMENT = ("stripe_key", "stripe_api_base", "stripe_webhook_secrets", "public_url")


@pytest.fixture(scope="module")
def campus(servers: Servers) -> Iterator[tuple[Settings, Server]]:
    """A campus that sells, and its paysim."""
    with selling(migrated(servers)) as running:
        yield running


@pytest.fixture
async def shops(campus: tuple[Settings, Server]) -> AsyncIterator[tuple[Shop, Shop]]:
    """One whose course was bought, and one whose course is for sale."""
    async with shop(*campus) as first:
        second = Shop(first.client, first.settings, first.provider)
        await first.sell()
        await second.sell()
        yield first, second


async def buy(shop: Shop) -> dict[str, str]:
    """Order and pay."""
    placed = await shop.order()
    await shop.pay(placed)
    await shop.until_order(placed, "paid")
    await shop.until_access("live")
    return placed


async def both_end_well(shops: tuple[Shop, Shop], given_back: dict[str, str], placed: dict[str, str]) -> None:
    """One order is refunded, the other one is paid; the provider has made one page, one charge and one refund."""
    first, second = shops
    await second.pay(placed)
    await second.until_order(placed, "paid")
    await second.until_access("live")
    await first.until_order(given_back, "refunded")
    await first.until_access("revoked")
    api = first.provider.api
    pages = [
        page
        for page in api.checkout.sessions.list({"limit": 100}).data
        if page.metadata["order_id"] == placed["order_id"]
    ]
    assert len(pages) == 1
    assert len(api.charges.list({"payment_intent": await second.intent(placed)}).data) == 1
    assert len(api.refunds.list({"payment_intent": await first.intent(given_back)}).data) == 1


async def test_ten_minutes_without_the_provider(campus: tuple[Settings, Server], shops: tuple[Shop, Shop]) -> None:
    """Orders and refunds wait with a clear state, and all is made good by itself."""
    first, second = shops
    async with dispatching(campus[0]):
        bought = await buy(first)
        first.provider.control("faults", {"down": True})
        await first.send(f"/orders/{bought['order_id']}/refunds", {"reason": "r"}, user="admin")
        placed = await second.order()

        async def were_tried() -> bool:
            waiting = f"{TRIES} WHERE q.status = 'todo' AND q.due_at <= now()"
            return bool((await query(campus[0], waiting, owner=True))[0][0] > 3)

        await until(were_tried)
        first.provider.control("clock/advance", {"minutes": 10})
        assert (await second.details(placed))["status"] == "awaiting_payment"
        assert "is being prepared" in (await second.client.get(placed["checkout_url"])).text
        assert (await first.details(bought))["status"] == "paid"
        await first.until_access("live")
        first.provider.control("faults", method="DELETE")
        await both_end_well(shops, bought, placed)


async def test_jobs_come_back_from_the_log(campus: tuple[Settings, Server], shops: tuple[Shop, Shop]) -> None:
    """After the tables of jobs were emptied, `--resync` puts back what is owed to buyers, and nothing else."""
    first, second = shops
    async with dispatching(campus[0]):
        bought = await buy(first)
        first.provider.control("faults", {"down": True})
        await first.send(f"/orders/{bought['order_id']}/refunds", {"reason": "r"}, user="admin")
        placed = await second.order()

        async def are_derived() -> bool:
            found = await query(campus[0], "SELECT stream_id FROM queued_jobs WHERE status IN ('todo', 'doing')")
            streams = {str(stream) for (stream,) in found}
            return {
                f"payment-{second.learner}:{placed['order_id']}.1",
                f"refund-{first.learner}:{bought['order_id']}.r1",
            } <= streams

        await until(are_derived)
    await query(campus[0], f"TRUNCATE {JOB_TABLES}", owner=True)
    put_back = await resync(campus[0], dispatcher.NAME)
    assert put_back.derived == put_back.owed >= 2
    first.provider.control("faults", method="DELETE")
    async with dispatching(campus[0]):
        await both_end_well(shops, bought, placed)


async def test_a_dispatcher_is_killed_while_it_asks_the_provider(
    campus: tuple[Settings, Server], shops: tuple[Shop, Shop], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another one takes the job up under the same key: one page and one refund."""
    settings, server = campus
    first, second = shops
    for name in ENVIRONMENT:
        monkeypatch.setenv(f"CAMPUS_{name.upper()}", str(getattr(settings, name)))

    async def killed(stream: str) -> None:
        server.control("faults", {"latency": 2.0})
        process = await Process(settings, *WORKER, "dispatcher").start()

        async def works() -> bool:
            return bool((await query(settings, WORKING, f"{stream}%"))[0][0])

        await until(works)
        await process.end(signal.SIGKILL)
        server.control("faults", method="DELETE")

    async with dispatching(settings):
        bought = await buy(first)
    placed = await second.order()
    await killed(f"payment-{second.learner}")
    await first.send(f"/orders/{bought['order_id']}/refunds", {"reason": "r"}, user="admin")
    await killed(f"refund-{first.learner}")
    async with dispatching(settings):
        await both_end_well(shops, bought, placed)


async def test_a_rebuild_of_everything_asks_the_provider_for_nothing(
    campus: tuple[Settings, Server], shops: tuple[Shop, Shop]
) -> None:
    """Nor does a promotion, though a dispatcher follows the log: what was done outside follows from a fact once."""
    settings, server = campus
    first, second = shops
    reached = settings.model_copy(update={"api_port": urlsplit(settings.public_url).port})
    client = Client(reached)
    async with dispatching(settings):
        bought, placed = await buy(first), await second.order()
        await first.send(f"/orders/{bought['order_id']}/refunds", {"reason": "r"}, user="admin")
        await both_end_well(shops, bought, placed)
        assert await settle(reached, client) == ""
        before = server.control("requests?limit=1", method="GET")["last"]
        code, built = await answer(settings, "rebuild", "--all")
        assert (code, {each["projection"] for each in built["built"]}) == (0, {each.name for each in PROJECTIONS})
        for name in ("orders", "ledger"):
            await done(settings, "promote", name)
        assert await settle(reached, client) == ""
        assert before > 0
        assert server.control("requests?limit=1", method="GET")["last"] == before
    await client.close()
