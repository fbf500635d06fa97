"""
Reactions that were refused or have failed: in sight until they are carried out or dismissed, and when to try again.

The reactor writes over the connection that holds its lock, so one that has lost the lock writes nothing more.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import psycopg
from psycopg.rows import class_row

FAILED = "failed"  # the code of an exception that is no refusal
FIRST_PAUSE = 1  # seconds until the second try; doubles with each
LONGEST_PAUSE = 3_600  # seconds between two tries

COLUMNS = (
    "position, reaction, event_id, type, stream_id, key, code, sentence, waits_for, attempts,"
    " first_tried_at, last_tried_at, next_try_at, state, settled_at, settled_by, reason"
)

LIFT = """
UPDATE failed_reactions SET next_try_at = now()
 WHERE state = 'waiting' AND waits_for IN (SELECT stream_id FROM events WHERE position > %s AND position <= %s)
"""

# Reactions to facts of one key go in the order of the facts: one that is due takes the earlier ones with it.
DUE = f"""
WITH due AS (
    SELECT key, max(position) AS position FROM (
        SELECT key, position FROM failed_reactions
         WHERE state = 'waiting' AND next_try_at <= now() AND position <= %s
         ORDER BY next_try_at LIMIT %s) AS first
     GROUP BY key)
SELECT {COLUMNS} FROM failed_reactions
 WHERE state = 'waiting' AND next_try_at IS NOT NULL
   AND EXISTS (SELECT FROM due WHERE due.key = failed_reactions.key AND failed_reactions.position <= due.position)
 ORDER BY position, reaction
"""

ANY_WAITS = "SELECT EXISTS (SELECT FROM failed_reactions WHERE state = 'waiting')"

AFTER = f"SELECT {COLUMNS} FROM failed_reactions WHERE position > %s"

DEPLOYED = """
UPDATE failed_reactions SET next_try_at = now() WHERE state = 'waiting' AND code = %s AND code_version <> %s
"""

NOTE = """
INSERT INTO failed_reactions AS f
       (position, reaction, event_id, type, stream_id, key, code, sentence, waits_for, code_version, next_try_at)
VALUES (%(position)s, %(reaction)s, %(event_id)s, %(type)s, %(stream_id)s, %(key)s, %(code)s, %(sentence)s,
        %(waits_for)s, %(code_version)s, CASE WHEN %(can_pass)s THEN now() + make_interval(secs => %(first_pause)s) END)
ON CONFLICT (position, reaction) DO UPDATE
   SET code = excluded.code, sentence = excluded.sentence, waits_for = excluded.waits_for,
       code_version = excluded.code_version, attempts = f.attempts + 1, last_tried_at = now(),
       next_try_at = CASE WHEN %(can_pass)s THEN
           now() + make_interval(secs => least(%(longest_pause)s, %(first_pause)s * 2 ^ least(f.attempts, 12))) END
 WHERE f.state = 'waiting'
"""
FORGET = "DELETE FROM failed_reactions WHERE position = %s AND reaction = %s AND event_id = %s"

SETTLE = """
UPDATE failed_reactions
   SET state = %s, settled_at = now(), settled_by = %s, reason = coalesce(%s, reason), next_try_at = NULL,
       attempts = attempts + %s, last_tried_at = CASE WHEN %s > 0 THEN now() ELSE last_tried_at END
 WHERE position = %s AND reaction = %s AND state <> 'done'
"""

CHOSEN = """
 WHERE state = ANY(%(states)s) AND (%(key)s::text IS NULL OR key = %(key)s)
   AND (%(reaction)s::text IS NULL OR reaction = %(reaction)s)
   AND (%(position)s::bigint IS NULL OR position = %(position)s)
"""
LISTED = f"SELECT {COLUMNS} FROM failed_reactions {CHOSEN} ORDER BY position, reaction"
REQUEST = f"""
UPDATE failed_reactions
   SET state = 'waiting', settled_at = NULL, settled_by = NULL, reason = NULL, next_try_at = now() {CHOSEN}
RETURNING {COLUMNS}
"""
DISMISS = f"""
UPDATE failed_reactions
   SET state = 'dismissed', settled_at = now(), settled_by = %(by)s, reason = %(why)s, next_try_at = NULL {CHOSEN}
RETURNING {COLUMNS}
"""

OF_KEY = f"""
SELECT {COLUMNS} FROM failed_reactions
 WHERE key = %s AND position <= %s AND state <> 'done' ORDER BY position DESC, reaction LIMIT %s
"""

OF_FACTS = f"""
SELECT {COLUMNS} FROM failed_reactions JOIN unnest(%s::bigint[], %s::text[]) AS fact (position, event_id)
 USING (position, event_id) ORDER BY position, reaction
"""

WAITING = """
SELECT reaction, code, count(*), extract(epoch FROM now() - min(first_tried_at))::float8
  FROM failed_reactions WHERE state = 'waiting' GROUP BY reaction, code
"""

OPEN, DISMISSED = ("waiting",), ("dismissed",)


class FailedReaction(NamedTuple):
    """
    One reaction that did not do what it should, or did so late.

    Attributes:
        position: of the fact; so are event_id, type, stream_id and key.
        code: of the rule that refuses, or `failed`.
        waits_for: the stream whose next fact may lift the refusal.
        next_try_at: None if it is not tried again by itself.
        state: `waiting`, `done` (carried out late) or `dismissed`, by whom, when, and why.
    """

    position: int
    reaction: str
    event_id: str
    type: str
    stream_id: str
    key: str
    code: str
    sentence: str
    waits_for: str | None
    attempts: int
    first_tried_at: datetime
    last_tried_at: datetime
    next_try_at: datetime | None
    state: str
    settled_at: datetime | None
    settled_by: str | None
    reason: str | None


class Note(NamedTuple):
    """What the reactor writes down of a try that did not succeed; see `FailedReaction`."""

    position: int
    reaction: str
    event_id: str
    type: str
    stream_id: str
    key: str
    code: str
    sentence: str
    waits_for: str | None
    can_pass: bool
    code_version: str


class Selection(NamedTuple):
    """Which failed reactions are meant; None for all."""

    key: str | None = None
    reaction: str | None = None
    position: int | None = None


async def any_waits(connection: psycopg.AsyncConnection) -> bool:
    """Whether there is any to lift or to try again, at once or later."""
    row = await (await connection.execute(ANY_WAITS)).fetchone()
    return bool(row and row[0])


async def lift(connection: psycopg.AsyncConnection, after: int, until: int) -> None:
    """Make those due whose refusal may be lifted by a fact at the positions *after* + 1 to *until*."""
    await connection.execute(LIFT, (after, until))


async def deployed(connection: psycopg.AsyncConnection, code_version: str) -> None:
    """Make those due that have failed in other code than *code_version*."""
    await connection.execute(DEPLOYED, (FAILED, code_version))


async def due(connection: psycopg.AsyncConnection, until: int, limit: int) -> list[FailedReaction]:
    """Up to *limit* that are due, of facts up to *until*, and those that go before them; in the order of the facts."""
    return await _rows(connection, DUE, (until, limit))


async def after(connection: psycopg.AsyncConnection, position: int) -> list[FailedReaction]:
    """All of facts after *position*, in any state."""
    return await _rows(connection, AFTER, (position,))


async def note(connection: psycopg.AsyncConnection, of: Note) -> None:
    """Write down a try that did not succeed; what is settled stays settled."""
    pauses = {"first_pause": FIRST_PAUSE, "longest_pause": LONGEST_PAUSE}
    await connection.execute(NOTE, {**of._asdict(), **pauses})


async def of_key(connection: psycopg.AsyncConnection, key: str, until: int, limit: int) -> list[FailedReaction]:
    """The latest *limit* to facts of a key up to *until* that were not carried out, in the order of the facts."""
    return (await _rows(connection, OF_KEY, (key, until, limit)))[::-1]


async def of_facts(connection: psycopg.AsyncConnection, event_ids: Mapping[int, str]) -> list[FailedReaction]:
    """All to the facts at these positions, in any state, in the order of the facts; *event_ids* by position."""
    return await _rows(connection, OF_FACTS, (list(event_ids), list(event_ids.values())))


async def forget(connection: psycopg.AsyncConnection, lost: FailedReaction) -> None:
    """Delete the row about a fact that the log has lost, whose position another fact has by now."""
    await connection.execute(FORGET, (lost.position, lost.reaction, lost.event_id))


async def done(connection: psycopg.AsyncConnection, position: int, reaction: str) -> None:
    """Write down that a reaction was carried out after all, even if it was dismissed meanwhile."""
    await connection.execute(SETTLE, ("done", "reactor", None, 1, 1, position, reaction))


async def void(connection: psycopg.AsyncConnection, position: int, reaction: str, reason: str) -> None:
    """Dismiss a reaction for which there is nothing to react to."""
    await connection.execute(SETTLE, ("dismissed", "reactor", reason, 0, 0, position, reaction))


async def listed(
    connection: psycopg.AsyncConnection, selection: Selection, states: Sequence[str] = OPEN
) -> list[FailedReaction]:
    """The selected ones in one of *states*, in the order of their facts."""
    return await _rows(connection, LISTED, {**selection._asdict(), "states": list(states)})


async def request_retry(connection: psycopg.AsyncConnection, selection: Selection) -> list[FailedReaction]:
    """Make the selected ones due; one that was dismissed is opened again if its position is given."""
    states = OPEN if selection.position is None else (*OPEN, *DISMISSED)
    return await _rows(connection, REQUEST, {**selection._asdict(), "states": list(states)})


async def dismiss(
    connection: psycopg.AsyncConnection, selection: Selection, *, reason: str, by: str
) -> list[FailedReaction]:
    """Take the selected ones off the list, with the reason; they are not tried again."""
    return await _rows(connection, DISMISS, {**selection._asdict(), "states": list(OPEN), "by": by, "why": reason})


async def waiting(connection: psycopg.AsyncConnection) -> list[tuple[str, str, int, float]]:
    """How many wait for each reaction and code, and for how many seconds the oldest has."""
    return list(await (await connection.execute(WAITING)).fetchall())


async def _rows(connection: psycopg.AsyncConnection, query: str, parameters: Any) -> list[FailedReaction]:
    async with connection.cursor(row_factory=class_row(FailedReaction)) as cursor:
        await cursor.execute(query.encode(), parameters)
        return await cursor.fetchall()
