"""One campus with its workers for all tests of the API; the application is started for each test."""

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
from fastapi import FastAPI

from adapters.settings import Settings
from api.app import build
from tests.conftest import migrated
from tests.support.api import Campus, every_read_model, served, workers
from tests.support.servers import Servers


@pytest.fixture(scope="session")
def lively(servers: Servers) -> Iterator[Settings]:
    """A campus whose relay, projector and reactor run."""
    settings = migrated(servers)
    with workers(settings):
        yield settings


@pytest.fixture
def app(lively: Settings) -> FastAPI:
    """The application."""
    return build(lively)


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
