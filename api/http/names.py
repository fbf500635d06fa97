"""A part of a name in lists of a run, for those who may see the names (api/names.py); others look for ids."""

from typing import Annotated

from fastapi import Query, Request

from api.http.looks import record_look_at_names
from api.http.policy.decision import AT, Allowed, Principal, Thing, decide
from api.http.query import QueryContext
from api.http.services import Services
from api.http.types import NO_NUL
from projections.accounts import Accounts

ACTION = "listNames"
NamePart = Annotated[
    str | None,
    Query(
        min_length=1,
        max_length=64,
        pattern=NO_NUL,
        description="A part of the learner's id; of the name as well, for those who teach on the run.",
    ),
]


async def ids_by_name(request: Request, ask: QueryContext, run_id: str, text: str | None) -> tuple[str, ...] | None:
    """
    The learners of a run whom a part of a name or of an id finds; None if nothing is looked for, or the user sees ids
    only: then the list looks for a part of the id itself.
    """
    if not text or not await may_see_names(ask.services, ask.user, run_id):
        return None
    await ask.check_run(run_id)
    await record_look_at_names(request, run_id)
    searches = ask.services.name_searches
    found = await ask.read_at_least(Accounts.name, lambda: searches.find(run_id, text, ask.min_position))
    return found.learner_ids


async def may_see_names(services: Services, user: Principal, run_id: str) -> bool:
    """Whether the policy shows a user the names of the learners of a run."""
    thing = Thing(run_id=run_id)
    if any(AT in role for role in user.roles):
        thing = thing._replace(course_id=await services.whereabouts.course_of_run(run_id))
    return isinstance(decide(ACTION, user, thing), Allowed)
