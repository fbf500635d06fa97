"""Roles of persons, by their facts and rules."""

from datetime import timedelta
from typing import Any

import pytest

from domain.roles import ADMIN_OF_CAMPUS, EndIsPast, Grant, Role, RoleNotGranted, Roles, UnfitScope, check_scope
from tests.support.given import AT, fact, given, replay

LATER = AT + timedelta(days=30)
TEACHES = Grant("instructor", "run:algebra-1")
GRANTED = fact(Roles.Granted, role="instructor", scope="run:algebra-1", until=None, reason="teaches")
REVOKED = fact(Roles.Revoked, role="instructor", scope="run:algebra-1", reason="term over")


def with_end(until: Any) -> Any:
    """The same grant with an end."""
    return fact(Roles.Granted, role="instructor", scope="run:algebra-1", until=until, reason="teaches")


def test_a_role_is_granted_and_revoked_once() -> None:
    """The same once more is no news; what was revoked may be granted again, and what never was is not revoked."""
    given(Roles).when(lambda roles: roles.grant(TEACHES, None, "teaches", AT)).then(GRANTED)
    given(Roles, GRANTED).when(lambda roles: roles.grant(TEACHES, None, "again", AT)).then()
    given(Roles, GRANTED).when(lambda roles: roles.revoke(TEACHES, "term over")).then(REVOKED)
    given(Roles, GRANTED, REVOKED).when(lambda roles: roles.revoke(TEACHES, "term over")).then()
    given(Roles, GRANTED, REVOKED).when(lambda roles: roles.grant(TEACHES, None, "teaches", AT)).then(GRANTED)
    given(Roles, GRANTED).when(lambda roles: roles.revoke(ADMIN_OF_CAMPUS, "typo")).refused(
        RoleNotGranted, learner_id="ann", role="admin", scope="campus"
    )


def test_a_grant_ends_by_itself_and_to_the_moment() -> None:
    """No fact is needed for that; another end is one, and one that is past makes no sense."""
    given(Roles, GRANTED).when(lambda roles: roles.grant(TEACHES, LATER, "teaches", AT)).then(with_end(LATER))
    given(Roles, with_end(LATER)).when(lambda roles: roles.grant(TEACHES, LATER, "teaches", AT)).then()
    given(Roles, with_end(LATER)).when(lambda roles: roles.grant(TEACHES, None, "teaches", LATER)).then(GRANTED)
    given(Roles).when(lambda roles: roles.grant(TEACHES, AT, "teaches", AT)).refused(EndIsPast, until=AT.isoformat())
    roles = replay(Roles, "role-ann", [with_end(LATER)])
    assert roles.live(LATER - timedelta(microseconds=1)) == {TEACHES: LATER}
    assert roles.live(LATER) == {}
    given(Roles, with_end(LATER)).when(lambda it: it.revoke(TEACHES, "term over")).then(REVOKED)


def test_all_roles_end_that_hold() -> None:
    """Those that have ended by themselves need no fact."""
    other = fact(Roles.Granted, role="auditor", scope="campus", until=None, reason="audits")
    ended = fact(Roles.Revoked, role="auditor", scope="campus", reason="account erased")
    given(Roles, with_end(LATER), other).when(lambda it: it.end("account erased", LATER)).then(ended)
    given(Roles, with_end(LATER), other, ended).when(lambda it: it.end("account erased", LATER)).then()


def test_who_is_an_admin_without_an_end() -> None:
    """One whose role ends is none that could stay."""
    granted = {"role": "admin", "scope": "campus", "reason": "runs it"}
    for until, lasts in ((None, True), (LATER, False)):
        assert replay(Roles, "role-ann", [fact(Roles.Granted, **granted, until=until)]).is_lasting_admin == lasts
    assert not replay(Roles, "role-ann", [GRANTED]).is_lasting_admin


@pytest.mark.parametrize(
    ("role", "scope"),
    [
        *((role, "campus") for role in Role if role not in {"instructor", "assistant"}),
        *(("instructor", scope) for scope in ("course:algebra", "run:algebra-1")),
        ("assistant", "run:algebra-1"),
    ],
)
def test_where_a_role_may_hold(role: str, scope: str) -> None:
    """Instructors have a course or a run, assistants a run, all others the campus."""
    check_scope(Role(role), scope)


@pytest.mark.parametrize(
    ("role", "scope"),
    [
        ("admin", "run:algebra-1"),
        ("instructor", "campus"),
        ("assistant", "course:algebra"),
        *(("instructor", scope) for scope in ("", "run:", "course:", "run", "run:a b", "run:a:b", "RUN:a", "run:é")),
    ],
)
def test_where_a_role_may_not_hold(role: str, scope: str) -> None:
    """The sentence says where it may."""
    with pytest.raises(UnfitScope, match="but for"):
        check_scope(Role(role), scope)
