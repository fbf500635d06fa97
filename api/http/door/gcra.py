"""
GCRA, the generic cell rate algorithm: a limit of a rate that keeps one number for each client, and needs no timer.

The number is the theoretical arrival time: when a client that spread its requests evenly would send the next one. A
request conforms if it does not come earlier than that by more than the window. Times are whole nanoseconds, so that no
rounding adds up. Source: ITU-T Recommendation I.371, annex A (virtual scheduling).
"""

from dataclasses import dataclass, field

SECOND = 1_000_000_000  # nanoseconds


@dataclass(frozen=True, slots=True)
class Quota:
    """
    So many requests in any window of so many seconds, all of them at once if need be.

    Attributes:
        amount: requests, at least 1.
        seconds: length of the window.
        window: the same in nanoseconds.
        interval: nanoseconds between two requests that are spread evenly.
    """

    amount: int
    seconds: int
    window: int = field(init=False)
    interval: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "window", self.seconds * SECOND)
        object.__setattr__(self, "interval", self.window // self.amount)


def next_arrival(arrival: int, now: int, interval: int) -> int:
    """The theoretical arrival time after a request at *now*; *arrival* is the one before it, 0 for a new client."""
    return (max(now, arrival)) + interval


def conforms(following: int, now: int, window: int) -> bool:
    """Whether the request at *now*, after which the next would be at *following*, is within the quota."""
    return following - now <= window


def left(arrival: int, now: int, quota: Quota) -> int:
    """How many requests a client may send at *now*, one directly after the other."""
    return max(0, quota.window - max(0, arrival - now)) // quota.interval


def wait(arrival: int, now: int, quota: Quota) -> int:
    """Nanoseconds from *now* until the next request of a client conforms; 0 if it does now."""
    return max(0, arrival + quota.interval - quota.window - now)
