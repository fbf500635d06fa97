"""A stranger with a browser and the printed sign-ins does it all on a sample campus of `campus up`, by keyboard."""

from collections.abc import Iterator
from contextlib import AsyncExitStack
from typing import NamedTuple

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from tests.support import walks
from tests.support.browser import overflow, visiting
from tests.support.campus_up import RunningCampus, sample_campus
from tests.support.polling import PATIENCE
from tests.support.stranger import Stranger

pytestmark = [
    pytest.mark.slow, pytest.mark.processes, pytest.mark.servers, pytest.mark.asyncio(loop_scope="session"),
]  # fmt: skip
expect.set_options(timeout=PATIENCE * 1_000)


class Walked(NamedTuple):
    """The campus after the walk, and where some of its pages are that no link leads to any more."""

    url: str
    left: dict[str, list[str]]


@pytest.fixture(scope="module")
def running(browser: Browser) -> Iterator[RunningCampus]:
    """The sample campus; without a browser none is started."""
    with sample_campus() as running:
        yield running


async def _look(page: Page, name: str) -> None:
    """Nothing that is seen is wider than its window."""
    assert await overflow(page) <= 0, (name, page.url)


async def _walk(running: RunningCampus, browser: Browser) -> Walked:
    """All five, each with a browser of their own."""
    url = f"http://localhost:{running.port}"
    people = dict[str, Stranger]()
    async with AsyncExitStack() as stack:
        for role in ("learner", "instructor", "auditor", "analyst", "admin"):
            visitor = await stack.enter_async_context(visiting(browser, reduced_motion="reduce"))
            visitor.expected = {403}  # where a proof is asked for that one is there
            people[role] = Stranger(await visitor.context.new_page(), url, running.data_dir, _look)
        left = await walks.all_of_it(people)
        for each in people.values():
            await each.page.goto("about:blank")
    return Walked(url, left)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def walked(running: RunningCampus, browser: Browser) -> Walked:
    """What the walk has left."""
    return await _walk(running, browser)


async def test_a_stranger_buys_learns_teaches_settles_promotes_and_refunds(walked: Walked) -> None:
    """Each of the five, with the printed sign-ins and the keyboard alone, sees what was promised."""
    assert walked.left["auditor"][0].startswith(f"/audit/learners/{walks.ADA}/dossiers/")
