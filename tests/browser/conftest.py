"""One browser for all tests, and a campus that sells to the people who use it."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from adapters.settings import Settings
from tests.conftest import migrated
from tests.support.browser import Visitor, chromium, visiting
from tests.support.payments import Shop, dispatching, selling, shop
from tests.support.paysim import Server
from tests.support.servers import Servers


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Chromium, for this worker process."""
    async with chromium() as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="session")
async def visitor(browser: Browser) -> AsyncIterator[Visitor]:
    """A person with a browser, in which nothing may go wrong."""
    async with visiting(browser) as visitor:
        yield visitor


@pytest.fixture(scope="module")
def log_of_api(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the API has printed."""
    return tmp_path_factory.mktemp("browser") / "api.log"


@pytest.fixture(scope="module")
def campus(servers: Servers, log_of_api: Path) -> Iterator[tuple[Settings, Server]]:
    """A campus that sells, and its paysim."""
    with log_of_api.open("wb") as log, selling(migrated(servers), log.fileno()) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def buyer(browser: Browser, campus: tuple[Settings, Server]) -> AsyncIterator[Shop]:
    """A buyer, and the dispatcher; without a browser no server is started."""
    async with dispatching(campus[0]), shop(*campus) as buyer:
        yield buyer
