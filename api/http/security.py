"""
Authorization: who sends a request, and what this user may do.

A development token stands for a demo user. Learners see and act for themselves; instructors and admins for others too.
"""

from typing import Annotated

from fastapi import Depends, Request

from adapters.jwt import JwtClaims
from api.http.services import get_services
from domain.errors import Forbidden

STAFF = frozenset({"instructor", "admin"})


class NotYours(Forbidden):
    """Learners see and act for themselves only."""

    code = "not_yours"

    def __init__(self, learner_id: str) -> None:
        super().__init__(f"only learner {learner_id} and the staff may do this", learner_id=learner_id)


class StaffOnly(Forbidden):
    """Only instructors and admins may do this."""

    code = "staff_only"

    def __init__(self) -> None:
        super().__init__("this is for instructors and admins")


def user_of(request: Request) -> JwtClaims:
    """The user whose token the request carries; raises Unauthenticated."""
    return get_services(request).tokens.user(request.headers.get("authorization"))


async def current_user(request: Request) -> JwtClaims:
    """`user_of`, for the routes that need nothing else of the request."""
    return user_of(request)


def is_staff(user: JwtClaims) -> bool:
    """Whether *user* may see and act for others."""
    return not STAFF.isdisjoint(user.roles)


def may_act_for(user: JwtClaims, learner_id: str) -> str:
    """The id of the learner, if *user* may see and act for them; raises NotYours if not."""
    if learner_id != user.subject and not is_staff(user):
        raise NotYours(learner_id)
    return learner_id


def must_be_staff(user: JwtClaims) -> None:
    """Raise StaffOnly for a user who is not one of the staff."""
    if not is_staff(user):
        raise StaffOnly


CurrentUser = Annotated[JwtClaims, Depends(current_user)]
