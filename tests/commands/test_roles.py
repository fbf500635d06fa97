"""Use cases of roles."""

from datetime import timedelta

import pytest

from commands.roles import EndRoles, GrantRole, RevokeRole
from commands.user import RegisterAccount, RequestErasure, VerifyEmail
from domain.roles import ADMIN_OF_CAMPUS, Grant, Roles
from tests.support.given import fact
from tests.support.usecases import AT, RUN, Campus

TEACHES = Grant("instructor", f"run:{RUN}")
WHY = "runs the campus"


@pytest.fixture
async def staffed(campus: Campus) -> Campus:
    """Three persons with accounts, of whom two are admins, one of them for a day."""
    for person in ("ann", "bob", "cid"):
        await campus.give(RegisterAccount(person, f"{person}@example.org"), VerifyEmail(person))
    await campus.give(GrantRole("ann", ADMIN_OF_CAMPUS, None, WHY))
    await campus.give(GrantRole("bob", ADMIN_OF_CAMPUS, AT + timedelta(days=1), WHY))
    return campus


async def test_a_role_is_granted_and_revoked(staffed: Campus) -> None:
    """Each is one fact, on the stream of the person."""
    granted = {"role": "instructor", "scope": f"run:{RUN}", "until": None, "reason": "teaches"}
    command = GrantRole("cid", TEACHES, None, "teaches")
    assert await staffed.new(command) == [("role-cid", fact(Roles.Granted, **granted))]
    assert await staffed.repeats(command)
    revoked = {"role": "instructor", "scope": f"run:{RUN}", "reason": "over"}
    assert await staffed.new(RevokeRole("cid", TEACHES, "over")) == [("role-cid", fact(Roles.Revoked, **revoked))]
    assert await staffed.repeats(RevokeRole("cid", TEACHES, "over"))
    assert await staffed.new(GrantRole("cid", Grant("instructor", "course:algebra"), None, "teaches"))


async def test_what_is_refused(staffed: Campus) -> None:
    """A role needs a person with an account, and a course or a run that there is; a service needs no account."""
    assert await staffed.refused(GrantRole("zoe", TEACHES, None, "x")) == "account_not_found"
    assert await staffed.refused(GrantRole("cid", Grant("instructor", "run:none"), None, "x")) == "run_not_found"
    assert await staffed.refused(GrantRole("cid", Grant("instructor", "course:none"), None, "x")) == "course_not_found"
    assert await staffed.refused(GrantRole("cid", Grant("admin", f"run:{RUN}"), None, "x")) == "unfit_scope"
    assert await staffed.refused(GrantRole("cid", TEACHES, AT, "x")) == "end_is_past"
    assert await staffed.refused(RevokeRole("cid", TEACHES, "x")) == "role_not_granted"
    await staffed.give(GrantRole("service-reports", Grant("service", "campus"), None, "nightly report"))
    assert await staffed.refused(GrantRole("cid", Grant("service", "campus"), None, "x")) == "bad_client_id"
    await staffed.give(RequestErasure("cid"))
    assert await staffed.refused(GrantRole("cid", TEACHES, None, "x")) == "person_erased"


async def test_an_admin_stays(staffed: Campus) -> None:
    """The last one without an end keeps the role and gets no end: another has to be named, and has to be one."""
    until = AT + timedelta(days=2)
    for stays in (None, "ann", "bob", "cid", "zoe"):
        assert await staffed.refused(RevokeRole("ann", ADMIN_OF_CAMPUS, "leaves", stays)) in {
            "last_admin",
            "account_not_found",
        }, stays
    assert await staffed.refused(GrantRole("ann", ADMIN_OF_CAMPUS, until, "leaves", "bob")) == "last_admin"
    await staffed.give(RevokeRole("bob", ADMIN_OF_CAMPUS, "one whose role would end is no last one"))
    await staffed.give(GrantRole("cid", ADMIN_OF_CAMPUS, None, WHY))
    await staffed.give(GrantRole("ann", ADMIN_OF_CAMPUS, until, "leaves", "cid"))
    assert await staffed.refused(RevokeRole("cid", ADMIN_OF_CAMPUS, "leaves", "ann")) == "last_admin"
    await staffed.give(RegisterAccount("dot", "dot@example.org"), GrantRole("dot", ADMIN_OF_CAMPUS, None, WHY))
    leaves = RevokeRole("cid", ADMIN_OF_CAMPUS, "leaves", "dot")
    assert await staffed.refused(leaves) == "last_admin", "a registration that is not completed lapses"
    await staffed.give(VerifyEmail("dot"), leaves)


async def test_roles_end_with_the_account(staffed: Campus) -> None:
    """All that hold, once; who had none, or has none any more, loses none."""
    await staffed.give(GrantRole("cid", TEACHES, None, "teaches"), RequestErasure("cid"))
    ended = {"role": "instructor", "scope": f"run:{RUN}", "reason": "account erased"}
    assert await staffed.new(EndRoles("cid")) == [("role-cid", fact(Roles.Revoked, **ended))]
    assert await staffed.repeats(EndRoles("cid"))
    assert await staffed.new(EndRoles("zoe")) == []


async def test_the_last_admin_is_not_erased(staffed: Campus) -> None:
    """Another has to be named who is one without an end, and has an account."""
    for stays in (None, "ann", "bob", "cid", "zoe"):
        refused = await staffed.refused(RequestErasure("ann", stays=stays))
        assert refused in {"last_admin", "account_not_found"}, stays
    await staffed.give(RequestErasure("bob"), GrantRole("cid", ADMIN_OF_CAMPUS, None, WHY))
    await staffed.give(RequestErasure("ann", stays="cid"))
    assert await staffed.repeats(RequestErasure("ann"))
    assert await staffed.refused(RequestErasure("cid", stays="ann")) == "person_erased"
