"""
Roles of persons: what each may do beside learning, where, and until when; every account is a learner without a grant.

A grant holds in its scope: the whole campus, a course with its runs, or a run. One that has an end ceases to hold then,
without a further fact.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from domain.aggregate import ID_PATTERN, Aggregate, event, stream_id
from domain.errors import Conflict, Rejected
from domain.personal import Words

CAMPUS = "campus"
"""The scope of what holds everywhere."""

COURSE, RUN = "course:", "run:"
"""How the scopes of one course and of one run begin."""


class Role(StrEnum):
    """What is granted."""

    INSTRUCTOR = "instructor"
    ASSISTANT = "assistant"
    AUDITOR = "auditor"
    ANALYST = "analyst"
    ADMIN = "admin"
    SERVICE = "service"


SCOPES: Mapping[Role, tuple[str, ...]] = {
    Role.INSTRUCTOR: (COURSE, RUN),
    Role.ASSISTANT: (RUN,),
    Role.AUDITOR: (CAMPUS,),
    Role.ANALYST: (CAMPUS,),
    Role.ADMIN: (CAMPUS,),
    Role.SERVICE: (CAMPUS,),
}
"""How the scope of a grant of each role may begin; `campus` is a scope by itself."""


class UnfitScope(Rejected):
    """A role is not granted in this scope."""

    code = "unfit_scope"
    template = "{role} is not granted for {scope!r}, but for {allowed}"


class EndIsPast(Rejected):
    """A grant would have ended before it began."""

    code = "end_is_past"
    template = "a grant that ends at {until} would hold at no time: it is past"


class RoleNotGranted(Conflict):
    """What was never granted cannot be revoked."""

    code = "role_not_granted"
    template = "{learner_id} was never granted the role {role} for {scope}"


class LastAdmin(Conflict):
    """Without this grant the campus would have no admin for good."""

    code = "last_admin"
    template = "{learner_id} is the only admin whose role has no end: grant it to another person first"


class Grant(NamedTuple):
    """A role in a scope."""

    role: str
    scope: str


def roles_stream(learner_id: str) -> str:
    """The stream of a person's roles."""
    return stream_id("role", learner_id)


def is_id_after(beginning: str, scope: str) -> bool:
    """Whether a scope is this beginning and an id."""
    return scope.startswith(beginning) and ID_PATTERN.match(scope[len(beginning) :]) is not None


def check_scope(role: Role, scope: str) -> None:
    """Raise UnfitScope where a role is not granted in such a scope."""
    fitting = SCOPES[role]
    if any(scope == each == CAMPUS or (each != CAMPUS and is_id_after(each, scope)) for each in fitting):
        return
    shown = " or ".join(each if each == CAMPUS else f"{each}ID" for each in fitting)
    raise UnfitScope(role=role.value, scope=scope[:80], allowed=shown)


class Roles(Aggregate):
    """The roles of one person."""

    category = "role"
    ids = ("learner_id",)
    keyed_by = "learner_id"

    class Granted(Aggregate.Event):
        TOPIC = "role.granted"
        role: str
        scope: str
        until: datetime | None
        reason: Words

    class Revoked(Aggregate.Event):
        TOPIC = "role.revoked"
        role: str
        scope: str
        reason: Words

    def initial_state(self) -> None:
        self.grants: dict[Grant, datetime | None] = {}
        self.revoked: set[Grant] = set()

    def holds(self, grant: Grant, at: datetime) -> bool:
        """Whether a grant holds at a time: it was given, not revoked, and has not reached its end."""
        until = self.grants.get(grant, at)
        return until is None or until > at

    def live(self, at: datetime) -> dict[Grant, datetime | None]:
        """The grants that hold at a time, and when each ends."""
        return {grant: until for grant, until in self.grants.items() if until is None or until > at}

    @property
    def is_lasting_admin(self) -> bool:
        """Whether the person is an admin without an end."""
        return ADMIN_OF_CAMPUS in self.grants and self.grants[ADMIN_OF_CAMPUS] is None

    def grant(self, grant: Grant, until: datetime | None, reason: str, at: datetime) -> None:
        """
        Grant a role from now on, until a time if one is given; what holds with another end gets this one.

        Args:
            at: the present time.
        """
        check_scope(Role(grant.role), grant.scope)
        if until is not None and until <= at:
            raise EndIsPast(until=until.isoformat())
        if not (self.holds(grant, at) and self.grants[grant] == until):
            self._granted(role=grant.role, scope=grant.scope, until=until, reason=reason)

    @event(Granted)
    def _granted(self, role: str, scope: str, until: datetime | None, reason: str) -> None:
        self.grants[Grant(role, scope)] = until
        self.revoked.discard(Grant(role, scope))

    def revoke(self, grant: Grant, reason: str) -> None:
        """Take a role away; a second time changes nothing."""
        if grant in self.grants:
            self._revoked(role=grant.role, scope=grant.scope, reason=reason)
        elif grant not in self.revoked:
            learner_id = self.id_of("learner_id")
            raise RoleNotGranted(learner_id=learner_id, role=grant.role[:40], scope=grant.scope[:80])

    def end(self, reason: str, at: datetime) -> None:
        """Take all roles away that hold at a time."""
        for grant in sorted(self.live(at)):
            self.revoke(grant, reason)

    @event(Revoked)
    def _revoked(self, role: str, scope: str, reason: str) -> None:
        self.grants.pop(Grant(role, scope), None)
        self.revoked.add(Grant(role, scope))


ADMIN_OF_CAMPUS = Grant(Role.ADMIN.value, CAMPUS)
