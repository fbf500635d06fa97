"""
Authorization: who sends a request, and what this user may do.

A development token stands for a demo user. Learners see and act for themselves; the staff (instructors and admins) for
others too. Auditors see what the staff see, and send no commands, whatever other roles they have.
"""

from typing import Annotated

from fastapi import Depends, Request

from adapters.jwt import JwtClaims
from api.http.services import get_services
from api.http.sessions import user_by_cookie, user_by_token
from domain.errors import Forbidden

STAFF = frozenset({"instructor", "admin"})
AUDITOR, ADMIN = "auditor", "admin"


class NotYours(Forbidden):
    """Learners see and act for themselves only, and auditors see what is not theirs."""

    code = "not_yours"

    def __init__(self, learner_id: str) -> None:
        super().__init__(f"only learner {learner_id} and the staff may do this", learner_id=learner_id)


class StaffOnly(Forbidden):
    """Only instructors and admins may do this, or see it, which auditors may, too."""

    code = "staff_only"

    def __init__(self) -> None:
        super().__init__("this is for instructors and admins")


class AdminsOnly(Forbidden):
    """Only admins may do this, or see it, which auditors may, too."""

    code = "admins_only"
    template = "this is for admins"


class AuditorsOnlyRead(Forbidden):
    """An auditor has sent a command."""

    code = "auditors_only_read"

    def __init__(self) -> None:
        super().__init__("auditors read everything and send no commands: one of the staff has to send it")


def user_of(request: Request) -> JwtClaims:
    """The user whose token the request carries, or whom its cookie names; raises Unauthenticated."""
    if "authorization" not in request.headers:
        passed_on: JwtClaims | None = request.scope.get("identity")  # by the gateway, which keeps the token
        if (user := user_by_cookie(request) or passed_on) is not None:
            return user
    if (named := user_by_token(request)) is not None:
        return named
    return get_services(request).tokens.user(request.headers.get("authorization"))


async def current_user(request: Request) -> JwtClaims:
    """`user_of`, for the routes that need nothing else of the request."""
    return user_of(request)


def is_staff(user: JwtClaims) -> bool:
    """Whether *user* may act for others."""
    return not STAFF.isdisjoint(user.roles)


def is_auditor(user: JwtClaims) -> bool:
    """Whether *user* may only read."""
    return AUDITOR in user.roles


def sees_all(user: JwtClaims) -> bool:
    """Whether *user* may see what belongs to others."""
    return is_staff(user) or is_auditor(user)


def may_act_for(user: JwtClaims, learner_id: str) -> str:
    """The id of the learner, if *user* may act for them; raises NotYours if not."""
    if learner_id != user.subject and not is_staff(user):
        raise NotYours(learner_id)
    return learner_id


def may_see(user: JwtClaims, learner_id: str) -> str:
    """The id of the learner, if *user* may see what is theirs; raises NotYours if not."""
    if learner_id != user.subject and not sees_all(user):
        raise NotYours(learner_id)
    return learner_id


def must_be_staff(user: JwtClaims) -> None:
    """Raise StaffOnly for a user who is not one of the staff."""
    if not is_staff(user):
        raise StaffOnly


def must_see_all(user: JwtClaims) -> None:
    """Raise StaffOnly for a user who is neither one of the staff nor an auditor."""
    if not sees_all(user):
        raise StaffOnly


def must_be_admin(user: JwtClaims, *, to_see: bool = False) -> None:
    """Raise AdminsOnly for a user who is no admin; *to_see*: nor an auditor."""
    if ADMIN not in user.roles and not (to_see and is_auditor(user)):
        raise AdminsOnly


def may_send(user: JwtClaims) -> JwtClaims:
    """The user, if they may send commands; raises AuditorsOnlyRead if not."""
    if is_auditor(user):
        raise AuditorsOnlyRead
    return user


CurrentUser = Annotated[JwtClaims, Depends(current_user)]
