"""
Acting as a learner: an admin sees and does for half an hour what the learner may, by a reason and a ticket.

The browser gets a session of the learner in the place of its own, which waits. All that is done has the admin as its
actor and the learner as whom it is done for; every answer names the admin in `Campus-Actor`. What only the learner may
is refused by the policy (its column *as a learner*).
"""

from datetime import datetime, timedelta
from typing import Annotated

import msgspec
from fastapi import Request, Response
from pydantic import Field

from adapters.auth.impersonation import Why
from api.auth.common import AT, ID, OF_BODY, SIGNED_IN, answer, shown
from api.http.dispatch import Body, example
from api.http.openapi import open_query
from api.http.routing import router as strict_router
from api.http.services import ServicesDep
from api.http.sessions import signed_in, signed_out
from api.http.step_up import SessionDep
from api.http.types import LearnerId, Reason
from domain.admin.tickets import TICKET_PATTERN
from domain.auth import LONGEST_IMPERSONATION
from domain.user_errors import NotActing

router = strict_router("auth", "/v1")
MOST_MINUTES = int(LONGEST_IMPERSONATION.total_seconds()) // 60
RETURNED = "returned"
ADMIN = "28400"


class ActingAs(msgspec.Struct, kw_only=True):
    """That an admin acts as the person of a session, and until when."""

    actor_id: str
    until: datetime


class SessionNow(msgspec.Struct, kw_only=True):
    """
    The session that asks.

    Attributes:
        learner_id: whose session it is: who is acted as, where an admin acts as a learner.
        impersonation: null in a session of the person.
    """

    learner_id: str
    session_id: str
    opened_at: datetime
    until: datetime
    impersonation: ActingAs | None


class OwnSession(msgspec.Struct, kw_only=True):
    """The session to which the browser has come back; `signed_out` if that has ended, too."""

    status: str
    learner_id: str | None = None
    session_id: str | None = None
    until: datetime | None = None


SESSION = SessionNow(
    learner_id=ID, session_id=ID, opened_at=AT, until=AT, impersonation=ActingAs(actor_id=ADMIN, until=AT)
)
OWN = OwnSession(status="signed_in", learner_id=ADMIN, session_id=ID, until=AT)


class LearnerToActAs(Body):
    """Why an admin acts as a learner, by which request for help, and for how long."""

    model_config = example(reason="cannot submit quiz 3", ticket="HELP-4711", minutes=15)

    reason: Reason
    ticket: Annotated[str, Field(pattern=f"^{TICKET_PATTERN.pattern[:-2]}$", max_length=31)]
    minutes: Annotated[int, Field(ge=1, le=MOST_MINUTES)] = MOST_MINUTES


@router.get("/auth/session", responses=open_query(SESSION, 401, 503))
async def get_session(session: SessionDep) -> Response:
    """The session that asks, and whether an admin acts in it as the learner."""
    acting = None if session.actor_id is None else ActingAs(actor_id=session.actor_id, until=session.until)
    return answer(
        SessionNow(
            learner_id=session.learner_id,
            session_id=session.session_id,
            opened_at=session.opened_at,
            until=session.until,
            impersonation=acting,
        )
    )


@router.post("/learners/{learner_id}/impersonation", responses=open_query(SIGNED_IN, 401, 404, 409, *OF_BODY))
async def impersonate(
    learner_id: LearnerId, body: LearnerToActAs, request: Request, services: ServicesDep, session: SessionDep
) -> Response:
    """Act as a learner from now on, in this browser; the learner gets a mail, and finds it in the own history."""
    begun = await services.people.impersonation.begin(
        session, learner_id, timedelta(minutes=body.minutes), Why(body.reason, body.ticket), request.scope["request_id"]
    )
    return signed_in(answer(shown(begun)), begun, services.log.clock)


@router.post("/auth/impersonation/end", responses=open_query(OWN, 401, 409, *OF_BODY))
async def end_impersonation(request: Request, services: ServicesDep, session: SessionDep) -> Response:
    """Act as the learner no more; the browser comes back to the session of the admin, if that has not ended."""
    if session.actor_id is None:
        raise NotActing
    own = await services.people.impersonation.end(session, RETURNED, request.scope["request_id"])
    if own is None:
        return signed_out(answer(OwnSession(status="signed_out")))
    found = OwnSession(status="signed_in", learner_id=own.learner_id, session_id=own.session_id, until=own.until)
    return signed_in(answer(found), own, services.log.clock)
