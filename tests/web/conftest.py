"""A campus with its pages, whose mails arrive."""

from collections.abc import AsyncIterator, Iterator

import pytest

from adapters.settings import Settings
from tests.support.api import Campus, every_read_model, workers
from tests.support.clock import SharedClock
from tests.support.pages import Reader
from tests.support.people import Town
from tests.support.people import town as town_of
from web.app import build


@pytest.fixture
async def town(settings: Settings) -> AsyncIterator[Town]:
    """The campus."""
    async with town_of(SharedClock.of(settings.model_copy(update={"dev_login": True})), build) as town:
        yield town


@pytest.fixture
def lively(settings: Settings) -> Iterator[None]:
    """The workers of the campus run: read models follow what is sent."""
    with workers(SharedClock.of(settings)):
        yield


@pytest.fixture
async def ada(town: Town) -> Reader:
    """A person with an account, signed in."""
    return Reader(town, await town.settle("ada@example.org"))


@pytest.fixture
async def campus(settings: Settings, town: Town, ada: Reader) -> AsyncIterator[Campus]:
    """A run with ada on it, whose quiz she has taken."""
    with workers(settings):
        await every_read_model(town.client)
        campus = Campus(town.client)
        campus.learner = ada.browser.learner_id
        await campus.begin()
        await campus.send(f"/quizzes/{campus.quiz}/attempts/1/submit", {"responses": [1, 1]})
        yield campus
