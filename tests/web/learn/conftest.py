"""A campus with workers and pages for the tests of the learner's desk; the pages are started for each test."""

from collections.abc import AsyncIterator
from contextlib import ExitStack
from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from typing import cast

import httpx
import pytest

from adapters.settings import Settings
from tests.conftest import migrated
from tests.support.api import Campus, every_read_model, workers
from tests.support.pages import Reader
from tests.support.people import ORIGIN, Browser, Town
from tests.support.roles import as_process
from tests.support.servers import Servers
from web.app import build

_running = ExitStack()


@cache
def _lively(servers: Servers) -> Settings:
    settings = migrated(servers)
    _running.enter_context(workers(settings))
    _running.callback(_lively.cache_clear)
    return settings


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown(nextitem: pytest.Item | None) -> None:
    """The workers end with the last test of this folder, as those of tests/api/conftest.py do."""
    if nextitem is None or Path(__file__).parent not in nextitem.path.parents:
        _running.close()


@pytest.fixture
async def shared_campus(servers: Servers) -> AsyncIterator[Campus]:
    """The campus; its learner is the sample learner, who can sign in by one click."""
    app = build(as_process(_lively(servers), "api"))
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        jar = CookieJar(DefaultCookiePolicy(allowed_domains=[]))  # each reader keeps their own
        async with httpx.AsyncClient(transport=transport, base_url=ORIGIN, cookies=jar) as client:
            await every_read_model(client)
            campus = Campus(client)
            campus.learner = "sample-learner"
            yield campus


@pytest.fixture
async def sample_learner(shared_campus: Campus) -> Reader:
    """The sample learner with a browser, signed in."""
    browser = Browser(shared_campus.client)
    assert (await browser.post("/dev/session", {"person": "learner"})).status_code == 200
    return Reader(cast(Town, shared_campus), browser)


@pytest.fixture
def stranger(shared_campus: Campus) -> Reader:
    """A browser in which nothing is signed in."""
    return Reader(cast(Town, shared_campus), Browser(shared_campus.client))
