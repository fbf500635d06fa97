"""
The API with its pages: what `campus serve` runs.

`create` and `build` are those of the API (api/app.py), with the pages added. Every process serves all pages, whatever
contexts it serves: what a page asks for is answered in its own process (api/http/inside.py).
"""

from collections.abc import Sequence
from pathlib import Path

from fastapi import FastAPI, Request
from starlette.types import ASGIApp, Receive, Scope, Send

from adapters import gc_tuning
from adapters.settings import Settings
from api import app as api
from projections.engine.projection import Projection
from projections.registry import PROJECTIONS
from web import account, admin, analyze, audit, home, learn, links, notification, search, signin, styleguide, teach
from web.assets import assets
from web.client import NoSuchThing
from web.page import page_of
from web.routing import refused

PAGES = (
    home.pages,
    signin.pages,
    links.pages,
    search.pages,
    account.pages,
    notification.pages,
    learn.pages,
    teach.pages,
    admin.pages,
    audit.pages,
    analyze.pages,
    styleguide.pages,
)
OF_API = "/v1/"


def create(contexts: frozenset[str] | None = None, drains_into: Path | None = None) -> FastAPI:
    """The API and the pages of the campus that the environment names; arguments as for `api.app.create`."""
    settings = Settings.load()
    settings.must_sign()
    app = build(settings, contexts=contexts)
    app.state.drains_into = drains_into
    gc_tuning.tune_for_server()
    return app


def build(
    settings: Settings, projections: Sequence[Projection] = PROJECTIONS, contexts: frozenset[str] | None = None
) -> FastAPI:
    """The API and the pages of one campus."""
    app = api.build(settings, projections, contexts)
    for each in PAGES:
        app.router.routes.extend(each.routes)
    app.router.routes.extend(assets().routes())
    app.router.default = NotFound(app.router.default)
    app.state.refused_sign_in = signin.refused_elsewhere
    return app


class NotFound:
    """What is at no address: a page for browsers that ask for one, and else what the API says."""

    def __init__(self, otherwise: ASGIApp) -> None:
        self._otherwise = otherwise

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] == "http" and not scope["path"].startswith(OF_API):
            request = Request(scope, receive)
            if "text/html" in request.headers.get("accept", ""):
                page = await page_of(request)
                response = await page.drawn(refused(page, NoSuchThing()))
                await response(scope, receive, send)
                return
        await self._otherwise(scope, receive, send)
