"""
Waits until nothing is under way: every message delivered, every job done, every reader and worker at the head.

Messages that are late by hours of paysim's clock are made due, and the clock is left where it is.
"""

import asyncio
from typing import Any

from adapters.postgres.connection import connect
from adapters.procrastinate.derived import unfinished
from adapters.settings import Settings
from cli.console import say
from cli.payments.client import Client

LOOK_INTERVAL = 0.5  # seconds
CALM = 2  # looks in a row that find nothing under way, and the same head
SAY_INTERVAL = 10.0  # seconds
PATIENCE = 300.0  # seconds without any progress
MUST_FOLLOW = ("reactor", "dispatcher")


async def settle(settings: Settings, client: Client) -> str:
    """Wait; what is still under way if nothing has moved for PATIENCE, else ""."""
    calm, seen = 0, ""
    clock = asyncio.get_running_loop().time
    moved_at = said_at = clock()
    while True:
        await client.control("deliveries/flush")
        left, head = await _left(settings, client)
        state = f"{left} at {head}"
        calm = calm + 1 if not left and state == seen else 0
        if calm >= CALM:
            return ""
        if state != seen:
            seen, moved_at = state, clock()
        if clock() - moved_at > PATIENCE:
            return left
        if left and clock() - said_at > SAY_INTERVAL:
            said_at = clock()
            say(f"waiting for {left}")
        await asyncio.sleep(LOOK_INTERVAL)


async def _left(settings: Settings, client: Client) -> tuple[str, int]:
    """What is under way, in words, and the head of the log."""
    ready = await client.ready()
    head = ready.get("head") or 0
    counts = (await client.control("deliveries?state=none", method="GET"))["counts"]
    async with await connect(settings, application="payments") as connection:
        jobs = await unfinished(connection)
    left = {
        "messages": sum(number for name, number in counts.items() if name.endswith(" waiting")),
        "timers of paysim": (await client.control("summary", method="GET"))["soon"],
        "jobs": jobs,
        "readers": _behind(ready, head),
    }
    return ", ".join(f"{number} {what}" for what, number in left.items() if number), head


def _behind(ready: dict[str, Any], head: int) -> int:
    """How many readers and workers are not at the head."""
    if not ready.get("head"):
        return 1
    reached = dict.fromkeys(MUST_FOLLOW, 0)
    for each in ready["workers"]:  # one that has died is listed for a while beside the one that has its place
        if each["name"] in reached and each["active"]:
            reached[each["name"]] = max(reached[each["name"]], each["position"])
    positions = (*(each["position"] for each in ready["projections"]), *reached.values())
    return len([position for position in positions if position < head])
