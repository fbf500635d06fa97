"""
The API of one campus, put together; web/app.py adds the pages, and is what granian calls in each of its processes.

It opens nothing before the application starts, and the application starts even if its servers are away.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from fastapi.telemetry import TelemetryConfig

from adapters.nats.instances import Announcer
from adapters.settings import Settings
from api import (
    account,
    account_export,
    accounts,
    analytics,
    announcements,
    appeals,
    attempt_files,
    attempts,
    attention,
    audit,
    auth,
    bank_keepers,
    bulk_jobs,
    campus_settings,
    catalog,
    clients,
    credentials,
    dashboards,
    deadlines,
    deliveries,
    dev_login,
    differences,
    disputes,
    dossiers,
    enrollment,
    facts,
    forum,
    grade_import,
    gradebook,
    grading,
    history,
    imports,
    invitations,
    item_statistics,
    ledger,
    looks,
    lti,
    mail_schedule,
    mailbox,
    messages,
    names,
    notification,
    operations,
    overview,
    payment,
    player,
    policy,
    progress,
    projection_jobs,
    proofs,
    question_bank,
    question_files,
    quiz,
    quiz_contents,
    quiz_entry,
    reconciliation,
    regrades,
    replay,
    roles,
    roster,
    roster_import,
    rules,
    run_invitations,
    saved_queries,
    seats,
    study,
    timeline,
    transcripts,
    viewing,
    webhooks,
    why,
)
from api.auth import sample_session
from api.http import bulk, cross_origin, docs, errors, folds, health, sse
from api.http.application import CampusApi
from api.http.door.contexts_apart import ContextGate
from api.http.door.door import Door
from api.http.door.draining import drained_on_signal
from api.http.fast_path import DashboardFastPath
from api.http.middleware import RequestMiddleware
from api.http.openapi import describe
from api.http.services import services
from projections.engine.projection import Projection
from projections.registry import PROJECTIONS

VERSION = "1"
ROUTERS = (  # the busiest first: routes are tried in this order
    progress.router,
    viewing.router,
    appeals.router,
    study.router,
    player.router,
    dashboards.router,  # plain reads of dashboards do not come here: api/http/fast_path.py
    deadlines.router,
    enrollment.router,
    attempts.router,
    quiz_entry.router,
    attempt_files.router,
    quiz.router,
    quiz_contents.router,
    grade_import.router,
    grading.router,
    item_statistics.router,
    regrades.router,
    forum.router,
    question_bank.router,
    bank_keepers.router,
    question_files.router,
    catalog.router,
    overview.router,
    gradebook.router,
    attention.router,
    roster.router,
    names.router,
    messages.router,
    notification.router,
    mail_schedule.router,
    mailbox.router,
    deliveries.router,
    seats.router,
    run_invitations.router,
    roster_import.router,
    sse.router,
    history.router,
    timeline.router,
    facts.router,
    dossiers.router,
    ledger.router,
    reconciliation.router,
    why.router,
    webhooks.router,
    replay.router,
    disputes.router,
    proofs.router,
    credentials.router,
    transcripts.router,
    looks.router,
    audit.router,
    operations.router,
    projection_jobs.router,
    differences.router,
    analytics.router,
    saved_queries.router,
    bulk_jobs.router,
    campus_settings.router,
    announcements.router,
    imports.router,
    rules.router,
    folds.router,
    bulk.router,
    payment.router,
    account.router,
    accounts.router,
    account_export.router,
    invitations.router,
    auth.router,
    sample_session.router,
    roles.router,
    clients.router,
    lti.router,
    clients.tokens_router,
    policy.router,
    dev_login.router,
    health.router,
)
FOR_DEVELOPMENT = (dev_login.router, sample_session.router)
"""What is there only where the operator asks for the development login."""
NO_TELEMETRY: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False}  # api/http/metrics.py has ours
DESCRIPTION = """
To try it, copy what `campus token --as admin` prints into *Authorize*.

A command answers with the `position` of its facts in the log. A query with `min_position` waits until its read model
holds the facts up to that position, and is 503 after two seconds; its header `Campus-Position` says for which position
the answer is true. An error is a problem document (RFC 9457) with a stable `code`.
"""


def build(
    settings: Settings, projections: Sequence[Projection] = PROJECTIONS, contexts: frozenset[str] | None = None
) -> FastAPI:
    """The API of one campus with these read models; *contexts* are those that it serves, None for all."""
    door = Door(settings)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with services(settings, projections) as held:
            app.state.services, app.state.contexts, door.tokens = held, contexts, held.tokens
            announcer = Announcer(settings, held.nats, contexts) if contexts is not None else None

            async def leave() -> None:
                if announcer is not None:
                    await announcer.stop()

            async with drained_on_signal(door.draining, app.state.drains_into, leave):
                yield
            await leave()
        await door.close()

    app = CampusApi(
        title="Campuslog",
        version=VERSION,
        description=DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        telemetry=NO_TELEMETRY,
    )
    app.state.drains_into = app.state.refused_sign_in = None
    app.add_middleware(DashboardFastPath)
    if contexts is not None:
        app.add_middleware(ContextGate, routes=app.router.routes, served=contexts)
    app.add_middleware(RequestMiddleware, door=door)  # the outermost middleware is added last
    cross_origin.install(app, settings.api_origins)
    errors.install(app)
    folds.install(app)
    for router in ROUTERS:
        if router in FOR_DEVELOPMENT and not settings.dev_login:
            continue
        app.router.routes.extend(router.routes)  # include_router would match nested routes for every request
    docs.install(app)

    def openapi() -> dict[str, Any]:
        return describe(app)

    app.openapi = openapi  # type: ignore[method-assign]  # the way that FastAPI documents
    return app
