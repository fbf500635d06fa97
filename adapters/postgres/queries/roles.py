"""Roles: what is answered, an example, and the SQL over the rows of projections/roles.py."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec

from adapters.personal.keys import PersonKeys
from adapters.postgres.queries.json_answer import json_object
from adapters.postgres.queries.reader import CHECKPOINT, Reader, RowPage
from domain.personal import is_sealed, read_words
from domain.roles import CAMPUS, COURSE, RUN, Role, roles_stream
from domain.user import AccountStatus
from domain.words import closed


class GrantedRole(msgspec.Struct, kw_only=True):
    """
    A role that a person has.

    Attributes:
        scope: where it holds: `campus`, `course:ID` with the runs of that course, or `run:ID`.
        granted_by: the person, or the operator on the machine, who granted it last.
        until: when it ends by itself; null for never.
    """

    learner_id: str
    role: Annotated[str, closed(Role)]
    scope: str
    granted_at: datetime
    granted_by: str
    until: datetime | None
    reason: str


EXAMPLE = GrantedRole(
    learner_id="5e0c8f8bd3f54b0ab4d3b5d55c0e3f3a",
    role="instructor",
    scope="run:algebra-2026",
    granted_at=datetime(2026, 2, 1, 9, tzinfo=UTC),
    granted_by="3f0c0a52a2d94b0ab4d3b5d55c0e3f3a",
    until=datetime(2026, 7, 1, tzinfo=UTC),
    reason="teaches algebra this term",
)
LIVE = "granted_at IS NOT NULL AND (until IS NULL OR until > %(now)s)"
PAGE = f"""
SELECT {CHECKPOINT.format("roles")}, page.learner_id, page.role, page.scope, page.body
  FROM (SELECT) AS once LEFT JOIN LATERAL (
    SELECT learner_id, role, scope, {json_object(GrantedRole)}::text AS body FROM role_grants
     WHERE {LIVE} AND (learner_id, role, scope) > (%(after_learner)s, %(after_role)s, %(after_scope)s)
       AND (%(learner)s::text IS NULL OR learner_id = %(learner)s)
       AND (%(role)s::text IS NULL OR role = %(role)s) AND (%(scope)s::text IS NULL OR scope = %(scope)s)
     ORDER BY learner_id, role, scope LIMIT %(limit)s) AS page ON true
 ORDER BY page.learner_id, page.role, page.scope
"""
OTHER_ADMINS = f"""
SELECT {CHECKPOINT.format("roles")}, (
    SELECT learner_id FROM role_grants
     WHERE role = '{Role.ADMIN}' AND scope = '{CAMPUS}' AND granted_at IS NOT NULL AND until IS NULL
       AND learner_id <> %(learner)s
       AND NOT EXISTS (SELECT FROM accounts WHERE accounts.learner_id = role_grants.learner_id
                          AND status <> '{AccountStatus.ACTIVE}')
     ORDER BY granted_at LIMIT 1)
"""

STAFF_OF_RUN = f"""
SELECT DISTINCT learner_id FROM role_grants
 WHERE {LIVE} AND learner_id > %(after)s
   AND (role = '{Role.INSTRUCTOR}' AND scope = ANY(%(scopes)s) OR role = '{Role.ASSISTANT}' AND scope = %(run)s)
   AND NOT EXISTS (SELECT FROM accounts WHERE accounts.learner_id = role_grants.learner_id
                      AND status <> '{AccountStatus.ACTIVE}')
 ORDER BY learner_id LIMIT %(limit)s
"""


class Asked(msgspec.Struct, frozen=True):
    """Whose roles are asked for, which, and where; None narrows nothing."""

    learner_id: str | None = None
    role: str | None = None
    scope: str | None = None


async def granted(reader: Reader, asked: Asked, after: Sequence[str], limit: int, *, now: datetime) -> RowPage:
    """A page of the roles that hold at *now*, after the three values *after* (person, role, scope)."""
    learner, role, scope = after
    parameters = {
        "now": now,
        "after_learner": learner,
        "after_role": role,
        "after_scope": scope,
        "learner": asked.learner_id,
        "role": asked.role,
        "scope": asked.scope,
        "limit": limit,
    }
    return await reader.page(PAGE, parameters)


async def with_reasons(keys: PersonKeys, page: RowPage) -> RowPage:
    """The same page with the reasons opened; of persons who are erased, that they are."""
    found: list[dict[str, Any]] = [msgspec.json.decode(row[-1]) for row in page.rows]
    sealed = {roles_stream(each["learner_id"]) for each in found if is_sealed(each["reason"])}
    known = await keys.reading_all(sealed)
    for each in found:
        if (key := known.get(roles_stream(each["learner_id"]))) is not None:
            each["reason"] = read_words(each["reason"], key)
    rows = [(*row[:-1], msgspec.json.encode(each).decode()) for row, each in zip(page.rows, found, strict=True)]
    return page._replace(rows=rows)


async def staff_of_run(
    reader: Reader, run_id: str, course_id: str, after: str, limit: int, *, now: datetime
) -> list[str]:
    """Who teaches a run or its course, or assists there, and has an account: by their ids, which follow *after*."""
    run = f"{RUN}{run_id}"
    parameters = {"now": now, "after": after, "scopes": [run, f"{COURSE}{course_id}"], "run": run, "limit": limit}
    return [learner_id for (learner_id,) in await reader.rows(STAFF_OF_RUN, parameters)]


async def other_admin(reader: Reader, learner_id: str) -> str | None:
    """An admin whose role has no end, beside this one; None if the read model knows none."""
    answer = await reader.answer(OTHER_ADMINS, {"learner": learner_id})
    return None if answer.body is None else answer.body.decode()
