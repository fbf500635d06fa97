"""
The courier: what happens by itself, timers that are due and webhooks, in the background of the server.

A webhook is tried until a 2xx answer, after 1, 2, 4, … seconds of paysim's clock, an hour at most, for three days.
"""

import asyncio
import http.client
import threading
from contextlib import suppress
from urllib.parse import urlsplit

import structlog
from msgspec.json import encode

from adapters.payments.paysim import faults, signing, timers
from adapters.payments.paysim.sim import Sim
from adapters.payments.paysim.store import Object
from adapters.tasks import cancel_and_wait

CONCURRENT = 8
LONGEST_WAIT = 5.0  # seconds between two looks
LONGEST_BACKOFF = 3_600.0  # seconds
GIVE_UP = 3 * 86_400.0  # seconds after the event
TIMEOUT = 20.0  # seconds
ANOTHER_SECRET = "whsec_of_a_forger"  # noqa: S105 - what a forged copy is signed with
FORGED = {"amount": 1, "metadata": {"forged": "true"}}
NO_ANSWER = 0

log = structlog.get_logger()
_kept = threading.local()
"""The connections of each thread, by host."""


class Courier:
    """Delivers what is due, and runs the timers."""

    def __init__(self, sim: Sim) -> None:
        self._sim = sim
        self._wake = asyncio.Event()
        self._running: dict[int, asyncio.Task[None]] = {}

    def wake(self) -> None:
        """Look at once: something may have become due."""
        self._wake.set()

    async def run(self) -> None:
        """Work until cancelled."""
        try:
            while True:
                self._wake.clear()
                try:
                    pause = self._start_due()
                except Exception:  # a courier that has ended would be missed by nothing but its webhooks
                    log.exception("the courier tries again")
                    pause = LONGEST_WAIT
                with suppress(TimeoutError):
                    async with asyncio.timeout(pause):
                        await self._wake.wait()
        finally:
            await cancel_and_wait(self._running.values())

    def _start_due(self) -> float:
        """Run the timers and begin the deliveries that are due; returns the seconds until something else is."""
        timers.run_due(self._sim)
        if self._sim.faults.down:
            return LONGEST_WAIT
        rows = self._sim.store.rows.execute(
            "SELECT * FROM deliveries WHERE state = 'waiting' AND due <= ? ORDER BY due, seq LIMIT ?",
            (self._sim.clock.exact(), 2 * CONCURRENT),
        ).fetchall()
        for row in rows:
            if len(self._running) >= CONCURRENT:
                return LONGEST_WAIT
            if row["seq"] not in self._running:
                self._running[row["seq"]] = asyncio.create_task(self._deliver(dict(row)))
        return self._pause()

    def _pause(self) -> float:
        """Seconds until the next thing is due."""
        rows = self._sim.store.rows
        waiting = [
            rows.execute("SELECT min(due) FROM timers").fetchone()[0],
            rows.execute(
                f"SELECT min(due) FROM deliveries WHERE state = 'waiting'"
                f" AND seq NOT IN ({','.join(map(str, self._running)) or 0})"
            ).fetchone()[0],
        ]
        next_due = min((due for due in waiting if due is not None), default=float("inf"))
        return max(0.0, min(LONGEST_WAIT, next_due - self._sim.clock.exact()))

    async def _deliver(self, delivery: Object) -> None:
        try:
            event = self._sim.store.get("event", delivery["event"])
            endpoint = self._sim.store.get("webhook_endpoint", delivery["endpoint"])
            status = NO_ANSWER
            if event is not None and endpoint is not None:
                body, header = message(self._sim, event, endpoint["_secrets"], delivery["variant"])
                status = await asyncio.to_thread(post, endpoint["url"], body, header)
            with self._sim.store.transaction():
                self._note(delivery, event if endpoint else None, status)
        finally:
            del self._running[delivery["seq"]]
            self.wake()

    def _note(self, delivery: Object, event: Object | None, status: int) -> None:
        """Keep what came of an attempt; without an event or its endpoint there will be no other."""
        attempts, now = delivery["attempts"] + 1, self._sim.clock.exact()
        due = now + min(2.0 ** (attempts - 1), LONGEST_BACKOFF)
        state = "waiting"
        if 200 <= status < 300:
            state = "accepted"
        elif delivery["variant"] in faults.COPIES_OF and status != NO_ANSWER:
            state = "refused"
        elif event is None or now > event["created"] + GIVE_UP:
            state = "failed"
        self._sim.store.rows.execute(
            "UPDATE deliveries SET attempts = ?, status = ?, state = ?, due = ? WHERE seq = ?",
            (attempts, status, state, due, delivery["seq"]),
        )


def message(sim: Sim, event: Object, secrets: list[str], variant: str) -> tuple[str, str]:
    """Body and signature header of a delivery."""
    shown = dict(event)
    now = int(sim.clock.wall())
    if variant == "forge":
        shown["id"] = "evt_forged" + shown["id"].removeprefix("evt_")
        shown["data"] = {**event["data"], "object": {**event["data"]["object"], **FORGED}}
        secrets = [ANOTHER_SECRET]
    now += {"stale": -faults.OFF, "future": faults.OFF}.get(variant, 0)
    body = encode(shown).decode()
    if variant == "two_signatures":  # the first belongs to a secret that the receiver does not know
        return body, signing.header(body, [ANOTHER_SECRET, *secrets], now)
    return body, signing.header(body, secrets, now)


def post(url: str, body: str, signature: str) -> int:
    """Send a webhook; the status of the answer, or 0 if there is none."""
    parts = urlsplit(url)
    headers = {
        "Content-Type": "application/json; charset=utf-8", "Stripe-Signature": signature,
        "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
    }  # fmt: skip
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    connections: dict[str, http.client.HTTPConnection] = _kept.__dict__.setdefault("connections", {})
    for fresh in (parts.netloc not in connections, True):
        if fresh:
            secure = parts.scheme == "https"
            make = http.client.HTTPSConnection if secure else http.client.HTTPConnection
            connections[parts.netloc] = make(parts.netloc, timeout=TIMEOUT)
        try:
            connections[parts.netloc].request("POST", target, body.encode(), headers)
            answer = connections[parts.netloc].getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            connections.pop(parts.netloc).close()
            if fresh:
                return NO_ANSWER
        else:
            return answer.status
    return NO_ANSWER
