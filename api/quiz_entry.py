"""A quiz before an attempt: by which rules it is taken, how many attempts are left, and what stops the learner."""

from datetime import UTC, datetime, timedelta

import msgspec
from fastapi import Request, Response

from adapters.command_bus.dry_run import DryRun
from api.http.door.addresses import client_of
from api.http.openapi import query
from api.http.query import QueryDep
from api.http.routing import router as strict_router
from api.http.types import QuizId
from commands.log import Context
from commands.quiz.entry import Obstacle, QuizEntry, entry_to
from domain.late_policy import LatePolicy
from domain.quiz.rules import Feedback

router = strict_router("attempts", "/v1")

AT = datetime(2026, 2, 14, 18, tzinfo=UTC)
ENTRY = QuizEntry(
    quiz_id="algebra-2026-q1",
    run_id="algebra-2026",
    unit_id="q1",
    version=1,
    title="Equations",
    questions=1,
    pass_bp=4_000,
    time_limit=1_800,
    attempts_allowed=2,
    attempts_taken=1,
    attempts_left=1,
    running=1,
    opens_at=AT,
    due_at=AT + timedelta(days=1),
    accepted_until=AT + timedelta(days=6),
    closes_at=AT + timedelta(days=6),
    late=LatePolicy(rule="percent_a_day", days=5, off_bp=1_000),
    counts="best",
    hints="asked",
    honour="I work alone.",
    needs_password=True,
    feedback=Feedback(),
    obstacle=Obstacle(code="quiz_closed", sentence="quiz algebra-2026-q1 closed: no attempt is started any more"),
)


@router.get("/me/quizzes/{quiz_id}", responses=query(ENTRY, 404, 409))
async def get_my_quiz(quiz_id: QuizId, request: Request, ask: QueryDep) -> Response:
    """A quiz before an attempt: by which rules it is taken, how many attempts you have left, and what stops you."""
    services = ask.services
    address = client_of(request.scope, request.headers.get("x-forwarded-for"), services.settings.trusted_proxies)
    head = await services.log.head()
    ask.must_reach(head)
    log = DryRun(services.log, Context(ask.user.subject, services.log.clock.now()))
    entry = await entry_to(log, ask.user.subject, quiz_id, address)
    return ask.reply(msgspec.json.encode(entry), head)
