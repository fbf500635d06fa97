"""Names and roles of a run for its tools (NRPS 2.0): by pseudonyms, with names and addresses where that is agreed."""

import asyncio
from typing import Annotated, Any

from fastapi import Query, Request, Response

from adapters.lti import claims as said
from api.http.errors import BadRequest
from api.http.routing import router as strict_router
from api.http.services import ServicesDep
from api.http.types import RunId
from api.lti.asking import HERE, Text, answers, as_media, asked_about, learners_of, run_url
from domain.lti import NoLineItem

router = strict_router("lti", "/v1")
PAGE = 50  # members on a page
MEMBERS = "application/vnd.ims.lti-nrps.v2.membershipcontainer+json"
MEMBERS_EXAMPLE = {
    "id": f"{HERE}/members",
    "context": {"id": "algebra-2026", "label": "algebra-2026", "title": "Algebra"},
    "members": [{"status": "Active", "user_id": "7PxvZw", "roles": [said.LEARNER]}],
}


@router.get("/lti/runs/{run_id}/members", responses=answers(MEMBERS, MEMBERS_EXAMPLE, 401, 404, 503))
async def list_members(
    *,
    run_id: RunId,
    request: Request,
    services: ServicesDep,
    role: Text = None,
    limit: Annotated[int, Query(ge=1, le=200)] = PAGE,
    page: Text = None,
    rlid: Text = None,
) -> Response:
    """Who has a place on a run, by pseudonyms (NRPS 2.0); names and addresses where that is agreed with the tool."""
    asked, url = await asked_about(request, services, "members", run_id), run_url(services, run_id)
    if rlid is not None and rlid not in asked.units:
        raise NoLineItem(tool_id=asked.tool.tool_id, run_id=run_id, unit_id=rlid)
    platform, terms = services.platform, asked.tool.terms
    after = "" if page is None else await platform.sealed.person_of(asked.tool.tool_id, page)
    if after is None:
        raise BadRequest("page is none of those to which a link of this campus leads")
    is_wanted = role is None or role in (said.LEARNER, said.LEARNER.rpartition("#")[2])
    listed = await learners_of(services, run_id, limit + 1, after) if is_wanted else []

    async def member(learner_id: str) -> dict[str, Any]:
        pseudonym = await platform.sealed.pseudonym(asked.tool.tool_id, learner_id)
        shared = await platform.shared_of(terms, learner_id) if terms else {}
        return {"status": "Active", "user_id": pseudonym, "roles": [said.LEARNER], **shared}

    members = await asyncio.gather(*map(member, listed[:limit]))  # look-ups that arrive together go as one
    onward: dict[str, str] = {}
    if len(listed) > limit:
        onward["link"] = f'<{url}/members?limit={limit}&page={members[-1]["user_id"]}>; rel="next"'
    context = {"id": run_id, "label": run_id, "title": asked.title}
    return as_media(MEMBERS, {"id": f"{url}/members", "context": context, "members": members}, onward)
