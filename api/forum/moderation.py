"""Reports of posts, what the staff decide about them, and appeals: by the staff of a run, and by those who write."""

from typing import Annotated

import msgspec
from fastapi import Query, Request, Response
from pydantic import Field

from adapters.command_bus.replay import replayed
from adapters.moderation import CASE, FILE, OWN, ModerationCase, ShownModeration
from adapters.postgres.queries import moderation, roles
from adapters.postgres.queries.moderation import CasesAsked, QueueCounts, Waiting
from api.forum.fields import PostNo, ThreadId
from api.forum.viewer import is_staff
from api.http import paging
from api.http.dispatch import Accepted, Body, Dispatch, example
from api.http.openapi import command, query
from api.http.query import QueryContext, QueryDep
from api.http.routing import router as strict_router
from api.http.services import Services, ServicesDep
from api.http.types import NO_NUL, NOT_BLANK, Limit, RunId
from commands.forum import moderation as commands
from domain.enrollment import Enrollment, enrollment_stream
from domain.forum import Post, RemovalGround, post_stream
from domain.forum.moderation import Decision, ReportGround
from domain.forum.moderation_errors import CaseNotFound
from domain.forum.report import MOST_WORDS
from projections.moderation import ModerationOfForum

router = strict_router("forum", "/v1")

RunPart = "/runs/{run_id}"
OF_POST = f"{RunPart}/threads/{{thread_id}}/posts/{{post_no}}"
MOST_CASES = 10_000  # of a post, in numbers that are asked for
CaseNumber = Annotated[int, Field(ge=1, le=MOST_CASES, description="Cases of a post count from 1.")]
SomeWords = Annotated[str, Field(max_length=MOST_WORDS, pattern=NO_NUL)]


class NewReport(Body):
    """Why the staff should look at a post, and what there is to say to them; no learner reads who has reported it."""

    model_config = example(ground="rude", words="It insults me.")

    ground: Annotated[ReportGround, Field(strict=False)]
    words: SomeWords = ""


class NewDecision(Body):
    """What is decided about a post, with all reports of the case; the words are said to its author."""

    model_config = example(case_no=1, decision="removed", ground="rude", words="Please be kind.")

    case_no: CaseNumber
    decision: Annotated[Decision, Field(strict=False)]
    ground: Annotated[RemovalGround, Field(strict=False)] | None = None
    words: SomeWords = ""


class NewContest(Body):
    """Why a decision about an own post is wrong."""

    model_config = example(case_no=1, words="I was quoting.")

    case_no: CaseNumber
    words: Annotated[str, Field(min_length=1, max_length=MOST_WORDS, pattern=NO_NUL, json_schema_extra=NOT_BLANK)]


class AppealAnswer(Body):
    """Whether the author was right; then a post that was removed is shown again."""

    model_config = example(case_no=1, upheld=True, words="You were.")

    case_no: CaseNumber
    upheld: bool
    words: SomeWords = ""


class CasePage(msgspec.Struct, kw_only=True):
    """Cases: those that wait the oldest first, closed ones the newest first; and how many wait."""

    waiting: QueueCounts
    items: list[ModerationCase]
    next: str | None


COUNTS = QueueCounts(open=1, appealed=1, oldest_at=CASE.waits_since)


@router.post(f"{OF_POST}/report", status_code=202, response_model=Accepted, responses=command(403, 404, 409))
async def report_post(
    run_id: RunId, thread_id: ThreadId, post_no: PostNo, body: NewReport, dispatch: Dispatch
) -> Response:
    """Report a post of another person to the staff, once."""
    staff = await is_staff(dispatch.check, run_id)
    me = dispatch.user.subject
    return await dispatch(commands.ReportPost(me, run_id, thread_id, post_no, body.ground, body.words, staff))


@router.post(f"{OF_POST}/report/withdraw", status_code=202, response_model=Accepted, responses=command(403, 404, 409))
async def withdraw_report(run_id: RunId, thread_id: ThreadId, post_no: PostNo, dispatch: Dispatch) -> Response:
    """Take a report back before it is decided."""
    await is_staff(dispatch.check, run_id)
    return await dispatch(commands.WithdrawReport(dispatch.user.subject, run_id, thread_id, post_no))


@router.post(f"{OF_POST}/appeal", status_code=202, response_model=Accepted, responses=command(403, 404, 409))
async def appeal_decision(
    run_id: RunId, thread_id: ThreadId, post_no: PostNo, body: NewContest, dispatch: Dispatch
) -> Response:
    """Contest a decision about an own post, once."""
    await is_staff(dispatch.check, run_id)
    me = dispatch.user.subject
    return await dispatch(commands.AppealDecision(me, run_id, thread_id, post_no, body.case_no, body.words))


@router.post(f"{OF_POST}/decide", status_code=202, response_model=Accepted, responses=command(403, 404, 409))
async def decide_reports(
    run_id: RunId, thread_id: ThreadId, post_no: PostNo, body: NewDecision, dispatch: Dispatch
) -> Response:
    """Decide about a post; that closes all reports of the case."""
    me, ground = dispatch.user.subject, body.ground
    decide = commands.DecideReports(me, run_id, thread_id, post_no, body.case_no, body.decision, ground, body.words)
    return await dispatch(decide)


@router.post(f"{OF_POST}/appeal/decide", status_code=202, response_model=Accepted, responses=command(403, 404, 409))
async def decide_appeal(
    *,
    run_id: RunId,
    thread_id: ThreadId,
    post_no: PostNo,
    body: AppealAnswer,
    dispatch: Dispatch,
    services: ServicesDep,
) -> Response:
    """Decide an appeal: by another one of the staff than the decision, where the run has one."""
    me = dispatch.user.subject
    post = await replayed(services.log, Post, post_stream(thread_id, post_no))
    others = await _has_others(services, run_id, {me, post.author})
    decide = commands.DecideAppeal(me, run_id, thread_id, post_no, body.case_no, body.upheld, body.words, others)
    return await dispatch(decide)


async def _has_others(services: Services, run_id: str, without: set[str]) -> bool:
    """Whether others than these two teach the run, or assist there."""
    course_id = await services.whereabouts.course_of_run(run_id) or ""
    staff = await roles.staff_of_run(services.reader, run_id, course_id, "", 3, now=services.log.clock.now())
    return bool(set(staff) - without)


@router.get(
    f"{RunPart}/moderation", responses=query(CasePage(waiting=COUNTS, items=[CASE], next=paging.NEXT), 403, 404)
)
async def list_moderation_cases(
    *,
    request: Request,
    run_id: RunId,
    ask: QueryDep,
    state: Annotated[Waiting, Query(description="How the case stands.")] = "open",
    ground: Annotated[ReportGround | None, Query(description="Only those with such a report.")] = None,
    cursor: paging.Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Cases of posts of a run, without those of the user's own posts."""
    await ask.check_run(run_id)
    listing = f"moderation:{run_id}:{state}:{ground}"
    after = paging.after(listing, cursor, [int, str, int])
    asked = CasesAsked(run_id=run_id, me=ask.user.subject, state=state, ground=ground)
    shown = shown_to(ask)
    page = await ask.read_at_least(ModerationOfForum.name, lambda: shown.queue(asked, after, limit + 1))
    counted = await moderation.counts(ask.services.reader, run_id, ask.user.subject)
    members = b'"waiting":%b,' % (counted.body or b"")
    return paging.reply(request, ask, page, listing, limit, members=members)


@router.get(f"{RunPart}/moderation/{{thread_id}}/{{post_no}}", responses=query(FILE, 403, 404))
async def get_moderation_of_post(run_id: RunId, thread_id: ThreadId, post_no: PostNo, ask: QueryDep) -> Response:
    """All cases of a post, its reports with who has made them, and what its author has read and answered."""
    shown = shown_to(ask)
    found = await ask.read_at_least(ModerationOfForum.name, lambda: shown.file(run_id, thread_id, post_no))
    if found.file is None:
        raise CaseNotFound(thread_id=thread_id, post_no=post_no, case_no=1)
    return ask.reply(msgspec.json.encode(found.file), found.position)


@router.get("/me/runs/{run_id}/moderation", responses=query(OWN, 404))
async def get_my_moderation(run_id: RunId, ask: QueryDep) -> Response:
    """The user's reports on a run, and decisions about the user's posts."""
    await ask.check_run(run_id)
    shown = shown_to(ask)
    enrollment = await replayed(ask.services.log, Enrollment, enrollment_stream(ask.user.subject, run_id))
    cohort_id = enrollment.cohort_id
    found = await ask.read_at_least(ModerationOfForum.name, lambda: shown.own(run_id, cohort_id))
    return ask.reply(msgspec.json.encode(found.own), found.position)


def shown_to(ask: QueryContext) -> ShownModeration:
    """Moderation as the user sees it."""
    return ShownModeration(ask.services.reader, ask.services.log.keys, ask.user.subject)
