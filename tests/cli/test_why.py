"""How `campus why` shows values."""

from cli.why import WIDEST, _values


def test_long_values_are_shown_from_where_they_differ() -> None:
    """A list that grows at its end shows its end; short values are whole."""
    assert _values(1, None) == ("1", "null")
    before = list(range(50))
    one, other = _values(before, [*before, 99])
    assert one != other
    assert other.endswith("49, 99]")
    assert max(len(one), len(other)) <= WIDEST
    one, other = _values("a" * 80, "b" * 80)
    assert (one[:2], other[:2], len(one)) == ('"a', '"b', WIDEST)
