"""
`campus bench payment`: orders a second, from placing through the provider's messages to an enrollment that is active.

Learners place orders and pay on paysim, without faults; the clock stops when every message, job and reader is done. The
client and paysim share the cores with what is measured, so the CPU time of each process is part of the answer.
"""

import time
import urllib.request
from collections.abc import Mapping
from itertools import count
from typing import Any, NamedTuple

import psutil

from adapters.settings import Settings
from benchmarks.campus import running_campus
from cli.console import Failure, progress
from cli.payments.client import Client
from cli.payments.drive import Driver
from cli.payments.plan import RUNS, Journey, PlannedOrder
from cli.payments.rows import seats_of
from cli.payments.settle import settle
from cli.up.instance import read

WEBHOOKS = 'campus_http_request_seconds_bucket{le="'
ROUTE = 'route="/v1/webhooks/stripe",status="200"'
WARM_UP = 50  # orders


class Round(NamedTuple):
    """What one round has found: CPU milliseconds by process, for each order."""

    orders_per_second: float
    driven_per_second: float
    cpu_ms_per_order: dict[str, float]


async def bench(orders: int, rounds: int) -> dict[str, Any]:
    """Measure on a throw-away campus; *orders* in each round."""
    async with running_campus() as settings:
        client, numbers = Client(settings), count()
        try:
            await _round(settings, client, f"bench{next(numbers)}", WARM_UP)
            before = _messages(settings)
            found = []
            with progress("bench payment", total=rounds, unit="rounds") as advance:
                for _ in range(rounds):
                    found.append(await _round(settings, client, f"bench{next(numbers)}", orders))
                    advance(1)
            after = _messages(settings)
        finally:
            await client.close()
    taken = {bound: number - before.get(bound, 0.0) for bound, number in after.items()}
    return {
        "orders": orders,
        "rounds": [each._asdict() for each in found],
        "messages": int(taken[float("inf")]),
        "webhook_p99_ms_at_most": 1_000 * percentile(taken, 99),
        "webhook_p50_ms_at_most": 1_000 * percentile(taken, 50),
    }


async def _round(settings: Settings, client: Client, tag: str, orders: int) -> Round:
    pids = read(settings.data_dir)["pids"]
    journeys = [Journey(f"learner-{n}", (PlannedOrder(n, ("one",), "EUR"),)) for n in range(orders)]
    driver = Driver(client, tag, lambda _: None)
    await driver.stock(orders)
    cpu, began = _cpu(pids), time.perf_counter()
    async with driver.flushing():
        await driver.drive(journeys)
    driven = time.perf_counter() - began
    await settle(settings, client)
    took = time.perf_counter() - began
    used = {name: 1_000 * (seconds - cpu[name]) / orders for name, seconds in _cpu(pids).items()}
    seats = await seats_of(client, [driver.name(RUNS[0])])
    active = sum(status == "active" for status in seats.values())
    if active != orders:
        raise Failure(f"{active} of {orders} orders have led to an active enrollment")
    return Round(round(orders / took, 1), round(orders / driven, 1), {name: round(ms, 1) for name, ms in used.items()})


def _cpu(pids: Mapping[str, int]) -> dict[str, float]:
    """CPU seconds of each process of the campus with its children, and of this one."""
    found = {name: _of(psutil.Process(pid)) for name, pid in pids.items()}
    return {**found, "client": _of(psutil.Process(), children=False)}


def _of(process: psutil.Process, *, children: bool = True) -> float:
    family = [process, *(process.children(recursive=True) if children else [])]
    times = [each.cpu_times() for each in family]
    return sum(each.user + each.system for each in times)


def _messages(settings: Settings) -> dict[float, float]:
    with urllib.request.urlopen(f"{settings.api_url}/metrics") as answer:  # noqa: S310 - our own API's URL
        return messages(answer.read().decode())


def messages(metrics: str) -> dict[float, float]:
    """How many messages were answered within so many seconds, by the text of `/metrics`."""
    lines = metrics.splitlines()
    return {
        float(line[len(WEBHOOKS) :].partition('"')[0]): float(line.rpartition(" ")[2])
        for line in lines
        if line.startswith(WEBHOOKS) and ROUTE in line
    }


def percentile(counts: Mapping[float, float], percent: float) -> float:
    """The bound, in seconds, within which *percent* of what was counted lies."""
    wanted = max(counts.values()) * percent / 100
    return min(bound for bound, number in counts.items() if number >= wanted)


def report(found: dict[str, Any]) -> str:
    """The findings, a line each."""
    rounds = found["rounds"]
    lines = [
        f"{each['orders_per_second']} orders/s ({each['driven_per_second']} while they are driven)" for each in rounds
    ]
    lines.append(
        f"{found['messages']:,} messages of the provider: half of them answered within "
        f"{found['webhook_p50_ms_at_most']:g} ms, 99 % within {found['webhook_p99_ms_at_most']:g} ms"
    )
    lines += [f"{name}: {ms:g} ms of CPU for an order" for name, ms in rounds[-1]["cpu_ms_per_order"].items()]
    return "\n".join(lines)
