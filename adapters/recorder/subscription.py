"""Follows the log for the library's projections: from a position to the end, then new events."""

from collections import deque
from collections.abc import Sequence
from threading import Event
from typing import TYPE_CHECKING

from eventsourcing.persistence import Notification, Subscription

from adapters.recorder.errors import LogWentBack

if TYPE_CHECKING:
    from adapters.recorder.recorder import LogRecorder

POLL_INTERVAL = 0.05  # seconds
PAGE = 500  # positions


class LogSubscription(Subscription["LogRecorder"]):
    """
    An iterator over events that waits at the end of the log, until it is stopped.

    If the log goes back meanwhile, it ends with LogWentBack: what was projected has facts that are lost.

    It pages by position even with topics, so that a rare topic does not make it read the same pages again.
    """

    def __init__(self, recorder: "LogRecorder", gt: int | None, topics: Sequence[str]) -> None:
        super().__init__(recorder, gt, topics)
        self._first = self._seen = gt or 0
        self._page: deque[Notification] = deque()
        self._stopped = Event()

    def stop(self) -> None:
        """End the iteration, also one that waits in another thread."""
        super().stop()
        self._stopped.set()

    def __next__(self) -> Notification:
        """The next event; waits until there is one."""
        while not self._stopped.is_set():
            if self._page:
                return self._page.popleft()
            if not self._turn_page():
                self._stopped.wait(POLL_INTERVAL)
        raise StopIteration

    def _turn_page(self) -> bool:
        """Read the next page; False at the end of the log, LogWentBack where that is below what was read."""
        head = self._recorder.max_notification_id() or 0
        if head < self._seen and self._seen > self._first:
            raise LogWentBack(head, self._seen)
        until = min(self._seen + PAGE, head)
        if until <= self._seen:
            return False
        page = self._recorder.select_notifications(self._seen, PAGE, until, self._topics, inclusive_of_start=False)
        self._page.extend(page)
        self._seen = until
        return True
