"""Appeals against the outcome of a course: made and withdrawn by learners, answered by the staff of the run."""

from typing import Annotated, Literal

import msgspec
from fastapi import Path, Query, Response

from adapters.appeals import EXAMPLE, appeals_about
from api.http.dispatch import Accepted, Body, Dispatch, example
from api.http.openapi import command, query
from api.http.query import QueryContext, QueryDep
from api.http.routing import router as strict_router
from api.http.services import ServicesDep
from api.http.types import ActingFor, Id, LearnerId, LongReason, RunId
from commands.progress.appeals import AnswerAppeal, MakeAppeal, WithdrawAppeal
from domain.progress.appeal import MOST_APPEALS
from domain.tags import tag

router = strict_router("appeals", "/v1")

AppealNo = Annotated[int, Path(ge=1, le=MOST_APPEALS, description="Appeals of a learner count from 1.", examples=[1])]


class NewAppeal(Body):
    """Why the outcome should be another one."""

    model_config = example(run_id="algebra-2026", words="Question 3 was marked by the wrong key.")

    run_id: Id
    learner_id: ActingFor = None
    words: LongReason


class AppealTakenBack(Body):
    """Whose appeal is taken back."""

    model_config = example(run_id="algebra-2026")

    run_id: Id
    learner_id: ActingFor = None


class NewAnswer(Body):
    """What the staff answer; with `granted`, the `outcome` from now on, or none where it was changed before."""

    model_config = example(granted=True, outcome="pass", words="The key was wrong, and is mended.")

    granted: bool
    outcome: Literal["distinction", "pass", "fail"] | None = None
    words: LongReason


@router.post("/progress/appeals", status_code=202, response_model=Accepted, responses=command(403, 404, 409))
async def make_appeal(body: NewAppeal, handle: Dispatch) -> Response:
    """Appeal against the outcome of a run."""
    learner_id = await handle.acts_for(body.learner_id, run_id=body.run_id)
    return await handle(MakeAppeal(learner_id, body.run_id, body.words), learner_id)


@router.post(
    "/progress/appeals/{appeal_no}/withdraw",
    status_code=202,
    response_model=Accepted,
    responses=command(403, 404, 409),
)
async def withdraw_appeal(appeal_no: AppealNo, body: AppealTakenBack, handle: Dispatch) -> Response:
    """Take an appeal back before it is answered."""
    learner_id = await handle.acts_for(body.learner_id, run_id=body.run_id)
    return await handle(WithdrawAppeal(learner_id, body.run_id, appeal_no), learner_id)


@router.post(
    "/learners/{learner_id}/runs/{run_id}/appeals/{appeal_no}/answer",
    status_code=202,
    response_model=Accepted,
    responses=command(403, 404, 409),
)
async def answer_appeal(
    *,
    learner_id: LearnerId,
    run_id: RunId,
    appeal_no: AppealNo,
    body: NewAnswer,
    handle: Dispatch,
    services: ServicesDep,
) -> Response:
    """Answer an appeal; the outcome is revised along with it, for the same reason."""
    through = await services.log.head()
    answer = AnswerAppeal(learner_id, run_id, appeal_no, body.granted, body.words, body.outcome, through)
    return await handle(answer, learner_id)


@router.get("/me/runs/{run_id}/appeals", responses=query(EXAMPLE, 404))
async def list_my_appeals(run_id: RunId, ask: QueryDep) -> Response:
    """The user's appeals on a run."""
    return await _listed(ask, run_id, tag("learner", ask.user.subject), tag("run", run_id))


@router.get("/learners/{learner_id}/runs/{run_id}/appeals", responses=query(EXAMPLE, 403, 404))
async def list_learner_appeals(learner_id: LearnerId, run_id: RunId, ask: QueryDep) -> Response:
    """A learner's appeals on a run."""
    return await _listed(ask, run_id, tag("learner", learner_id), tag("run", run_id))


@router.get("/runs/{run_id}/appeals", responses=query(EXAMPLE, 403, 404))
async def list_run_appeals(
    run_id: RunId,
    ask: QueryDep,
    *,
    all_of_them: Annotated[bool, Query(alias="all", description="Also those that are closed.")] = False,
) -> Response:
    """The appeals of a run that are open, the oldest first."""
    return await _listed(ask, run_id, tag("run", run_id), only_open=not all_of_them)


async def _listed(ask: QueryContext, run_id: str, *about: str, only_open: bool = False) -> Response:
    found, position = await appeals_about(ask.services.log, *about, only_open=only_open)
    ask.must_reach(position)
    if not found.items:
        await ask.check_run(run_id)
    return ask.reply(msgspec.json.encode(found), position)
