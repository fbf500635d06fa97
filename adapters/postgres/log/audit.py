"""
What the staff have done, the newest first: facts by who recorded them, about whom, which, and under which ticket.

Each filter has an index (migration 0292), or the facts about one person are looked through, which are few.
"""

from datetime import datetime
from typing import Any, NamedTuple

from psycopg.rows import class_row

from adapters.postgres.connection import Connection
from adapters.postgres.log.decoding import fact_of
from adapters.postgres.log.learner_history import NAMING
from adapters.postgres.log.postgres_log import COLUMNS, OF_KEY
from domain.fact import Fact

OF_STAFF = "is_of_staff(type, meta)"
ABOUT = " UNION ".join(f"SELECT position FROM events WHERE {which} AND {OF_STAFF}" for which in (*OF_KEY, NAMING))
REFUSED = """
SELECT id::text, refused_at AS at, actor, role, learner_id AS about, command AS action, code, sentence, ticket,
       correlation_id AS request_id
  FROM refused_commands
 WHERE role IS NOT NULL AND (refused_at, id) < (%(at)s, %(id)s::uuid)
   AND (%(actor)s::text IS NULL OR actor = %(actor)s) AND (%(about)s::text IS NULL OR learner_id = %(about)s)
   AND (%(action)s::text IS NULL OR command = %(action)s) AND (%(ticket)s::text IS NULL OR ticket = %(ticket)s)
   AND (%(since)s::timestamptz IS NULL OR refused_at >= %(since)s)
 ORDER BY refused_at DESC, id DESC LIMIT %(limit)s
"""


class Wanted(NamedTuple):
    """
    What is looked for; all that is given has to be true.

    Attributes:
        about: a person, by the id of the account.
        action: the type of a fact; the name of a command where it was refused.
        since: refused then or later; of facts the bounds say it.
    """

    actor: str | None = None
    about: str | None = None
    action: str | None = None
    ticket: str | None = None
    since: datetime | None = None


class RefusedAct(NamedTuple):
    """A command of the staff that a rule has refused."""

    id: str
    at: datetime
    actor: str
    role: str
    about: str | None
    action: str
    code: str
    sentence: str
    ticket: str | None
    request_id: str | None


async def acts(connection: Connection, wanted: Wanted, bounds: tuple[int, int], limit: int) -> list[Fact]:
    """The newest *limit* facts of the staff with positions above the first of *bounds* and below the second."""
    conditions = [OF_STAFF, "position > %(after)s", "position < %(before)s"]
    conditions += ["actor_of(meta) = %(actor)s"] if wanted.actor is not None else []
    conditions += ["type = %(action)s"] if wanted.action is not None else []
    conditions += ["ticket_of(meta) = %(ticket)s"] if wanted.ticket is not None else []
    begin = ""
    if wanted.about is not None:
        begin = f"WITH about AS MATERIALIZED ({ABOUT}) "
        conditions.append("position IN (SELECT position FROM about)")
    query = (
        f"{begin}SELECT {COLUMNS} FROM events WHERE {' AND '.join(conditions)} ORDER BY position DESC LIMIT %(limit)s"
    )
    values: dict[str, Any] = {
        **wanted._asdict(),
        "key": wanted.about,
        "after": bounds[0],
        "before": bounds[1],
        "limit": limit,
    }
    cursor = await connection.execute(query.encode(), values, binary=True)
    return [fact_of(row) for row in await cursor.fetchall()]


async def refused_acts(
    connection: Connection, wanted: Wanted, before: tuple[datetime, str], limit: int
) -> list[RefusedAct]:
    """The newest *limit* refused commands of the staff before a time and an id, the newest first."""
    at, last = before
    values = {**wanted._asdict(), "at": at, "id": last, "limit": limit}
    async with connection.cursor(row_factory=class_row(RefusedAct)) as cursor:
        await cursor.execute(REFUSED, values)
        return await cursor.fetchall()
