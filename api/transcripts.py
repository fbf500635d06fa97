"""The transcript of a learner: for the holder, with the name, and for staff; as JSON, or as a page, by `Accept`."""

import msgspec
from fastapi import Request, Response

from adapters.command_bus.replay import replayed
from adapters.personal.export_page import style
from adapters.postgres.log.decoding import must_be_readable
from adapters.shown_dashboard import note_time, whole
from adapters.transcripts.page import transcript_page
from adapters.transcripts.transcript import EXAMPLE, READS, Transcript, runs_of
from api.http.errors import LearnerNotFound
from api.http.negotiation import wanted
from api.http.openapi import query
from api.http.query import JSON, QueryContext, QueryDep
from api.http.routing import router as strict_router
from api.http.still_page import policy_of
from api.http.types import LearnerId
from domain.admin.settings import CAMPUS_NAME
from domain.tags import QueryItem, tag
from domain.user import DISPLAY_NAME, User, user_stream
from projections.learner_dashboard import LearnerDashboard

router = strict_router("transcripts", "/v1")
HTML = "text/html"
VARY = {"vary": "accept"}


def _answers(*further: int) -> dict[int | str, dict[str, object]]:
    answers = query(EXAMPLE, *further)
    answers[200]["content"][HTML] = {"schema": {"type": "string"}, "example": "<!doctype html>"}
    return answers


@router.get("/me/transcript", responses=_answers())
async def get_my_transcript(request: Request, ask: QueryDep) -> Response:
    """The user's courses, how they ended, with all revisions, and what certifies it; with the name of the profile."""
    name = None
    if ask.user.by == ask.user.subject:  # not for an admin who acts as the learner
        user = await replayed(ask.services.log, User, user_stream(ask.user.subject))
        name = (await ask.services.log.keys.reading(user.id)).open(user.profile.get(DISPLAY_NAME))
    return await _transcript(request, ask, ask.user.subject, name)


@router.get("/learners/{learner_id}/transcript", responses=_answers(403, 404))
async def get_learner_transcript(request: Request, learner_id: LearnerId, ask: QueryDep) -> Response:
    """The same of a learner, without a name."""
    return await _transcript(request, ask, learner_id, None)


async def _transcript(request: Request, ask: QueryContext, learner_id: str, name: str | None) -> Response:
    services, now = ask.services, ask.now()
    documents = services.documents[LearnerDashboard.name]
    document = await ask.read_at_least(LearnerDashboard.name, lambda: documents.stored(learner_id, None))
    if not document.exists and learner_id != ask.user.subject:
        raise LearnerNotFound(learner_id=learner_id)
    courses = {course.run_id: course for course in whole(document.body).courses} if document.exists else {}
    for course in courses.values():
        note_time(course, now)
    facts, head = await services.log.matching((QueryItem(READS, (tag("learner", learner_id),)),))
    found = Transcript(
        learner_id=learner_id,
        name=name,
        campus=await services.people.settings.value(CAMPUS_NAME),
        runs=runs_of([must_be_readable(fact) for fact in facts], courses),
    )
    position = min(head, document.position)
    if wanted(request.headers.get("accept", ""), (JSON, HTML)) == HTML:
        headers = {"content-type": f"{HTML}; charset=utf-8", "content-security-policy": policy_of(style()), **VARY}
        return ask.reply(transcript_page(found, now), position, headers)
    return ask.reply(msgspec.json.encode(found), position, VARY)
