"""What a trace reads beside the facts."""

from adapters.postgres.connection import connect
from adapters.postgres.trace.rows import jobs_of
from adapters.procrastinate.queue import queue_of
from adapters.settings import Settings
from tests.support.appends import query
from tests.support.facts import History

JOB = """
INSERT INTO procrastinate_jobs (queue_name, task_name, status, args)
VALUES (%s, 'give_back', %s::procrastinate_job_status, jsonb_build_object('key', %s::text, 'position', 7)) RETURNING id
"""
DERIVED = """
INSERT INTO derived_jobs (key, name, position, stream_id, due_at, job_id)
VALUES (%s, %s, 7, 'refund-ann:o1.r1', now(), %s)
"""


async def test_a_job_has_the_state_that_it_has_in_the_queue(settings: Settings) -> None:
    """As a word; one that has left the queue has none."""
    fact = History().course().facts[0]
    for status in ("doing", "failed", "todo"):
        key = f"{fact.meta.event_id}:{status}"
        ((job_id,),) = await query(settings, JOB, queue_of(settings), status, key)
        await query(settings, DERIVED, key, status, job_id)
    await query(settings, DERIVED, f"{fact.meta.event_id}:gone", "gone", 10**9)
    async with await connect(settings, application="test") as connection:
        found = await jobs_of(connection, [fact])
    assert {each.name: each.status for each in found} == {
        "doing": "doing", "failed": "failed", "todo": "todo", "gone": None,
    }  # fmt: skip
