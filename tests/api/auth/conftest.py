"""A campus whose mails arrive, and whose clock a test moves."""

from collections.abc import AsyncIterator

import pytest

from adapters.settings import Settings
from tests.support.clock import SharedClock
from tests.support.guests import Place, place_of
from tests.support.people import Town
from tests.support.people import town as town_of


@pytest.fixture
async def town(settings: Settings) -> AsyncIterator[Town]:
    """The campus."""
    async with town_of(SharedClock.of(settings)) as town:
        yield town


@pytest.fixture
async def place(settings: Settings) -> AsyncIterator[Place]:
    """The campus, with two providers of sign-ins."""
    async with place_of(settings) as place:
        yield place
