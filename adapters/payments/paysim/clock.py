"""
The clock: that of the machine, plus a shift of the campus, plus what a test has moved it ahead.

Signatures go by `wall()`, which a test does not move: a receiver compares them with its own clock. All else (created,
expires, periods, payouts, the time of a delivery) goes by `now()`.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Clock:
    """What time it is in paysim, in seconds since 1970."""

    def __init__(self, shift: float = 0.0, advanced: float = 0.0) -> None:
        self._shift = shift
        self.advanced = advanced
        self._pinned: float | None = None

    def wall(self) -> float:
        """The time of the campus."""
        return time.time() + self._shift

    def exact(self) -> float:
        """The time of paysim, with fractions."""
        return self._pinned if self._pinned is not None else self.wall() + self.advanced

    def now(self) -> int:
        """The time of paysim, as Stripe writes it."""
        return int(self.exact())

    @contextmanager
    def at(self, moment: float) -> Iterator[None]:
        """A block in which it is *moment*: what is due happens at its own time, however late it is looked at."""
        before, self._pinned = self._pinned, moment
        try:
            yield
        finally:
            self._pinned = before
