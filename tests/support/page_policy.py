"""
What the policy says of a page, by the operations of the API that it needs; and which it asks in fact.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
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
from api.http.sessions import COOKIE
from tests.support.crawl import ORIGIN
from tests.support.marked_campus import RUN
from tests.support.page_needs import ANYONE, NEEDS, ON_EVERY_PAGE, SIGNED_IN
from workers.seeding.sample.cast import ADA, INES
from workers.seeding.sample.desk import COURSE
from workers.seeding.sample.timetable import TAUGHT_BY

RUN_OF_QUIZ = re.compile(r"^(.+-\d)-[a-z]")
ROLES_OF: Mapping[str, tuple[str, ...]] = {
    "learner": ("learner",),
    "instructor": ("learner", *(f"instructor@course:{each}" for each, by in TAUGHT_BY.items() if by is INES)),
    "assistant": ("learner", f"assistant@run:{RUN}"),
    "auditor": ("auditor",),
    "analyst": ("learner", "analyst"),
    "admin": ("learner", "admin"),
}
"""What the people of tests/support/marked_campus.py hold."""
FORMS = {"POST /account/erase": {"password": "not the password"}}
"""What is sent to pages that would do too much with an empty form."""
LEAD_ON = frozenset(("/signin/code", "/v1/auth/sign-in"))
"""Pages of a sign-in, which lead back to its begin where none is under way."""
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
        if not path.startswith("/v1/"):
            return answer  # how the process is, which anyone may ask
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
    taught = (f"course:{COURSE}",) if "bank_id" in parts else ()  # the one bank of the sample campus is of it
    return Thing(parts.get("learner_id"), run_id, course_id, taught=taught)


def claims(learner_id: str, roles: Sequence[str]) -> JwtClaims:
    """A person with roles, who has given every proof."""
    return JwtClaims(learner_id, tuple(roles), learner_id, proofs=PROOFS)


def is_turned_away(status: int, location: str) -> bool:
    """Whether a page was refused: a page that says so, or the way to sign in."""
    return status == 403 or (status == 303 and location.partition("?")[0] in ("/signin", "/confirm"))


def needed(lists: Sequence[Any]) -> Iterator[tuple[str, str, str]]:
    """Each page by method and path, with what it needs; one that does not say so fails the test here."""
    for route in (route for pages in lists for route in pages.routes):
        method = "POST" if "POST" in route.methods else "GET"
        name = f"{method} {route.path}"
        assert name in NEEDS, f"{name} is a new page: say in tests/support/page_needs.py what it asks the API for"
        yield method, route.path, f"{NEEDS[name]} {ON_EVERY_PAGE}?"


async def sent(client: httpx.AsyncClient, method: str, path: str, run_id: str, token: str) -> httpx.Response:
    """An answer to a browser with a session, or without one."""
    headers = {"accept": "text/html", "origin": ORIGIN, "sec-fetch-site": "same-origin"}
    cookie = {"cookie": f"{COOKIE}={token}"} if token else {}
    form = FORMS.get(f"{method} {path}", {"x": ""}) if method == "POST" else None
    return await client.request(method, path.format(**parts_of(run_id)), headers=headers | cookie, data=form)


def differences(
    answer: httpx.Response, asked: Sequence[Asked], needs: str, user: JwtClaims | None, run_id: str
) -> Iterator[str]:
    """Where a page and the API behind it have answered otherwise than the policy says."""
    operations = {each.strip("?"): each.endswith("?") for each in needs.split() if each not in (ANYONE, SIGNED_IN)}
    is_away = is_turned_away(answer.status_code, answer.headers.get("location", ""))
    if answer.status_code >= 500:
        yield "an error"
    for each in asked:
        may = verdict(each.operation, user, each.parts)
        if each.operation not in operations:
            yield f"it asks for {each.operation}, which it does not say"
        elif may is not None and may == each.is_refused:
            yield f"{each.operation} is {'allowed' if may else 'refused'}, and was answered {each.status} {each.code}"
    is_form = answer.request.method == "POST" and answer.status_code in (404, 422)  # refused before anything was asked
    must = [verdict(name, user, parts_of(run_id)) for name, is_optional in operations.items() if not is_optional]
    is_open = ANYONE in needs.split() or user is not None
    if (not is_open or False in must) and not is_away and not is_form:
        yield f"it is shown, and needs {needs}"
    if answer.request.url.path in LEAD_ON:
        return
    if is_open and is_away and not any(each.is_refused for each in asked) and False not in must:
        own = [f"{each.operation} {each.status} {each.code}" for each in asked if each.status == 403]
        if not own and answer.headers.get("location", "").partition("?")[0] != "/confirm":
            yield "it is refused, and the policy does not say so"


def parts_of(run_id: str) -> dict[str, str]:
    """Parts of addresses: of the sample learner, and of a run where others teach than on the other."""
    course_id = run_id.rpartition("-")[0]
    return {
        "run_id": run_id, "course_id": course_id, "quiz_id": f"{run_id}-quiz-1", "learner_id": ADA.learner_id,
        "order_id": f"order-clear-writing-{ADA.learner_id[:12]}", "unit_id": "quiz-1", "attempt_no": "1",
        "item_id": "q1", "position": "5", "request_id": "sample:5", "name": "catalog", "type": "course.created",
        "job_id": "x", "source_hash": "0" * 64, "credential_id": "x", "dossier_id": "x", "announcement_id": "sample-1",
        "act": "retry", "reaction": "x", "handle": "x", "bank_id": "linear-algebra", "question_id": "x",
        "claim_no": "1", "appeal_no": "1", "regrade_no": "1", "query_id": "x",
        "token": "x", "thread_id": "x", "post_no": "1", "message_id": "x",
    }  # fmt: skip
