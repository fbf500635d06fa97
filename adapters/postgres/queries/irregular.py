"""How many facts of a learner on a run break which rule of today; read models count them by run only."""

from adapters.postgres.queries.reader import Reader

# By the index of streams; the bytes are looked at first, and decoded where they have the field.
OF_LEARNER = """
SELECT json_or_null(data) ->> 'irregular', count(*) FROM events
 WHERE (stream_id IN ('enrollment-' || %(place)s, 'progress-' || %(place)s)
        OR (stream_id >= 'attempt-' || %(learner)s || ':' AND stream_id < 'attempt-' || %(learner)s || ';'
            AND json_or_null(data) ->> 'run_id' = %(run)s))
   AND position('"irregular"'::bytea IN data) > 0 AND json_or_null(data) ->> 'irregular' IS NOT NULL
 GROUP BY 1 ORDER BY 1
"""


async def of_learner(reader: Reader, learner_id: str, run_id: str) -> dict[str, int]:
    """Their number by the code of the rule, as of now."""
    place = f"{learner_id}:{run_id}"
    return dict(await reader.rows(OF_LEARNER, {"place": place, "learner": learner_id, "run": run_id}))
