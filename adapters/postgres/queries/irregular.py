"""How many facts of a learner on a run break which rule of today; read models count them by run only."""

from adapters.postgres.queries.reader import Reader
from projections.engine.moment import Moment

# By the index of streams; the bytes are looked at first, and decoded where they have the field.
OF_LEARNER = """
SELECT json_or_null(data) ->> 'irregular', count(*) FROM events
 WHERE (stream_id IN ('enrollment-' || %(place)s, 'progress-' || %(place)s)
        OR (stream_id >= 'attempt-' || %(learner)s || ':' AND stream_id < 'attempt-' || %(learner)s || ';'
            AND json_or_null(data) ->> 'run_id' = %(run)s))
   AND position('"irregular"'::bytea IN data) > 0 AND json_or_null(data) ->> 'irregular' IS NOT NULL
   AND (%(until)s::bigint IS NULL OR position <= %(until)s)
   AND (%(valid_at)s::timestamptz IS NULL OR occurred_at <= %(valid_at)s)
 GROUP BY 1 ORDER BY 1
"""


async def of_learner(reader: Reader, learner_id: str, run_id: str, moment: Moment | None = None) -> dict[str, int]:
    """Their number by the code of the rule, as of now or of a moment."""
    until, valid_at = (None, None) if moment is None else (moment.position, moment.valid_at)
    place = {"place": f"{learner_id}:{run_id}", "learner": learner_id, "run": run_id}
    return dict(await reader.rows(OF_LEARNER, {**place, "until": until, "valid_at": valid_at}))
