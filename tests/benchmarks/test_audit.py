"""What `campus bench audit` concludes from what it has measured."""

from benchmarks.audit import targets
from benchmarks.auditing import in_turn, side_by_side


def test_each_target_is_held_against_its_figure() -> None:
    """What is on the line of a target meets it; live reads that are slower by a tenth do not."""
    found = {
        **side_by_side("learner", [0.001, 0.002], [0.010, 0.020]),
        **side_by_side("run", [0.01], [2.0]),
        **side_by_side("overview", [0.01], [10.1]),
        "live_slower_by": 0.1,
        "proof_p99_ms": 10.0,
        "proof_longest_bytes": 1_501,
    }
    assert (found["learner_live_ms"], found["learner_as_of_p99_ms"]) == (1.5, 20.0)
    assert [(figure, met) for _, figure, _, met in targets(found)] == [
        (10.0, True), (2.0, True), (10.1, False), (0.1, False), (10.0, True), (1_501, False),
    ]  # fmt: skip


async def test_a_part_ends_in_time() -> None:
    """With fewer pairs than were asked for, and at least three."""
    asked: list[str] = []

    async def live() -> float:
        asked.append("live")
        return 0.001

    async def as_of() -> float:
        asked.append("as of")
        return 0.002

    found = await in_turn("learner", live, as_of, 400, 0.0)
    assert (found["learner_pairs"], found["learner_as_of_ms"]) == (3, 2.0)
    assert asked == ["live", "as of"] * 4
    assert (await in_turn("learner", live, as_of, 7, 60.0))["learner_pairs"] == 7
