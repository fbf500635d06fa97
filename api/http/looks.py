"""How a route records that its user looks at the records of another person, before it answers (decisions/0193)."""

from collections.abc import Iterable
from typing import Annotated

from fastapi import Query, Request

from adapters.command_bus.record_look import look_at
from adapters.command_bus.record_look import record_look as record
from adapters.command_bus.record_look import record_look_at_names as record_names
from api.http import types
from api.http.accountability import reason_of, ticket_of
from api.http.policy.guard import check_of
from api.http.services import get_services
from commands.log import Context
from domain.fact import Fact
from domain.streams import learner_of
from projections.engine.moment import Moment

Reason = Annotated[
    types.Reason | None,
    Query(
        description="Why another person's record is looked at; it is recorded with the look.",
        examples=["dispute 4711"],
    ),
]


async def record_looks_at_facts(request: Request, facts: Iterable[Fact], what: str) -> None:
    """Record that the user looks at facts, for each learner whom they are about (`record_look`)."""
    learners = {learner_of(fact.stream_id, fact.data) for fact in facts} - {None, ""}
    for learner_id in sorted(str(each) for each in learners):
        await record_look(request, learner_id, what, None)


async def record_look(request: Request, learner_id: str, what: str, moment: Moment | None) -> None:
    """
    Record that the user looks at what is recorded about a learner, unless it is the user's own or there is nothing.

    The reason is that of the query string, which the route takes as `Reason`, or else of the header `Campus-Reason`,
    which stands in no address.

    Args:
        what: the path of the request, and what else says what is looked at.
        moment: as of which they look; None for the present.

    Raises:
        BadReason: the header has no text that can be kept.
        Unavailable: it cannot be recorded, so there is no answer.
    """
    services, sent = get_services(request), reason_of(request)
    reason = request.query_params.get("reason", sent)
    await record(services.log, services.bus, learner_id, look_at(what, moment, reason), _context(request))


async def record_look_at_names(request: Request, run_id: str) -> None:
    """Record that the user looks at the names of the learners of a run, once on a day; raises Unavailable."""
    await record_names(get_services(request).bus, run_id, _context(request))


def _context(request: Request) -> Context:
    check = check_of(request)
    now = get_services(request).bus.clock.now()
    request_id: str = request.scope["request_id"]
    return Context(check.user.by, now, correlation_id=request_id, role=check.role, ticket=ticket_of(request))
