"""
A yardstick of `bench rebuild`: the gain of this machine's second core for a plain loop.

Cores that share caches, or that a host divides among several guests, reach less than twice the rate of one with any
program.
"""

import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

LOOP = 4_000_000  # turns, some half a second


def gain() -> float:
    """How many times faster two processes do twice the work than one after the other."""
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        list(pool.map(_turn, (LOOP // 10, LOOP // 10)))  # start both processes
        one, two = _seconds(pool, 1), _seconds(pool, 2)
    return 2 * one / two


def _seconds(pool: ProcessPoolExecutor, processes: int) -> float:
    started = time.perf_counter()
    list(pool.map(_turn, [LOOP] * processes))
    return time.perf_counter() - started


def _turn(turns: int) -> None:
    counts: dict[int, int] = {}
    for number in range(turns):
        counts[number % 1_000] = number
