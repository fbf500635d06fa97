"""
Roles: what was granted to whom, where and until when, and was not revoked; one that has ended stays with its end.

Reads     facts of domain.roles, in log order.
Writes    role_grants, one row per person, role and scope.
Serves    api.roles, and finds the admins who stay when one loses the role.
Rebuild   campus projections rebuild roles (safe: rows are its only effect).
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import ClassVar

import msgspec

from domain.fact import Fact
from domain.streams import named_id
from projections.engine.projection import SEGMENTS, Handler, Projection, RowKey, Rows, Table


class RoleGrant(msgspec.Struct):
    """A role in a scope; `granted_at` is null once it is revoked."""

    learner_id: str
    role: str
    scope: str
    granted_at: datetime | None = None
    granted_by: str | None = None
    until: datetime | None = None
    reason: str | None = None


ROLE_GRANTS = Table("role_grants", RoleGrant, ("learner_id", "role", "scope"))
_learner = named_id("learner_id")


def _key(fact: Fact) -> tuple[str, str, str]:
    return _learner(fact.stream_id), fact.data["role"], fact.data["scope"]


def _needs(fact: Fact) -> Iterable[RowKey]:
    return (RowKey(ROLE_GRANTS, _key(fact)),)


def _granted(fact: Fact, rows: Rows) -> None:
    row, until = rows.edit(ROLE_GRANTS, RoleGrant, *_key(fact)), fact.data["until"]
    row.granted_at, row.granted_by, row.reason = fact.occurred_at, fact.meta.actor, fact.data["reason"]
    row.until = None if until is None else datetime.fromisoformat(until)


def _revoked(fact: Fact, rows: Rows) -> None:
    row = rows.edit(ROLE_GRANTS, RoleGrant, *_key(fact))
    row.granted_at = row.granted_by = row.reason = row.until = None


class Roles(Projection):
    """Roles by person."""

    name = "roles"
    version = 1
    store = "postgres"
    segments = SEGMENTS
    tables = (ROLE_GRANTS,)
    handlers: ClassVar[Mapping[str, Handler]] = {
        "role.granted": Handler(_needs, _granted, writes=(ROLE_GRANTS,)),
        "role.revoked": Handler(_needs, _revoked, writes=(ROLE_GRANTS,)),
    }
