"""A worker is judged by its work."""

import msgspec
import pytest
from psycopg.rows import class_row

from adapters.postgres.connection import connect
from adapters.postgres.ops.worker_progress import PROGRESS, WorkerProgress, problem_of, problems
from adapters.settings import Settings
from tests.support.workers import writer

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


async def test_a_worker_of_older_code_does_not_stand_still(settings: Settings) -> None:
    """It does not say when its position has moved: during a rolling deployment nothing is concluded from that."""
    async with writer(settings) as facts, await connect(settings, application="test") as connection:
        await facts.record_many(20)
        await connection.execute(
            "INSERT INTO workers (name, host, pid, active, position, metrics) VALUES ('relay', 'host', 1, true, 7, '')"
        )
        async with connection.cursor(row_factory=class_row(WorkerProgress)) as cursor:
            (found,) = await (await cursor.execute(PROGRESS)).fetchall()
    assert (found.position, found.lag_events, found.still_seconds) == (7, 13, 0.0)
