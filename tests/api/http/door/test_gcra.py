"""GCRA: what it lets through in any window, whom it never refuses, and when it lets the next one in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.http.door.gcra import SECOND, Quota, conforms, left, next_arrival, wait

QUOTAS = st.builds(Quota, st.integers(1, 50), st.integers(1, 60))
PAUSES = st.lists(st.integers(0, 5 * SECOND), min_size=1, max_size=200)


def let_through(quota: Quota, times: list[int]) -> list[int]:
    """The times of those requests that conform."""
    arrival, passed = 0, []
    for now in times:
        following = next_arrival(arrival, now, quota.interval)
        if conforms(following, now, quota.window):
            arrival = following
            passed.append(now)
    return passed


def moments(pauses: list[int]) -> list[int]:
    """Times with these pauses between them."""
    times, now = [], 10 * SECOND
    for pause in pauses:
        now += pause
        times.append(now)
    return times


@given(QUOTAS, PAUSES)
def test_no_window_has_more_than_twice_the_quota(quota: Quota, pauses: list[int]) -> None:
    """A full burst, and what becomes free while the window lasts."""
    passed = let_through(quota, moments(pauses))
    for begin in passed:
        assert sum(begin <= now < begin + quota.window for now in passed) <= 2 * quota.amount


@given(QUOTAS, PAUSES)
def test_the_long_run_is_held_to_the_rate(quota: Quota, pauses: list[int]) -> None:
    """From the first request on: a burst, and one request an interval."""
    passed = let_through(quota, moments(pauses))
    for count, now in enumerate(passed, 1):
        assert count <= quota.amount + 1 + (now - passed[0]) // quota.interval


@given(QUOTAS, st.integers(1, 300), st.integers(0, SECOND))
def test_who_keeps_to_the_rate_is_never_refused(quota: Quota, count: int, late: int) -> None:
    """One request an interval, or fewer."""
    times = [10 * SECOND + number * (quota.interval + late) for number in range(count)]
    assert let_through(quota, times) == times


@given(QUOTAS)
def test_the_whole_quota_may_come_at_once(quota: Quota) -> None:
    """And not one more."""
    assert len(let_through(quota, [SECOND] * (quota.amount + 5))) == quota.amount + (
        quota.window - quota.amount * quota.interval
    ) // max(1, quota.interval)


@given(QUOTAS, PAUSES)
def test_a_refusal_says_when_to_come_back(quota: Quota, pauses: list[int]) -> None:
    """A nanosecond earlier is too early, and a refusal moves nothing."""
    arrival = 0
    for now in moments(pauses):
        following = next_arrival(arrival, now, quota.interval)
        pause = wait(arrival, now, quota)
        assert (pause == 0) == conforms(following, now, quota.window)
        assert (left(arrival, now, quota) > 0) == (pause == 0)
        if pause:
            for then, fits in ((now + pause, True), (now + pause - 1, False)):
                assert conforms(next_arrival(arrival, then, quota.interval), then, quota.window) is fits
        else:
            arrival = following


@pytest.mark.parametrize(("used", "rest"), [(0, 4), (1, 3), (4, 0)])
def test_what_is_left(used: int, rest: int) -> None:
    """Of four in a minute."""
    quota, arrival = Quota(4, 60), 0
    for _ in range(used):
        arrival = next_arrival(arrival, SECOND, quota.interval)
    assert left(arrival, SECOND, quota) == rest
