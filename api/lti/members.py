"""Names and roles of a run for its tools (NRPS 2.0): by pseudonyms, with names and addresses where that is agreed."""

import asyncio
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Query, Request, Response

from adapters.lti import claims as said
from adapters.postgres.queries.roles import staff_of_run
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
    """
    Who has a place on a run, and its staff, by pseudonyms (NRPS 2.0); names and addresses as agreed with the tool.

    Who teaches the run and has a place on it has both roles; where one role is asked for, that one is said.
    """
    asked, url = await asked_about(request, services, run_id, "members"), run_url(services, run_id)
    if rlid is not None and rlid not in asked.units:
        raise NoLineItem(tool_id=asked.tool.tool_id, run_id=run_id, unit_id=rlid)
    platform, terms = services.platform, asked.tool.terms
    after = "" if page is None else await platform.sealed.person_of(asked.tool.tool_id, page)
    if after is None:
        raise BadRequest("page is none of those to which a link of this campus leads")
    found: dict[str, list[str]] = {}
    if _is_wanted(role, said.INSTRUCTOR):
        now = services.log.clock.now()
        staff = await staff_of_run(services.reader, run_id, asked.course_id, after, limit + 1, now=now)
        found = {person_id: [said.INSTRUCTOR] for person_id in staff}
    if _is_wanted(role, said.LEARNER):
        for person_id in await learners_of(services, run_id, limit + 1, after):
            found.setdefault(person_id, []).append(said.LEARNER)
    listed = sorted(found)[: limit + 1]

    async def member(person_id: str) -> dict[str, Any]:
        pseudonym = await platform.sealed.pseudonym(asked.tool.tool_id, person_id)
        shared = await platform.shared_of(terms, person_id) if terms else {}
        return {"status": "Active", "user_id": pseudonym, "roles": found[person_id], **shared}

    members = await asyncio.gather(*map(member, listed[:limit]))  # look-ups that arrive together go as one
    onward: dict[str, str] = {}
    if len(listed) > limit:
        asked_for = {"limit": limit, "role": role, "rlid": rlid, "page": members[-1]["user_id"]}
        wanted = urlencode({name: value for name, value in asked_for.items() if value is not None})
        onward["link"] = f'<{url}/members?{wanted}>; rel="next"'
    context = {"id": run_id, "label": run_id, "title": asked.title}
    return as_media(MEMBERS, {"id": f"{url}/members", "context": context, "members": members}, onward)


def _is_wanted(role: str | None, name: str) -> bool:
    """Whether members of a role are asked for, by its whole name or by the last word of it."""
    return role is None or role in (name, name.rpartition("#")[2])
