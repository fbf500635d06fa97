"""The sealed names of the learners of a run, from the rows of accounts and of course_dashboard."""

from collections.abc import Sequence
from typing import NamedTuple

from adapters.postgres.queries.reader import CHECKPOINT, Reader

LEARNERS = f"""
SELECT least({CHECKPOINT.format("accounts")}, {CHECKPOINT.format("course_dashboard")}), page.*
  FROM (SELECT) AS once LEFT JOIN LATERAL (
    SELECT learner_id, account.status, account.display_name
      FROM course_enrollments AS place LEFT JOIN accounts AS account USING (learner_id)
     WHERE run_id = %(run)s AND place.status <> 'none' AND learner_id > %(after)s
       AND (%(ids)s::text[] IS NULL OR learner_id = ANY(%(ids)s::text[]))
     ORDER BY learner_id LIMIT %(limit)s) AS page ON true
 ORDER BY page.learner_id
"""


class SealedName(NamedTuple):
    """A learner with the state of the account and its name, sealed; None for what there is not."""

    learner_id: str
    status: str | None
    display_name: str | None


async def sealed_names(
    reader: Reader, run_id: str, ids: Sequence[str] | None, after: str, limit: int
) -> tuple[list[SealedName], int]:
    """Up to *limit* learners of a run after an id, all or those of *ids*, and the position for which it is true."""
    parameters = {"run": run_id, "ids": None if ids is None else list(ids), "after": after, "limit": limit}
    rows = await reader.rows(LEARNERS, parameters)
    return [SealedName(*row[1:]) for row in rows if row[1] is not None], rows[0][0] or 0
