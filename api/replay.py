"""What each fact of a learner or of a run changed, step by step (api/http/played.py)."""

from fastapi import Request, Response

from adapters.postgres.as_of.replay import of_learner, of_run
from api.http.errors import LearnerNotFound
from api.http.played import RESPONSES, PartDep, end_of, look_at, played
from api.http.query import QueryDep
from api.http.routing import router as strict_router
from api.http.types import LearnerId, RunId
from domain.catalog import RunNotFound, run_stream

router = strict_router("replay", "/v1")


@router.get("/learners/{learner_id}/replay", responses=RESPONSES, response_class=Response)
async def replay_learner(request: Request, learner_id: LearnerId, ask: QueryDep, part: PartDep) -> Response:
    """
    What each fact changed in each document of a learner, as JSON Patch; all patches lead to the documents at the end.

    A document is a stored row that is the learner's own, named by its view and key. That another person's history is
    played is recorded.
    """
    if learner_id != ask.user.subject and not await ask.services.log.knows(learner_id):
        raise LearnerNotFound(learner_id=learner_id)
    moment = await end_of(ask, part)
    await look_at(request, learner_id, part, moment)
    return played(ask, part, moment, await of_learner(ask.services.folders, learner_id, moment))


@router.get("/runs/{run_id}/replay", responses=RESPONSES, response_class=Response)
async def replay_run(run_id: RunId, ask: QueryDep, part: PartDep) -> Response:
    """The same for the documents of a run in the catalog; for the staff."""
    if not await ask.services.log.since(run_stream(run_id), 0):
        raise RunNotFound(run_id=run_id)
    moment = await end_of(ask, part)
    return played(ask, part, moment, await of_run(ask.services.folders, run_id, moment))
