"""What was watched: segments become a share that is true, and batches count once, in whatever order they come."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given as anything
from hypothesis import strategies as st

from domain.catalog import Content, Unit, showing
from domain.progress import BadBatch, TooManyBatches, Viewing
from domain.progress.viewing import AT_ONCE, LONGEST_AGO, MOST_SEGMENTS, PACE
from domain.progress.watching import JOIN_MS, Segment, merged, watched
from tests.support.given import AT, Said, fact, given

SECONDS = 60
SEGMENTS = st.lists(
    st.tuples(st.integers(0, 70), st.integers(1, 30)).map(lambda each: (each[0] * 1_000, sum(each) * 1_000)), max_size=8
)
BATCH: dict[str, Any] = {"course_version": 1, "device": "laptop", "client_seq": 1, "position_ms": 20_000, "seconds": 20}


def played(segments: list[Segment], ago: int = 0, **changed: Any) -> Said:
    """The fact of a batch that ended some seconds ago."""
    batch = BATCH | changed
    return fact(Viewing.Watched, **batch, segments=segments, ended_at=AT - timedelta(seconds=ago))


def watch(viewing: Viewing, segments: list[Segment], ago: int = 0, **changed: Any) -> None:
    viewing.watch(segments, **BATCH | changed, ended_at=AT - timedelta(seconds=ago), at=AT)


def folded(*facts: Said) -> Viewing:
    """What the facts make."""
    found: list[Viewing] = []
    given(Viewing, *facts).when(found.append).then()
    return found[0]


@anything(SEGMENTS)
def test_each_second_counts_once(segments: list[Segment]) -> None:
    """However segments overlap, repeat and go beyond the end: a recount second by second finds the same."""
    seconds = {each for start, end in segments for each in range(start // 1_000, end // 1_000) if each < SECONDS}
    share = watched(segments, SECONDS)
    assert (share.ms, share.of_ms) == (len(seconds) * 1_000, SECONDS * 1_000)
    assert watched([*reversed(segments), *segments], SECONDS) == share
    assert watched(merged(segments), SECONDS) == share
    assert 0 <= share.bp <= 10_000
    assert (share.bp == 10_000) == (len(seconds) == SECONDS)


def test_what_players_leave_out_is_no_gap() -> None:
    """Less than a second between two segments, or before an end, was played in one; a second is missing."""
    assert watched([(300, 30_000), (30_000 + JOIN_MS - 1, 59_100)], SECONDS).bp == 10_000
    assert watched([(0, 30_000), (30_000 + JOIN_MS, 60_000)], SECONDS).ms == 59_000
    assert watched([], SECONDS).bp == 0


def test_a_mark_is_reached_before_rounding() -> None:
    """Not all of it is never all of it, and a mark is compared with what was watched."""
    almost = watched([(0, 9_999_000)], 10_000)
    assert (almost.bp, almost.reaches(9_999), almost.reaches(10_000)) == (9_999, True, False)
    assert watched([(0, 19_999)], SECONDS).reaches(3_334) is False


def test_a_batch_counts_once() -> None:
    """It is known by its device and the device's count; what it says is merged."""
    given(Viewing).when(lambda viewing: watch(viewing, [(5_000, 9_000), (0, 6_000)])).then(played([(0, 9_000)]))
    given(Viewing, played([(0, 9_000)])).when(lambda viewing: watch(viewing, [(0, 9_000)])).then()
    given(Viewing, played([(0, 9_000)])).when(lambda viewing: watch(viewing, [(0, 9_000)], device="phone")).then(
        played([(0, 9_000)], device="phone")
    )


def test_an_earlier_batch_may_come_later() -> None:
    """Its segments count; the place to go on is that of the batch that ended last."""
    second, first = played([(20_000, 40_000)], client_seq=2, position_ms=40_000), played([(0, 20_000)], 20)
    viewing = folded(second, first)
    assert (viewing.played, viewing.position_ms, viewing.seconds) == ({1: [(0, 40_000)]}, 40_000, 40)
    assert viewing.batches == {"laptop": [(1, 3)]}


def test_the_last_device_says_where_to_go_on() -> None:
    """What was watched without a network and comes later is what ended earlier."""
    laptop = played([(30_000, 50_000)], 60, device="laptop", position_ms=50_000)
    train = played([(0, 20_000)], 3_600, device="phone", position_ms=20_000)
    assert folded(laptop, train).position_ms == 50_000
    assert folded(train, laptop, played([], 5, device="tv", position_ms=0, seconds=0)).position_ms == 0


def test_another_film_is_not_what_was_watched() -> None:
    """The share is of the versions of the course in which the unit shows the same media."""
    film, cut = (Content(sha256 * 64, "video/mp4", 9) for sha256 in "ab")
    old, same, other = (
        Unit("film", "video", title, seconds=60, content=content)
        for title, content in (("Film", film), ("The film", film), ("Film", cut))
    )
    versions = {1: [old], 2: [same], 3: [other], 4: [Unit("intro", "page", "Begin")]}
    assert (showing(versions, same), showing(versions, other)) == ([1, 2], [3])
    viewing = folded(played([(0, 20_000)]), played([(20_000, 60_000)], course_version=2, client_seq=2))
    assert (viewing.share([1, 2], 60).bp, viewing.share([1], 60).bp, viewing.share([3], 60).bp) == (10_000, 3_333, 0)


@pytest.mark.parametrize(
    ("segments", "ago", "changed"),
    [
        ([(5, 5)], 0, {}),
        ([(-1, 5)], 0, {}),
        ([(0, 8 * 86_400_000)], 0, {}),
        ([(each, each + 1) for each in range(MOST_SEGMENTS + 1)], 0, {}),
        ([(0, 60_000)], 0, {"seconds": 10}),
        ([], 0, {"seconds": 90_000}),
        ([], 0, {"position_ms": -1}),
        ([], -1, {}),
        ([], LONGEST_AGO // timedelta(seconds=1) + 1, {}),
    ],
)
def test_what_cannot_be_is_refused(segments: list[Segment], ago: int, changed: dict[str, Any]) -> None:
    """The sentence names the unit and what is wrong."""
    given(Viewing).when(lambda viewing: watch(viewing, segments, ago, **changed)).refused_because(BadBatch)


def test_no_more_is_watched_than_the_time_since_the_place() -> None:
    """The first batch begins after it, whatever it says; all of them take no longer than on two devices since then."""
    day = timedelta(days=1)
    old = {**BATCH, "seconds": 86_400, "segments": [], "at": AT}
    given(Viewing).when(
        lambda viewing: viewing.watch(**old, ended_at=AT - 29 * day, placed_at=AT - 2 * day)
    ).refused_because(BadBatch)
    first = fact(Viewing.Watched, **BATCH | {"seconds": 86_400}, segments=[], ended_at=AT)
    given(Viewing).when(lambda viewing: viewing.watch(**old, ended_at=AT, placed_at=AT - day)).then(first)
    again, more = (
        old | {"client_seq": 2},
        fact(Viewing.Watched, **BATCH | {"seconds": 86_400, "client_seq": 2}, segments=[], ended_at=AT),
    )
    given(Viewing, first).when(lambda viewing: viewing.watch(**again, ended_at=AT)).then(more)
    third = old | {"client_seq": 3}
    given(Viewing, first, more).when(lambda viewing: viewing.watch(**third, ended_at=AT)).refused_because(BadBatch)


def test_a_player_that_sends_each_second_is_held_back() -> None:
    """The log gets as many facts as a viewing needs; what is refused is sent with the next batch."""
    many = [played([], client_seq=each, seconds=0) for each in range(1, AT_ONCE + 1)]
    batch = BATCH | {"client_seq": AT_ONCE + 1}
    given(Viewing, *many).when(lambda viewing: watch(viewing, [], client_seq=AT_ONCE + 1)).refused_because(
        TooManyBatches
    )
    later = AT + PACE
    given(Viewing, *many).when(lambda viewing: viewing.watch([], **batch, ended_at=later, at=later)).then(
        fact(Viewing.Watched, **batch, segments=[], ended_at=later)
    )
