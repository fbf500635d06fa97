"""
Python's garbage collector: seldom while a command starts, tuned for a long-running process, or off for a batch.

It walks through everything that is alive whenever enough is new. A process that keeps aggregates, pages of the log or
rows in memory would spend a third of its time on that: requests were held up by 80 ms, a catching-up projector as well.
"""

import gc

THRESHOLDS = (50_000, 20, 50)  # new objects before the youngest are looked at; then how many times less often


def look_seldom() -> None:
    """Before modules are imported, which make hundreds of thousands of objects that live to the end."""
    gc.set_threshold(*THRESHOLDS)


def tune_for_server() -> None:
    """Leave alone what was made while starting, and look less often at what comes after."""
    gc.collect()
    gc.freeze()
    look_seldom()


def disable_for_batch() -> None:
    """For a process that makes one great thing and ends: nothing is looked at, ever."""
    gc.collect()
    gc.freeze()
    gc.disable()
