"""The lag of each read model, and the progress and metrics of each worker process."""

from typing import Any

from adapters.postgres.connection import LIFE
from adapters.postgres.log.postgres_log import HEAD
from adapters.postgres.ops.worker_progress import PROGRESS, WorkerProgress
from adapters.postgres.queries.reader import Reader

HEAD_AND_WRITABLE = """
SELECT position, NOT pg_is_in_recovery() AND current_setting('transaction_read_only') = 'off' FROM log_head
"""

CHECKPOINTS = f"""
SELECT name, (SELECT min(position) FROM segments AS s WHERE s.projection = name AND s.generation = p.generation),
       generation, (SELECT count(*) FROM parked WHERE projection = name AND parked.generation = p.generation),
       (SELECT position FROM log_head), ({LIFE}), version
  FROM projections AS p WHERE status = 'live' ORDER BY name
"""

# How long ago the facts at some positions were recorded.
AGES = """
SELECT position, extract(epoch FROM clock_timestamp() - recorded_at)::double precision
  FROM events WHERE position = ANY(%(positions)s)
"""
WORKERS = (
    "SELECT name, pid::text, metrics FROM workers WHERE heartbeat_at > now() - interval '10 seconds' ORDER BY 1, 2"
)


async def head(reader: Reader) -> int:
    """Position of the last fact."""
    position: int = (await reader.rows(HEAD, {}))[0][0]
    return position


async def head_and_writable(reader: Reader) -> tuple[int, bool]:
    """Position of the last fact, and whether the server would take another."""
    position, writable = (await reader.rows(HEAD_AND_WRITABLE, {}))[0]
    return position, writable


async def workers(reader: Reader) -> list[WorkerProgress]:
    """How far each worker process is, those that do the work first."""
    return [WorkerProgress(*row) for row in await reader.rows(PROGRESS, {})]


async def checkpoints(reader: Reader) -> list[tuple[Any, ...]]:
    """Name, checkpoint, generation, parked keys of each live read model; head and life of the log; its version."""
    return await reader.rows(CHECKPOINTS, {})


async def ages(reader: Reader, positions: list[int]) -> dict[int, float]:
    """Seconds since the facts at *positions* were recorded; without those that do not exist."""
    return dict(await reader.rows(AGES, {"positions": positions}))


async def worker_metrics(reader: Reader) -> list[tuple[Any, ...]]:
    """Name, process id and metrics, as text, of each worker process that lives."""
    return await reader.rows(WORKERS, {})
