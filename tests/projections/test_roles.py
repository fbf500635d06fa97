"""Roles as rows."""

from projections.roles import ROLE_GRANTS, RoleGrant, Roles
from tests.support.facts import History, day, fold, rows_of


def test_a_role_from_its_grant_to_its_end() -> None:
    """A later grant counts, with its end; what is revoked has no time, and may be granted again."""
    grant = {"role": "instructor", "scope": "run:AAA-1"}
    history = History().add("role-7", "role.granted", day(1), **grant, until=None, reason="teaches")
    (row,) = rows_of(fold(Roles, history), ROLE_GRANTS, RoleGrant)
    actor = row.granted_by
    assert actor == history.facts[0].meta.actor
    assert row == RoleGrant("7", "instructor", "run:AAA-1", day(1), actor, None, "teaches")
    until = day(9).isoformat()
    history.add("role-7", "role.granted", day(2), **grant, until=until, reason="one more week")
    rows = rows_of(fold(Roles, history), ROLE_GRANTS, RoleGrant)
    assert rows == [RoleGrant("7", "instructor", "run:AAA-1", day(2), actor, day(9), "one more week")]
    history.add("role-7", "role.revoked", day(3), **grant, reason="ill")
    assert rows_of(fold(Roles, history), ROLE_GRANTS, RoleGrant) == [RoleGrant("7", "instructor", "run:AAA-1")]
    other = {"role": "admin", "scope": "campus", "until": None, "reason": "runs it"}
    history.add("role-7", "role.granted", day(4), **other).add("role-8", "role.granted", day(4), **other)
    assert len(rows_of(fold(Roles, history), ROLE_GRANTS, RoleGrant)) == 3
