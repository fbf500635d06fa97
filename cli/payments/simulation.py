"""One simulation: drive, settle, count; what `campus payments simulate` runs."""

import asyncio
import signal
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any

from adapters.payments.paysim.faults import parse
from adapters.settings import Settings
from cli.console import Failure, progress, say
from cli.payments import rows, subscriptions
from cli.payments.client import Client
from cli.payments.count import ZEROS, count
from cli.payments.drive import Driver
from cli.payments.plan import RUNS, plan
from cli.payments.provider_side import list_all
from cli.payments.settle import settle

if TYPE_CHECKING:
    from rich.table import Table

MOST_SAID = 20  # findings
ORDERS_FOR_A_SUBSCRIPTION = 20


@contextmanager
def stopped_by_hand(stop: asyncio.Event) -> Iterator[None]:
    """Within the block Ctrl-C sets *stop*, and a second one cancels the task."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()

    def obey() -> None:
        if stop.is_set() and task is not None:
            task.cancel()
            return
        stop.set()
        say("no more orders are placed; what was placed is settled and counted. Press Ctrl-C again to end at once.")

    loop.add_signal_handler(signal.SIGINT, obey)
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGINT)


async def run(
    settings: Settings, orders: int, seed: int, faults: str, stop: asyncio.Event | None = None
) -> dict[str, Any]:
    """
    Drive the orders, wait until everything has settled, and count.

    Args:
        stop: once it is set no more orders are placed, and the figures are those of what was placed until then, with
            `interrupted`.

    Raises:
        Failure: the campus takes money by Stripe itself, or does not answer.
    """
    client = Client(settings)
    try:
        await _must_be_paysim(settings, client)
        stop = stop or asyncio.Event()
        with stopped_by_hand(stop):
            return await _simulate(settings, client, orders, seed, faults, stop=stop)
    finally:
        await client.close()


async def _simulate(
    settings: Settings, client: Client, orders: int, seed: int, faults: str, *, stop: asyncio.Event
) -> dict[str, Any]:
    tag = f"sim{uuid.uuid4().hex[:8]}"
    since = (await client.control("clock", method="GET"))["now"]
    position = await rows.head(settings)
    began = time.monotonic()
    with progress("paying orders", total=orders, unit="orders") as advance:
        driver = Driver(client, tag, advance, stop=stop)
        await driver.stock(orders)
        await subscriptions.stock(driver)
        number = orders // ORDERS_FOR_A_SUBSCRIPTION
        async with _faults(client, faults, seed), driver.flushing():
            await driver.drive(plan(orders - number, seed))
            if number:
                await subscriptions.drive(driver, number)
    driven = time.monotonic() - began
    await driver.clear()
    await subscriptions.clear(driver)
    left = await settle(settings, client)
    settled = time.monotonic() - began
    say(
        f"{len(driver.placed):,} orders were driven in {driven:.1f} s, and everything was done after {settled:.1f} s: "
        f"{len(driver.placed) / settled:.1f} orders/s"
    )
    placed = [each.order_id for each in driver.placed]
    ours = await rows.facts_since(settings, position, tag)
    figures, findings = count(
        placed,
        ours,
        await list_all(client, settings.name, placed, since),
        await rows.seats_of(client, map(driver.name, (*RUNS, subscriptions.RUN))),
        await rows.books_of(settings, ours.orders),
        left=left,
    )
    for sentence in findings[:MOST_SAID]:
        say(sentence)
    if len(findings) > MOST_SAID:
        say(f"and {len(findings) - MOST_SAID:,} more")
    return {**figures, "interrupted": True} if stop.is_set() else figures


def adds_up(figures: dict[str, Any]) -> bool:
    """Whether all figures are 0 that must be."""
    return not any(figures[name] for name in ZEROS)


async def _must_be_paysim(settings: Settings, client: Client) -> None:
    """Refuse a campus that takes money by Stripe itself, or whose servers do not answer."""
    if not settings.stripe_api_base:
        raise Failure("orders are simulated with paysim only, and this campus has a key of Stripe, or takes no money")
    if not await client.ready():
        raise Failure(f"nothing answers at {settings.api_url}: start a campus with `campus up`")
    await client.control("health", method="GET")


@asynccontextmanager
async def _faults(client: Client, text: str, seed: int) -> AsyncIterator[None]:
    """Have paysim go wrong within the block; afterwards it is as it was before."""
    try:
        modes = parse(text)
    except ValueError:
        raise Failure(f"{text!r} is no list of faults, such as all, or duplicate=0.2,forge") from None
    before = await client.control("faults", method="GET")
    try:
        if text:
            await client.control("faults", {"seed": seed, "modes": modes})
        yield
    finally:
        if text:
            await client.control("faults", method="DELETE")
            await client.control("faults", before)


def table(figures: dict[str, Any]) -> "Table":
    """The figures, and the money by currency."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    from domain.payment.money import shown

    money: dict[str, list[str]] = {}
    for currency, amounts in figures["amounts"].items():
        for name, amount in amounts.items():
            money.setdefault(name, []).append(shown(amount, currency))
    found = Table(box=SIMPLE_HEAD, pad_edge=False)
    for column in ("figure", "number", "money"):
        found.add_column(column, justify="right" if column == "number" else "left", no_wrap=True)
    for name in dict.fromkeys((*figures, *money)):
        if name == "interrupted":
            found.add_row(name, "yes", "")
        elif name != "amounts":
            number = f"{figures[name]:,}" if name in figures else ""
            found.add_row(name, number, "   ".join(money.get(name, ())))
    return found
