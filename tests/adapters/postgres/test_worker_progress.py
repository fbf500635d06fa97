"""A worker is judged by its work."""

import msgspec
import pytest

from adapters.postgres.ops.worker_progress import WorkerProgress, problem_of, problems

WELL = WorkerProgress(
    name="relay",
    process="host:1",
    active=True,
    position=100,
    trouble="",
    silent_seconds=0.5,
    trouble_seconds=0.0,
    still_seconds=0.5,
    lag_events=0,
    lag_seconds=0.0,
)


def changed(**values: object) -> WorkerProgress:
    return msgspec.structs.replace(WELL, **values)


@pytest.mark.parametrize(
    ("processes", "said"),
    [
        ([WELL], None),
        ([], "no heartbeat from relay"),
        ([changed(silent_seconds=31.0)], "no heartbeat from relay for 31 s"),
        ([changed(silent_seconds=31.0), changed(process="host:2")], None),
        ([changed(trouble="OSError: no", trouble_seconds=5.0)], None),
        ([changed(trouble="OSError: no", trouble_seconds=12.0)], "relay only fails, for 12 s: OSError: no"),
        ([changed(lag_events=7, lag_seconds=90.0, still_seconds=3.0)], None),
        (
            [changed(lag_events=1_234, still_seconds=25.0)],
            "relay stands still at position 100, 1,234 facts from the head, for 25 s",
        ),
        ([changed(active=False, still_seconds=5.0)], None),
        (
            [changed(active=False, still_seconds=25.0)],
            "no relay is active: 1 stand by, and another session holds the lock",
        ),
    ],
)
def test_what_is_wrong_with_a_worker(processes: list[WorkerProgress], said: str | None) -> None:
    """Silence, attempts that only fail, a position that does not move although there is work: not signs of life."""
    assert problem_of("relay", processes) == said


def test_a_worker_that_is_expected_is_missed() -> None:
    """Doctor expects all; a worker that nothing expects and that has left is not missed."""
    assert problems([WELL], ["relay", "reactor"]) == ["no heartbeat from reactor"]
    assert problems([WELL]) == []
