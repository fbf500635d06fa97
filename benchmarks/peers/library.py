"""The `eventsourcing` library: a stock application for streams, its DCB recorder for conditions; on the same server."""

import asyncio
import json
from itertools import count

from eventsourcing.dcb.api import DCBAppendCondition, DCBEvent, DCBQuery, DCBQueryItem
from eventsourcing.dcb.postgres_tt import PostgresTTDCBFactory
from eventsourcing.utils import Environment

from benchmarks.peers.peer import PAGE, STREAM_LENGTH, Bench, Measurement, in_threads
from benchmarks.stock import Progress, application, environment

DATA = json.dumps({"unit_id": "unit", "kind": "click", "amount": 1}).encode()
READER = "reader"


class LibraryPeer:
    """The library's own recorders for PostgreSQL."""

    def __init__(self, bench: Bench) -> None:
        variables = environment(bench.settings.postgres_owner_url)
        self._stock = application(variables)
        # Its statements for conditions name a table without the schema.
        self._factory = PostgresTTDCBFactory(Environment(env={**variables, "POSTGRES_SCHEMA": "public"}))
        self._dcb = self._factory.dcb_recorder()
        self._numbers = count()
        self._after = 0

    @classmethod
    async def open(cls, bench: Bench) -> "LibraryPeer":
        """Connect, and fill the stream that is read."""
        peer = cls(bench)

        def fill() -> None:
            peer._stock.start(READER)
            for _ in range(STREAM_LENGTH - 1):
                peer._stock.record_activity(READER, "unit", "click", 1)

        await asyncio.to_thread(fill)
        return peer

    async def rate(self, measurement: Measurement, seconds: float) -> float:
        """Facts a second."""
        work = {"append": self._append, "read": self._read, "tail": self._tail}[measurement.what]
        if measurement.conditional:
            work = self._append_if
        return await asyncio.to_thread(in_threads, measurement.writers, seconds, work)

    def _append(self) -> int:
        self._stock.start(f"learner-{next(self._numbers)}")
        return 1

    def _append_if(self) -> int:
        tags = [f"learner:{next(self._numbers)}"]
        condition = DCBAppendCondition(DCBQuery([DCBQueryItem(tags=tags)]))
        self._dcb.append([DCBEvent("ActivityRecorded", DATA, tags)], condition)
        return 1

    def _read(self) -> int:
        return len(self._stock.recorder.select_events(Progress.create_id(READER)))

    def _tail(self) -> int:
        page = self._stock.recorder.select_notifications(self._after + 1, PAGE)
        self._after = page[-1].id if len(page) == PAGE else 0
        return len(page)

    async def close(self) -> None:
        """Close the connections."""
        self._factory.close()
        self._stock.close()
