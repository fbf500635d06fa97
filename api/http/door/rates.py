"""
How many requests a client may send, in one process of the API: by user, and by the network from which they come.

What is kept of a client is forgotten after a window without a request, since it is as new then. A refusal says when to
try again (`Retry-After`), and answers say what is left once half of a quota is used, by the fields of
draft-ietf-httpapi-ratelimit-headers-10 (`RateLimit-Policy`, `RateLimit`).
"""

from math import ceil

from api.http.door.gcra import SECOND, Quota, left, next_arrival, wait
from api.http.door.refused import Refused

MOST_CLIENTS = 100_000  # in each of two halves; above that the older half is forgotten early, which lets more through
WINDOW = 60  # seconds

Header = tuple[bytes, bytes]


class TooManyRequests(Refused):
    """A client sends more than its quota; the message says which."""

    status, code = 429, "too_many_requests"

    def __init__(self, policy: str, quota: Quota, seconds: int) -> None:
        super().__init__(
            f"more than {quota.amount:,} requests within {quota.seconds} s (quota {policy!r}): try again in {seconds} s"
        )
        self.headers = {
            "retry-after": str(seconds),
            "ratelimit-policy": f'"{policy}";q={quota.amount};w={quota.seconds}',
            "ratelimit": f'"{policy}";r=0;t={seconds}',
        }


class RateLimit:
    """The requests of all clients under one quota; *policy* is what the headers call it."""

    def __init__(self, policy: str, quota: Quota) -> None:
        self.policy, self.quota = policy, quota
        self.half = quota.window // 2
        self._window, self._interval = quota.window, quota.interval
        self._arrivals: dict[str, int] = {}
        self._older: dict[str, int] = {}
        self._turn_at = 0

    def take(self, key: str, now: int) -> bool:
        """
        Count a request of the client *key* at *now*, in nanoseconds.

        Returns:
            Whether more than half of the quota is used, so that the answer has to say so.

        Raises:
            TooManyRequests: the quota is used up; the request does not count.
        """
        if now >= self._turn_at or len(self._arrivals) >= MOST_CLIENTS:
            self._older, self._arrivals = self._arrivals, {}
            self._turn_at = now + self._window
        arrival = self._arrivals.get(key) or self._older.get(key, 0)
        following = next_arrival(arrival, now, self._interval)
        used = following - now
        if used > self._window:
            raise TooManyRequests(self.policy, self.quota, max(1, ceil(wait(arrival, now, self.quota) / SECOND)))
        self._arrivals[key] = following
        return used > self.half

    def headers(self, key: str, now: int) -> list[Header]:
        """What is left of the quota of a client, as fields of an answer; `t` is when all of it is back."""
        arrival = self._arrivals.get(key) or self._older.get(key, 0)
        rest, back = left(arrival, now, self.quota), ceil(max(0, arrival - now) / SECOND)
        return [
            (b"ratelimit-policy", f'"{self.policy}";q={self.quota.amount};w={self.quota.seconds}'.encode()),
            (b"ratelimit", f'"{self.policy}";r={rest};t={back}'.encode()),
        ]

    def __len__(self) -> int:
        return len(self._arrivals) + len(self._older)


def per_minute(policy: str, amount: int) -> RateLimit | None:
    """So many requests of each client in a minute; None for 0, which is no limit."""
    return RateLimit(policy, Quota(amount, WINDOW)) if amount else None
