"""A moment may be a position, a time, a day, or ISO 8601 text for one of the latter two."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from campuslog.errors import BadTime
from campuslog.positions import Bound, Moment, bound, instant

CET = timezone(timedelta(hours=1))
NINE = datetime(2014, 3, 1, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "meant"),
    {
        "2014-03-01": datetime(2014, 3, 1, tzinfo=UTC),
        "2014-03-01T09:00Z": NINE,
        "2014-03-01T09:00:00Z": NINE,
        "2014-03-01 09:00:00 Z": NINE,
        "2014-03-01T10:00:00+01:00": NINE,
        "2014-03-01t10:00:00+0100": NINE,
        "2014-03-01T09:00:00.25Z": NINE + timedelta(milliseconds=250),
    }.items(),
)
def test_iso_text_is_a_moment(text: str, meant: datetime) -> None:
    """A day begins at midnight UTC, as `date` does; a time says its zone."""
    assert bound(text, "since") == Bound(time=meant)


@pytest.mark.parametrize("day", ["2014-03-01", date(2014, 3, 1)])
def test_an_end_includes_the_whole_day(day: Moment) -> None:
    """For `until`, `as_of` and `position_at` alike; a time means that very moment."""
    last = datetime(2014, 3, 1, 23, 59, 59, 999_999, tzinfo=UTC)
    assert bound(day, "as_of", end=True) == bound(day, "until", end=True) == Bound(time=last)
    assert instant(day, "time") == last
    assert bound(NINE, "until", end=True) == Bound(time=NINE)
    assert bound(date.max, "until", end=True) == Bound(time=datetime.max.replace(tzinfo=UTC))


def test_text_means_what_the_object_means() -> None:
    """Whatever `isoformat` writes of a day or of a time with its zone is read back as the same."""
    moments: list[date] = [date(2014, 3, 1), NINE, datetime(2014, 3, 1, 10, 0, 0, 5, tzinfo=CET)]
    assert [bound(moment.isoformat(), "since") for moment in moments] == [bound(each, "since") for each in moments]


OTHER = ["", "1713", "2014", "2014-3-1", "2014-02-30", "20140301", "2014-W09", "01/03/2014", "2014-03-01T25:00Z"]


@pytest.mark.parametrize("text", OTHER)
def test_other_text_is_refused(text: str) -> None:
    """The sentence names the argument and shows how a time is written."""
    with pytest.raises(BadTime, match=f"^since={text!r} is no time: "):
        bound(text, "since")


def test_text_without_a_zone_is_refused() -> None:
    """A time of day is not guessed to be UTC."""
    with pytest.raises(BadTime, match=r"^until=2014-03-01 09:00:00 has no time zone: "):
        bound("2014-03-01T09:00:00", "until")


@pytest.mark.parametrize("moment", [7, None])
def test_a_position_is_no_time(moment: Moment) -> None:
    """`position_at` asks for a time."""
    with pytest.raises(BadTime, match="is no time"):
        instant(moment, "time")
