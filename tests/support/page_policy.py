"""
What the policy says of a page, by the operations of the API that it needs; and which it asks in fact.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.routing import Match

from adapters.jwt import PROOFS, JwtClaims
from api.http.inside import InsideAnswer, send_inside
from api.http.policy.decision import RULES, Allowed, Thing, decide, may_ever
from api.http.policy.refusals import (
    AdminsOnly,
    AuditorsOnlyRead,
    NoPolicy,
    NotYourRun,
    NotYours,
    StaffNeedFactor,
    StaffOnly,
)
from api.http.policy.words import Found
from api.http.routing import operation_id

ANYONE, SIGNED_IN = "anyone", "signed in"
"""What a page needs that asks the API for nothing, or for what anyone may ask."""
RUN_OF_QUIZ = re.compile(r"^(.+-\d)-[a-z]")
REFUSED_BY_POLICY = frozenset(
    each.code for each in (AdminsOnly, AuditorsOnlyRead, NoPolicy, NotYourRun, NotYours, StaffNeedFactor, StaffOnly)
)


@dataclass(frozen=True)
class Asked:
    """One request that a page has sent to the API, and how it was answered."""

    operation: str
    parts: Mapping[str, str]
    status: int
    code: str

    @property
    def is_refused(self) -> bool:
        """Whether by the policy, and not by a rule of the domain."""
        return self.status == 401 or (self.status == 403 and self.code in REFUSED_BY_POLICY)


@contextmanager
def recorded(app: FastAPI) -> Iterator[list[Asked]]:
    """The requests that pages send to the API from now on."""
    asked: list[Asked] = []
    routes = [each for each in app.router.routes if isinstance(each, APIRoute)]

    async def noted(request: Any, method: str, path: str, **more: Any) -> InsideAnswer:
        answer = await send_inside(request, method, path, **more)
        scope = {"type": "http", "path": path, "method": method, "root_path": "", "headers": []}
        route, parts = next((each, found) for each in routes if (found := _parts(each, scope)) is not None)
        is_problem = answer.status >= 400 and answer.body.startswith(b"{")
        code = msgspec.json.decode(answer.body).get("code", "") if is_problem else ""
        asked.append(Asked(operation_id(route), parts, answer.status, code))
        return answer

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("web.client.send_inside", noted)
        yield asked


def _parts(route: APIRoute, scope: dict[str, Any]) -> Mapping[str, str] | None:
    match, more = route.matches(scope)
    return more["path_params"] if match is Match.FULL else None


def verdict(operation: str, user: JwtClaims | None, parts: Mapping[str, str]) -> bool | None:
    """Whether the policy lets a user ask; None where only the route knows what it is about."""
    row = RULES[operation].row
    if user is None:
        return isinstance(decide(operation, None, Thing()), Allowed)
    if RULES[operation].is_open:
        return True
    if not may_ever(operation, user):
        return False
    if row.found is Found.LATER or row.consent:
        return None
    return isinstance(decide(operation, user, _thing(row.found, user, parts)), Allowed)


def _thing(found: Found, user: JwtClaims, parts: Mapping[str, str]) -> Thing:
    """What a request is about, by its path; runs and quizzes of the sample campus have the course in their ids."""
    if found is Found.USER:
        return Thing(user.subject)
    quiz = RUN_OF_QUIZ.match(parts.get("quiz_id", ""))
    run_id = parts.get("run_id") or (quiz[1] if quiz else None)
    course_id = parts.get("course_id") or (run_id.rpartition("-")[0] if run_id else None)
    return Thing(parts.get("learner_id"), run_id, course_id)


def claims(learner_id: str, roles: Sequence[str]) -> JwtClaims:
    """A person with roles, who has given every proof."""
    return JwtClaims(learner_id, tuple(roles), learner_id, proofs=PROOFS)


def is_turned_away(status: int, location: str) -> bool:
    """Whether a page was refused: a page that says so, or the way to sign in."""
    return status == 403 or (status == 303 and location.partition("?")[0] in ("/signin", "/confirm"))
