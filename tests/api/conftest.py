"""One campus with its workers for all tests of the API; the application is started for each test."""

from collections.abc import AsyncIterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from adapters.settings import Settings
from api.app import build
from tests.conftest import beside
from tests.support.api import Campus, every_read_model, served, workers
from tests.support.roles import as_process
from tests.support.servers import Servers

_running = ExitStack()


@cache
def _lively(servers: Servers) -> Settings:
    settings = beside(servers)
    _running.enter_context(workers(settings))
    _running.callback(_lively.cache_clear)
    return settings


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown(nextitem: pytest.Item | None) -> None:
    """
    The workers end with the last test of this folder, before one of another.

    As threads of this process and sessions of its server they take part in what other tests patch and count. With the
    last test of all the servers are stopped, so they end first.
    """
    if nextitem is None or Path(__file__).parent not in nextitem.path.parents:
        _running.close()


@pytest.fixture(scope="module")
def lively(servers: Servers) -> Settings:
    """A campus whose relay, projector and reactor run."""
    return _lively(servers)


@pytest.fixture
def app(lively: Settings) -> FastAPI:
    """The application."""
    return build(as_process(lively, "api"))


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the started application."""
    async with served(app) as client:
        await every_read_model(client)
        yield client


@pytest.fixture
def campus(client: httpx.AsyncClient) -> Campus:
    """The client with what tests do over and over."""
    return Campus(client)
