"""A tape has the documents after any step, and finds times and changes."""

from datetime import timedelta

from cli.replay.lines import steps_of
from cli.replay.tape import KEYFRAME, differences, next_change, number_at
from tests.support.tapes import START, DoubleScores, tape


def test_any_step_of_a_long_tape_is_right() -> None:
    """Forwards, backwards and at random, over keyframes."""
    whole = tape(3 * KEYFRAME + 7)
    assert len(whole) == 3 * KEYFRAME + 7
    assert whole.after(-1) == {}
    for number in (0, 1, KEYFRAME - 1, KEYFRAME, 2 * KEYFRAME, len(whole) - 1, 5):
        document = whole.after(number)["scores/28400"]
        assert len(document["units"]) == number // 2 + 1
        assert document["best"] == (None if number == 0 else (number + 1) // 2 * 2)
        assert whole.as_of((number + 1) * 10) == whole.after(number)
    assert list(whole.along([5, 25])) == [{}, whole.after(1)]


def test_a_time_a_position_and_the_next_change_of_a_field() -> None:
    """A time is the last step before a later fact; a field is found by its name or the way to it."""
    frames = tape(6).frames
    assert [number_at(frames, position) for position in (0, 10, 35, 1_000)] == [-1, 0, 2, 5]
    assert [number_at(frames, START + timedelta(days=day)) for day in (0, 1, 3)] == [-1, 0, 2]
    assert next_change(frames, -1, "best") == 0  # the row is new
    assert next_change(frames, 0, "best") == 1
    assert next_change(frames, 1, "/best") == 3
    assert next_change(frames, 0, "units/1") == 2
    assert next_change(frames, 5, "best") is None
    assert next_change(frames, 0, "marks") is None


def test_two_rules_differ_where_they_do() -> None:
    """The steps after which they differ in something else than before are printed, with both values."""
    today, changed = tape(6), tape(6, DoubleScores)
    assert list(differences(today.after(3), changed.after(3))) == []
    (found,) = differences(today.after(5), changed.after(5))
    assert found == ("scores/28400", "/best", 6, 12)
    assert list(steps_of(today, changed)) == [
        "60  progress.activity_recorded  2026-03-07 00:00:00  by 28400",
        "  != scores/28400 /best: today 6, changed 12",
        "1 values differ at the end",
    ]


def test_the_lines_of_a_tape() -> None:
    """Each fact, and what it changed with the values before and after."""
    assert list(steps_of(tape(3))) == [
        "10  progress.unit_opened  2026-03-02 00:00:00  by 28400",
        '  scores/28400 new: {"learner_id": "28400", "units": ["u1"], "best": null}',
        "20  progress.activity_recorded  2026-03-03 00:00:00  by 28400",
        "  scores/28400 /best: null -> 2",
        "30  progress.unit_opened  2026-03-04 00:00:00  by 28400",
        '  scores/28400 /units/1: + "u3"',
    ]
