"""
The gateway, put together: the door of the API, what it answers itself, and behind that the proxy.

It opens nothing before it starts, and starts even if its servers and all instances are away. Its own answers are
`/healthz`, `/readyz`, `/metrics`, the description of the API, and `/v1/gateway/identity`, by which a proxy in front of
other services (Caddy's `forward_auth`) has a request checked.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
from fastapi import APIRouter, FastAPI, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, generate_latest

from adapters import gc_tuning
from adapters.nats.instances import Finder
from adapters.settings import Settings, base64_keys
from adapters.tasks import cancel_and_wait
from adapters.tls import context_of
from api import app as monolith
from api.http import cross_origin, docs, errors
from api.http.application import CampusApi
from api.http.contexts import ContextMap
from api.http.door.door import Door
from api.http.door.draining import drained_on_signal
from api.http.door.identity import HEADER, IdentitySigner
from api.http.errors import UNAUTHENTICATED, problem
from api.http.gateway import metrics
from api.http.gateway.fleet import Fleet
from api.http.gateway.forwarding import Forwarding
from api.http.gateway.proxy import Proxy, recognised
from api.http.middleware import RequestMiddleware
from api.http.policy.decision import Allowed, Thing, decide
from api.http.query import JSON
from api.http.services import services

LOOK_INTERVAL = 1.0  # seconds between two looks at an instance
router = APIRouter(include_in_schema=False)


class GatewayReadiness(msgspec.Struct, kw_only=True):
    """Whether each context is served, and by which instances."""

    status: str
    contexts: dict[str, list[str]]
    problems: list[str]


def create(drains_into: Path | None = None) -> FastAPI:
    """The gateway of the campus that the environment names, in a process of its own; see `drained_on_signal`."""
    settings = Settings.load()
    settings.must_sign()
    app = build(settings)
    app.state.drains_into = drains_into
    gc_tuning.tune_for_server()
    return app


def build(settings: Settings) -> FastAPI:
    """The gateway of one campus."""
    described = monolith.build(settings)
    contexts, fleet, door = ContextMap(described.routes), Fleet(), Door(settings, believes_gateways=False)
    signer = IdentitySigner(base64_keys(settings.identity_key)[0], settings.name)
    proxy = Proxy(contexts, fleet, Forwarding(signer), door, context_of(settings.ca_file))

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with services(settings, ()) as held:
            app.state.services, door.tokens = held, held.tokens
            finder = Finder(settings, held.nats, fleet.heard, fleet.left)
            looking = asyncio.create_task(_look(fleet, proxy))
            try:
                async with drained_on_signal(door.draining, app.state.drains_into, _nothing):
                    yield
            finally:
                await cancel_and_wait([looking])
                await finder.stop()
                await proxy.close()
                await door.close()

    app = CampusApi(
        title="Campuslog", lifespan=lifespan, docs_url=None, redoc_url=None, telemetry=monolith.NO_TELEMETRY
    )
    app.add_middleware(RequestMiddleware, door=door)
    cross_origin.install(app, settings.api_origins)
    errors.install(app)
    app.router.routes.extend(router.routes)
    docs.install(app)
    app.router.redirect_slashes = False
    app.router.default = proxy
    app.state.fleet, app.state.contexts, app.state.signer = fleet, contexts, signer
    app.state.drains_into = None
    app.openapi = described.openapi  # type: ignore[method-assign]  # of the whole API
    return app


async def _nothing() -> None:
    """A gateway is found by its address: what is in front of it sees by `/readyz` that it ends."""


async def _look(fleet: Fleet, proxy: Proxy) -> None:
    """Look again and again whether the instances live."""
    while True:
        await asyncio.gather(*(proxy.alive(instance) for instance in fleet))
        fleet.forget()
        await asyncio.sleep(LOOK_INTERVAL)


@router.get("/healthz")
async def health() -> Response:
    """The gateway answers."""
    return Response(b'{"status":"ok"}', media_type=JSON)


@router.get("/readyz")
async def ready(request: Request) -> Response:
    """Whether each context is served."""
    state = readiness(request.app)
    return Response(msgspec.json.encode(state), 200 if state.status == "ready" else 503, media_type=JSON)


@router.get("/metrics")
async def get_metrics(request: Request) -> Response:
    """What this process has measured, in Prometheus's form; instances have metrics of their own."""
    served = request.app.state.fleet.served()
    for context in request.app.state.contexts.names:
        metrics.INSTANCES.labels(context).set(len(served.get(context, ())))
    return Response(generate_latest(REGISTRY), media_type=CONTENT_TYPE_LATEST)


@router.get("/v1/gateway/identity")
async def identity(request: Request) -> Response:
    """204 and the signed identity of one of the staff or an auditor, for services beside the API; else 401 or 403."""
    user = await recognised(request)
    if user is None:
        return problem(request, 401, UNAUTHENTICATED, "send a token or the cookie of a session")
    if not isinstance(decide("getIdentity", user, Thing()), Allowed):
        return problem(request, 403, "staff_only", "this is for the staff and auditors")
    return Response(None, 204, {HEADER.decode(): request.app.state.signer.header(user).decode()})


def readiness(app: Any) -> GatewayReadiness:
    """What the gateway knows of its instances."""
    served = app.state.fleet.served()
    lacking = sorted(app.state.contexts.names - served.keys())
    return GatewayReadiness(
        status="degraded" if lacking else "ready",
        contexts={name: sorted(urls) for name, urls in sorted(served.items())},
        problems=[f"no process serves {name}: start one with `campus serve --contexts {name}`" for name in lacking],
    )
