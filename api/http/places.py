"""
Places for streams of events: so many in one process, so many for one user.

A stream holds its place for as long as its client stays. One above the limit is refused at once (503), so that
requests and the streams that are there already do not suffer from it.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from api.http import metrics


class TooManyStreams(Exception):
    """No place is left; the message says for whom."""


class StreamPlaces:
    """The places of one process: *most* in all, *most_per_user* for each user."""

    def __init__(self, most: int, most_per_user: int) -> None:
        self._most, self._most_per_user = most, most_per_user
        self._taken = 0
        self._by_user: Counter[str] = Counter()
        metrics.MOST_STREAMS.set(most)

    @contextmanager
    def hold(self, user: str) -> Iterator[None]:
        """
        Hold a place for *user* until the block ends.

        Raises:
            TooManyStreams: there is none.
        """
        if self._by_user[user] >= self._most_per_user:
            raise TooManyStreams(f"{user} has {self._most_per_user:,} streams open, the most for one user: close one")
        if self._taken >= self._most:
            raise TooManyStreams(f"this process holds {self._most:,} streams, the most that it may: try again later")
        self._taken += 1
        self._by_user[user] += 1
        metrics.STREAMS.set(self._taken)
        try:
            yield
        finally:
            self._taken -= 1
            self._by_user[user] -= 1
            if not self._by_user[user]:
                del self._by_user[user]
            metrics.STREAMS.set(self._taken)


class EventStream(StreamingResponse):
    """A stream of events, which holds a place of its user while it is sent."""

    media_type = "text/event-stream"

    def __init__(self, events: Any, places: StreamPlaces, user: str) -> None:
        super().__init__(events, headers={"cache-control": "no-cache", "x-accel-buffering": "no"})
        self._places, self._user = places, user

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it until its client has gone; raises TooManyStreams before anything is sent."""
        with self._places.hold(self._user):
            await super().__call__(scope, receive, send)
