"""Which instance gets the next request."""

from time import monotonic

import pytest

from adapters.nats.instances import InstanceInfo
from api.http.gateway.circuit import FAILURES
from api.http.gateway.fleet import FORGOTTEN_AFTER, Fleet


@pytest.fixture
def fleet() -> Fleet:
    """Two instances of quiz and progress, one of auth."""
    found = Fleet()
    for url, contexts in (
        ("http://a", {"quiz", "progress"}),
        ("http://b", {"quiz", "progress"}),
        ("http://c", {"auth"}),
    ):
        found.heard(InstanceInfo(url, frozenset(contexts)))
    return found


def urls(fleet: Fleet, count: int) -> list[str]:
    """Who gets so many requests for quiz, each after the other has ended."""
    return [chosen.url for _ in range(count) if (chosen := fleet.choose("quiz", ())) is not None]


def test_each_gets_its_turn(fleet: Fleet) -> None:
    """Those that serve the context."""
    assert urls(fleet, 4) == ["http://a", "http://b", "http://a", "http://b"]
    assert fleet.choose("forum", ()) is None
    assert {fleet.choose(None, ()).url for _ in range(6)} == {"http://a", "http://b", "http://c"}  # type: ignore[union-attr]


def test_the_one_with_the_fewest_requests_under_way_goes_first(fleet: Fleet) -> None:
    """Even if it is the turn of the other."""
    busy = fleet.choose("quiz", ())
    assert busy is not None
    busy.under_way = 2
    assert set(urls(fleet, 3)) == {"http://b"}


def test_one_that_fails_or_has_failed_this_request_is_left_out(fleet: Fleet) -> None:
    """Until its circuit closes."""
    assert fleet.choose("quiz", {"http://a", "http://b"}) is None
    broken = next(each for each in fleet if each.url == "http://a")
    for _ in range(FAILURES):
        broken.circuit.failed(monotonic())
    assert set(urls(fleet, 3)) == {"http://b"}
    assert fleet.served() == {"quiz": ["http://b"], "progress": ["http://b"], "auth": ["http://c"]}


def test_one_that_ends_gets_nothing_more(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    """At once where it says so, and after a while of silence."""
    fleet.left("http://a")
    fleet.left("http://unknown")
    assert set(urls(fleet, 2)) == {"http://b"}
    later = monotonic() + FORGOTTEN_AFTER + 1
    monkeypatch.setattr("api.http.gateway.fleet.monotonic", lambda: later)
    fleet.heard(InstanceInfo("http://c", frozenset({"auth"})))
    fleet.forget()
    assert [each.url for each in fleet] == ["http://c"]


def test_what_an_instance_says_last_counts(fleet: Fleet) -> None:
    """It may have been started again with other contexts; what is known of its health stays."""
    known = next(each for each in fleet if each.url == "http://c")
    fleet.heard(InstanceInfo("http://c", frozenset({"quiz"})))
    assert known.contexts == {"quiz"}
    assert fleet.choose("auth", ()) is None
