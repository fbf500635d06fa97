"""
The one clock: where every process gets the present time from, for commands, deadlines and jobs.

It is passed in. A test moves it; a process starts with the shift of `CAMPUS_CLOCK_SHIFT`. Rules in `domain` take the
time as an argument. Columns such as `recorded_at`, heartbeats and retries keep the time of the servers.
"""

from datetime import UTC, datetime, timedelta


class Clock:
    """
    The present time.

    Attributes:
        shift: by how much it is ahead of the machine's clock; negative: after it.
    """

    def __init__(self, shift: timedelta = timedelta()) -> None:
        self.shift = shift

    def now(self) -> datetime:
        """The present time."""
        return datetime.now(UTC) + self.shift

    def move(self, by: timedelta) -> None:
        """Go forward by *by*, as a test does."""
        self.shift += by

    def on_machine(self, at: datetime) -> datetime:
        """The time that the machine's own clock shows when this one shows *at*."""
        return at - self.shift
