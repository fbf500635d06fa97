"""Clocks that a test moves."""

from datetime import datetime, timedelta

from pydantic import PrivateAttr

from adapters.settings import Settings
from commands.clock import Clock


class SharedClock(Settings):
    """Settings whose processes all have the same clock, which a test moves."""

    _clock: Clock = PrivateAttr(default_factory=Clock)

    def clock(self) -> Clock:
        """The clock of all."""
        return self._clock

    @classmethod
    def of(cls, settings: Settings) -> "SharedClock":
        """The same settings, with one clock."""
        return cls.model_construct(**settings.model_dump())


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
