"""
Asks the table for each request, before the route does anything: this is the only place that lets in.

A request is about what its path names, or about the user. Where only the route can know (whose order it is, who is
named in the body), it asks by `Check.permit`; an answer that was given without asking does not leave.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from fastapi import Request

from adapters.command_bus.replay import replayed
from adapters.jwt import JwtClaims
from api.http.policy.decision import AT, RULES, Allowed, Refused, Thing, decide, held, may_ever, role_for
from api.http.policy.refusals import NoPolicy, error_of
from api.http.policy.words import ADMIN, Found, Kind
from api.http.security import user_of
from api.http.services import Services, get_services
from domain.user import User, user_stream

CHECK = "policy"
"""The member of a request's scope that has its check."""


NAMED = ("learner_id", "run_id", "course_id", "quiz_id", "bank_id")
"""Parts of a path that say what a request is about."""
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
        bank_id: str | None = None,
        action: str = "",
    ) -> None:
        """
        Raise what is wrong, unless the user may ask this about that.

        Args:
            learner_id: whose it is; None for what belongs to no learner.
            action: as another route would ask it; the route itself if left out.
        """
        thing = await self._placed(action or self.action, Thing(learner_id, run_id, course_id), quiz_id, bank_id)
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

    async def may(self, action: str, course_id: str | None) -> bool:
        """Whether the user may ask another route about a course, or about the campus; that is not asking it."""
        verdict = decide(action, self.user, await self._placed(action, Thing(course_id=course_id)))
        return isinstance(verdict, Allowed)

    async def courses(self) -> frozenset[str] | None:
        """
        The courses about which the user may ask this, by roles in them or in their runs, for an answer that has what
        is of them and nothing else; None for all that there is. Raises what is wrong if there are none.
        """
        verdict = decide(self.action, self.user, Thing())
        if isinstance(verdict, Allowed):
            self.pending = False
            return None
        found, refused = set(), verdict
        for role in held(self.user.roles):
            course_id = role.course_id or await self._services.whereabouts.course_of_run(role.run_id or "")
            if course_id is None:
                continue
            thing = await self._placed(self.action, Thing(course_id=course_id))
            verdict = decide(self.action, self.user, thing)
            if isinstance(verdict, Allowed):
                found.add(course_id)
                self.asked = self.action, thing
            else:
                refused = max(refused, verdict)
        if not found:
            raise error_of(refused, self.action, self.user, Thing())
        self.pending = False
        return frozenset(found)

    def scopes(self, action: str) -> frozenset[tuple[str, str]] | None:
        """
        The runs and courses about which the user may ask another route by a role there, as `("run", ID)` and
        `("course", ID)`; None for all that there is. That is not asking it.
        """
        if isinstance(decide(action, self.user, Thing()), Allowed):
            return None
        places = (("run", role.run_id, Thing(run_id=role.run_id)) for role in held(self.user.roles) if role.run_id)
        courses = (
            ("course", role.course_id, Thing(course_id=role.course_id))
            for role in held(self.user.roles)
            if role.course_id
        )
        return frozenset(
            (kind, name)
            for kind, name, thing in (*places, *courses)
            if name and isinstance(decide(action, self.user, thing), Allowed)
        )

    def note_read(self, learner_id: str) -> None:
        """Note whose records are shown; a route does so itself where it asks without saying whose."""
        reads = self._services.reads
        if RULES[self.action].row.kind in LOOKING and not reads.is_noted(self.user, learner_id):
            reads.note(self.user, self.role, learner_id, self._request_id)

    async def _placed(self, action: str, thing: Thing, quiz_id: str | None = None, bank_id: str | None = None) -> Thing:
        """What is asked about, and where it belongs, which is looked up for users who have a role in one place only."""
        if not any(AT in role for role in self.user.roles):
            return thing
        where, (learner_id, run_id, course_id, *_) = self._services.whereabouts, thing
        if run_id is None and quiz_id is not None:
            run_id = await where.run_of_quiz(quiz_id)
        if course_id is None and run_id is not None:
            course_id = await where.course_of_run(run_id)
        placed, rules = Thing(learner_id, run_id, course_id), RULES[action]
        if not rules.is_of_taught:
            return placed
        courses = set() if course_id is None else {course_id}
        if bank_id is not None:
            courses = await where.courses_of_bank(bank_id, to_read=rules.row.kind in LOOKING)
        return placed._replace(taught=await self._taught(courses))

    async def _taught(self, courses: Collection[str]) -> tuple[str, ...]:
        """The scopes of roles that teach one of some courses: the courses, and those of the user's runs that are so."""
        scopes = {f"course:{course_id}" for course_id in courses}
        for role in held(self.user.roles):
            if role.run_id and await self._services.whereabouts.course_of_run(role.run_id) in courses:
                scopes.add(f"run:{role.run_id}")
        return tuple(sorted(scopes))


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
    return {name: str(path[name]) for name in NAMED if name in path}
