"""
The fast path of the learner dashboard: read thousands of times a second, answered before FastAPI's routing.

Finding the route and resolving its dependencies costs three times what the look-up does. So the plain case (a user
whose token or session is known, a dashboard that this user may see, no parameters) is answered here. Any other
request goes on to the route in api/dashboards.py, which answers the same and describes it.
"""

from typing import NamedTuple, cast

from starlette.types import ASGIApp, Receive, Scope, Send

from adapters.documents import Document
from adapters.jwt import JwtClaims
from adapters.postgres.connection import Unavailable
from api.http.policy.decision import Allowed, Thing, decide, role_for
from api.http.query import PRIVATE, etag_of, matches
from api.http.services import Services
from api.http.sessions import person_by_cookie, person_by_token
from domain.aggregate import ID_PATTERN
from domain.auth import TokenRefused
from projections.learner_dashboard import LearnerDashboard

CACHED = (b"cache-control", PRIVATE.encode())
PLAIN_ACCEPT = (b"*/*", b"application/json")
OWN = "/v1/me/dashboard"
OF_LEARNER, OF_LEARNER_END = "/v1/learners/", "/dashboard"


class Lane(NamedTuple):
    """The route under which the metrics count a request of this lane."""

    path: str


class Asked(NamedTuple):
    """The headers of a request that matter here, and whether no other one asks for what only the route can do."""

    authorization: str
    cookie: str
    none_match: str | None
    is_plain: bool


OWN_LANE = Lane(OWN)
LEARNER_LANE = Lane("/v1/learners/{learner_id}/dashboard")


class DashboardFastPath:
    """Answers plain reads of dashboards, and passes everything else on."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        path = scope.get("path", "")
        if (
            scope["type"] == "http"
            and path.endswith(OF_LEARNER_END)
            and scope["method"] == "GET"
            and not scope["query_string"]
        ):
            services: Services = scope["app"].state.services
            asked = _headers(scope)
            user = await _user(scope, services, asked) if asked.is_plain else None
            learner_id = _learner(path, user) if user is not None else None
            document = await _document(services, learner_id) if learner_id is not None else None
            if document is not None and (document.exists or learner_id == getattr(user, "subject", None)):
                _note(scope, services, user, learner_id)
                scope["route"] = OWN_LANE if path == OWN else LEARNER_LANE
                await _answer(document, asked.none_match, send)
                return
        await self._app(scope, receive, send)


async def _user(scope: Scope, services: Services, asked: Asked) -> JwtClaims | None:
    """Who asks, for themselves; the route asks again where that is none, or cannot be known now, and says why."""
    try:
        if asked.authorization:
            return await _by_authorization(scope, services, asked.authorization)
        user = cast("JwtClaims | None", scope.get("identity"))
        if asked.cookie:
            user = await person_by_cookie(asked.cookie, services.people.sessions, services.grants, services.log.clock)
        return user if user is None or user.actor is None else None
    except (TokenRefused, Unavailable):
        return None


async def _by_authorization(scope: Scope, services: Services, header: str) -> JwtClaims | None:
    """The user of a token; the door may have looked it up already."""
    known = scope["known_user"] if "known_user" in scope else services.tokens.known(header)
    if known is not None:
        return cast("JwtClaims", known)
    user = await person_by_token(header, services.people.tokens, services.grants, services.log.clock)
    return user if user is None or "read" in user.scopes else None


async def _document(services: Services, learner_id: str) -> Document | None:
    try:
        return await services.documents[LearnerDashboard.name].get(learner_id)
    except Exception:  # noqa: BLE001 - the route meets the same error, and says what it is
        return None


def _headers(scope: Scope) -> Asked:
    authorization, cookie, none_match, plain = "", "", None, True
    for name, value in scope["headers"]:
        if name == b"authorization":
            authorization = value.decode("latin-1")
        elif name == b"cookie":
            plain &= not cookie
            cookie = value.decode("latin-1")
        elif name == b"if-none-match":
            plain &= none_match is None
            none_match = value.decode("latin-1")
        elif name == b"if-match" or (name == b"accept" and value not in PLAIN_ACCEPT):
            plain = False
    return Asked(authorization, cookie, none_match, plain)


def _learner(path: str, user: JwtClaims) -> str | None:
    """Whose dashboard is read; None where that is not plain, or where the policy does not let the user."""
    if path == OWN:
        return user.subject if _may(user, "getMyDashboard", user.subject) else None
    if not path.startswith(OF_LEARNER):
        return None
    learner_id = path[len(OF_LEARNER) : -len(OF_LEARNER_END)]
    return learner_id if _may(user, "getLearnerDashboard", learner_id) and ID_PATTERN.match(learner_id) else None


def _may(user: JwtClaims, action: str, learner_id: str) -> bool:
    return isinstance(decide(action, user, Thing(learner_id)), Allowed)


def _note(scope: Scope, services: Services, user: JwtClaims | None, learner_id: str | None) -> None:
    """Note a read of another person's dashboard, as the route does."""
    if user is not None and learner_id is not None and not services.reads.is_noted(user, learner_id):
        role = role_for("getLearnerDashboard", user, Thing(learner_id))
        services.reads.note(user, role, learner_id, scope["request_id"])


async def _answer(document: Document, none_match: str | None, send: Send) -> None:
    body, position, _ = document
    etag = etag_of(body)
    status = 304 if none_match is not None and matches(none_match, etag) else 200
    headers = [(b"campus-position", b"%d" % position), (b"etag", etag.encode()), CACHED]
    if status == 200:
        headers += ((b"content-length", b"%d" % len(body)), (b"content-type", b"application/json"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body if status == 200 else b""})
