"""What `campus bench audit` concludes from what it has measured."""

from benchmarks.audit import _side_by_side, targets


def test_each_target_is_held_against_its_figure() -> None:
    """Ten times the live p99, two seconds, ten seconds, a tenth; what is on the line is met, but for the last."""
    found = {
        **_side_by_side("learner", [0.001, 0.002], [0.010, 0.020]),
        **_side_by_side("run", [0.01], [2.0]),
        **_side_by_side("overview", [0.01], [10.1]),
        "live_slower_by": 0.1,
    }
    assert (found["learner_live_ms"], found["learner_as_of_p99_ms"]) == (1.5, 20.0)
    assert [(figure, met) for _, figure, _, met in targets(found)] == [
        (10.0, True), (2.0, True), (10.1, False), (0.1, False),
    ]  # fmt: skip
