"""
Asks the table for each request, before the route does anything: this is the only place that lets in.

A request is about what its path names, or about the user. Where only the route can know (whose order it is, who is
named in the body), it asks by `Check.permit`; an answer that was given without asking does not leave.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from fastapi import Request

from adapters.command_bus.replay import replayed
from adapters.jwt import JwtClaims
from api.http.policy.decision import AT, RULES, Allowed, Refused, Thing, decide, may_ever, role_for
from api.http.policy.refusals import NoPolicy, error_of
from api.http.policy.words import ADMIN, Found, Kind
from api.http.security import user_of
from api.http.services import Services, get_services
from domain.user import User, user_stream

CHECK = "policy"
"""The member of a request's scope that has its check."""


LOOKING = (Kind.READ, Kind.STREAM)
"""What shows records; that those of another person were shown is recorded (api/http/reads.py)."""
ALWAYS = (Refused.ONLY_READS, Refused.IMPERSONATED)
"""Refusals that hold whatever a request is about."""


class Undecided(AssertionError):
    """A route has answered without asking whether it may."""


class Check:
    """
    What the table says of one request.

    Attributes:
        pending: whether the route has still to ask.
        redacts: what is left out of the answer, by what was asked last.
        asked: the action, and what it is about, that was asked last.
    """

    __slots__ = ("_request_id", "_services", "action", "asked", "pending", "redacts", "user")

    def __init__(
        self, action: str, user: JwtClaims, services: Services, request_id: str = "", *, pending: bool = False
    ) -> None:
        self.action = action
        self.user = user
        self.pending = pending
        self.redacts: frozenset[str] = frozenset()
        self.asked: tuple[str, Thing] = action, Thing()
        self._services = services
        self._request_id = request_id

    @property
    def reaches_all(self) -> bool:
        """Whether the user may ask this about anyone."""
        return isinstance(decide(self.action, self.user, Thing()), Allowed)

    @property
    def role(self) -> str | None:
        """In which role the user does what was asked last; None for what is the user's own."""
        if self.user.actor is not None:
            return ADMIN
        action, thing = self.asked
        return role_for(action, self.user, thing)

    async def permit(
        self,
        *,
        learner_id: str | None = None,
        run_id: str | None = None,
        course_id: str | None = None,
        quiz_id: str | None = None,
        action: str = "",
    ) -> None:
        """
        Raise what is wrong, unless the user may ask this about that.

        Args:
            learner_id: whose it is; None for what belongs to no learner.
            action: as another route would ask it; the route itself if left out.
        """
        thing = await self._thing(learner_id, run_id, course_id, quiz_id)
        if learner_id is not None and RULES[action or self.action].row.consent:
            user = await replayed(self._services.log, User, user_stream(learner_id))
            thing = thing._replace(consents=user.consented)
        verdict = decide(action or self.action, self.user, thing)
        if not isinstance(verdict, Allowed):
            raise error_of(verdict, action or self.action, self.user, thing)
        self.pending = False
        self.redacts = verdict.redacts
        self.asked = action or self.action, thing
        if learner_id is not None:
            self.note_read(learner_id)

    async def permit_each(self, learner_ids: Iterable[str], *, run_id: str) -> None:
        """Raise what is wrong, unless the user may ask this about each of some learners of a run."""
        for learner_id in dict.fromkeys(learner_ids):
            await self.permit(learner_id=learner_id, run_id=run_id)

    def note_read(self, learner_id: str) -> None:
        """Note whose records are shown; a route does so itself where it asks without saying whose."""
        reads = self._services.reads
        if RULES[self.action].row.kind in LOOKING and not reads.is_noted(self.user, learner_id):
            reads.note(self.user, self.role, learner_id, self._request_id)

    async def _thing(
        self, learner_id: str | None, run_id: str | None, course_id: str | None, quiz_id: str | None
    ) -> Thing:
        """What is asked about; where a run belongs is looked up for users who have a role in one place only."""
        if not any(AT in role for role in self.user.roles):
            return Thing(learner_id, run_id, course_id)
        where = self._services.whereabouts
        if run_id is None and quiz_id is not None:
            run_id = await where.run_of_quiz(quiz_id)
        if course_id is None and run_id is not None:
            course_id = await where.course_of_run(run_id)
        return Thing(learner_id, run_id, course_id)


async def authorise(request: Request, action: str) -> Check | None:
    """
    Ask the table for a request; None if it needs no user.

    Raises:
        Unauthenticated: the request names no user, and the action needs one.
        Forbidden: what the table refuses (refusals.py).
    """
    rules = RULES.get(action)
    if rules is None:
        raise NoPolicy(action=action)
    if rules.is_open:
        return None
    services = get_services(request)
    user = user_of(request, takes_ticket=rules.row.kind is Kind.STREAM)
    found = rules.row.found
    check = Check(action, user, services, request.scope["request_id"], pending=found is Found.LATER)
    request.scope[CHECK] = check
    if found is Found.USER:
        await check.permit(learner_id=user.subject)
    elif found is Found.PATH:
        await check.permit(**_named(request.path_params))
    elif (verdict := decide(action, user, Thing(user.subject))) in ALWAYS:
        raise error_of(verdict, action, user, Thing())
    elif not may_ever(action, user):
        raise error_of(decide(action, user, Thing()), action, user, Thing())
    return check


def check_of(request: Request) -> Check:
    """The check of a request whose route needs a user."""
    found: Check = request.scope[CHECK]
    return found


def _named(path: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(path[name]) for name in ("learner_id", "run_id", "course_id", "quiz_id") if name in path}
