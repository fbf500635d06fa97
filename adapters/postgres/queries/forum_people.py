"""
Whom a post on a run can mention, as SQL over projections/forum_activity.py, roles.py and accounts.py; names are sealed.

Those are people who have written there under a name, and the staff of the run.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from adapters.postgres.queries.reader import CHECKPOINT, Reader
from adapters.postgres.queries.roles import LIVE
from domain.roles import COURSE, RUN, Role
from domain.user import AccountStatus

MOST_PEOPLE = 2_000  # of a run, those who have written most


class SealedPerson(NamedTuple):
    """A person with the state of the account and its name, sealed; None for what there is not."""

    learner_id: str
    by_staff: bool
    status: str | None
    display_name: str | None


PEOPLE = f"""
WITH staff AS (
    SELECT DISTINCT learner_id FROM role_grants
     WHERE {LIVE} AND (role = '{Role.INSTRUCTOR}' AND scope = ANY(%(scopes)s)
                       OR role = '{Role.ASSISTANT}' AND scope = %(scope)s)),
found AS (
    (SELECT learner_id, false AS by_staff, posts FROM forum_people
      WHERE run_id = %(run)s AND posts > 0 AND (%(ids)s::text[] IS NULL OR learner_id = ANY(%(ids)s::text[]))
      ORDER BY posts DESC LIMIT %(most)s)
    UNION ALL SELECT learner_id, true, 0 FROM staff
      WHERE %(ids)s::text[] IS NULL OR learner_id = ANY(%(ids)s::text[]))
SELECT least({CHECKPOINT.format("forum_activity")}, {CHECKPOINT.format("accounts")}), person.*
  FROM (SELECT) AS once LEFT JOIN LATERAL (
    SELECT learner_id, bool_or(by_staff), account.status, account.display_name
      FROM found LEFT JOIN accounts AS account USING (learner_id)
     WHERE learner_id <> %(me)s AND account.status IS DISTINCT FROM '{AccountStatus.ERASED}'
     GROUP BY learner_id, account.status, account.display_name) AS person ON true
"""
NAMED = """
SELECT learner_id, false, status, display_name FROM accounts WHERE learner_id = ANY(%(ids)s)
"""


async def mentionable(
    reader: Reader, run_id: str, course_id: str, me: str, ids: Sequence[str] | None, *, most: int, now: datetime
) -> tuple[list[SealedPerson], int]:
    """
    The people whom *me* can mention on a run, all or those of *ids*, and the position for which it is true.

    Args:
        most: of those who have written, the ones who have written most.
    """
    run = f"{RUN}{run_id}"
    parameters = {"run": run_id, "me": me, "ids": None if ids is None else list(ids), "now": now, "most": most}
    rows = await reader.rows(PEOPLE, {**parameters, "scopes": [run, f"{COURSE}{course_id}"], "scope": run})
    return [SealedPerson(*row[1:]) for row in rows if row[1] is not None], rows[0][0] or 0


async def named(reader: Reader, ids: Sequence[str]) -> list[SealedPerson]:
    """What some people are called who have an account."""
    return [SealedPerson(*row) for row in await reader.rows(NAMED, {"ids": list(ids)})]
