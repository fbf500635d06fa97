"""A clock that stands still until a test moves it."""

from datetime import datetime, timedelta

from commands.clock import Clock


class StoppedClock(Clock):
    """The present time is *at*, and what it was moved by."""

    def __init__(self, at: datetime) -> None:
        super().__init__()
        self._at = at

    def now(self) -> datetime:
        """The present time."""
        return self._at + self.shift

    def move_to(self, at: datetime) -> None:
        """Go forward to *at*."""
        self.move(max(at - self.now(), timedelta()))
