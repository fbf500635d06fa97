"""
How far each worker process is, judged by its work: position against the head, and since when it has not moved.

A sign of life alone says nothing: a worker may live and only fail.
"""

from collections.abc import Iterable, Sequence

import msgspec

WORKERS = ("relay", "projector", "reactor", "dispatcher", "auditor", "notary")
ONE_ACTIVE = frozenset(("relay", "reactor", "dispatcher", "notary"))
"""Workers of which one process is active, by a lock; its position is that of the last fact it has dealt with."""

SILENT = 20.0  # seconds without a heartbeat
FAILING = 10.0  # seconds for which every attempt has failed
STANDING = 20.0  # seconds for which the position has not moved although there is work
INACTIVE = 20.0  # seconds for which all processes have stood by
FAR = 60.0  # seconds: the age of the first fact that an active worker has not dealt with

PROGRESS = """
SELECT w.name, w.host || ':' || w.pid AS process, w.active, w.position, w.trouble,
       extract(epoch FROM clock_timestamp() - w.heartbeat_at)::float8 AS silent_seconds,
       coalesce(extract(epoch FROM clock_timestamp() - w.trouble_since), 0)::float8 AS trouble_seconds,
       coalesce(extract(epoch FROM clock_timestamp() - w.moved_at), 0)::float8 AS still_seconds,
       greatest(head.position - w.position, 0) AS lag_events,
       coalesce(greatest(extract(epoch FROM clock_timestamp() - next.recorded_at), 0), 0)::float8 AS lag_seconds
  FROM workers AS w
 CROSS JOIN log_head AS head
  LEFT JOIN events AS next ON next.position = w.position + 1
 ORDER BY w.name, w.active DESC, w.heartbeat_at DESC
"""


class WorkerProgress(msgspec.Struct):
    """
    How one process of a worker is.

    Attributes:
        active: whether it does the work; it stands by if not.
        trouble: why its last attempt has failed, for `trouble_seconds` by now; empty once it has got on.
        silent_seconds: since its last heartbeat.
        still_seconds: since its position has moved or was at the head.
        lag_events, lag_seconds: facts that it has not dealt with, and the age of the first.
    """

    name: str
    process: str
    active: bool
    position: int
    trouble: str
    silent_seconds: float
    trouble_seconds: float
    still_seconds: float
    lag_events: int
    lag_seconds: float


def problem_of_each(name: str, processes: Sequence[WorkerProgress]) -> str | None:
    """What is wrong with these processes of the worker *name*, whether or not one of them is active."""
    living = [each for each in processes if each.silent_seconds < SILENT]
    if not living:
        since = f" for {processes[0].silent_seconds:.0f} s" if processes else ""
        return f"no heartbeat from {name}{since}"
    for each in living:
        if each.trouble and each.trouble_seconds > FAILING:
            return f"{name} only fails, for {each.trouble_seconds:.0f} s: {each.trouble}"
    return None


def problem_of(name: str, processes: Sequence[WorkerProgress]) -> str | None:
    """What is wrong with the worker *name*, in a sentence; None if it gets on."""
    if (said := problem_of_each(name, processes)) is not None or name not in ONE_ACTIVE:
        return said
    living = [each for each in processes if each.silent_seconds < SILENT]
    active = [each for each in living if each.active]
    if not active and min(each.still_seconds for each in living) > INACTIVE:
        return f"no {name} is active: {len(living)} stand by, and another session holds the lock"
    for each in active:
        if each.lag_events and each.still_seconds > STANDING:
            return (
                f"{name} stands still at position {each.position:,}, {each.lag_events:,} facts from the head,"
                f" for {each.still_seconds:.0f} s"
            )
    return None


def problems(found: Iterable[WorkerProgress], expected: Iterable[str] = ()) -> list[str]:
    """What is wrong with the workers of *found* and those that are *expected*, a sentence each."""
    by_name: dict[str, list[WorkerProgress]] = {name: [] for name in expected}
    for each in found:
        by_name.setdefault(each.name, []).append(each)
    said = (problem_of(name, processes) for name, processes in by_name.items() if name in WORKERS)
    return [sentence for sentence in said if sentence]
