"""A campus that sells over HTTP."""

from collections.abc import AsyncIterator

import pytest
from fastapi import FastAPI

from adapters.settings import Settings
from api.app import build
from tests.support.api import every_read_model, served
from tests.support.sellers import NEW, OLD, Seller


@pytest.fixture
def app(lively: Settings) -> FastAPI:
    """The application, with two secrets for messages of the provider."""
    return build(lively.model_copy(update={"stripe_webhook_secrets": f"{OLD},{NEW}", "tax_rates": "DE=1900"}))


@pytest.fixture
async def seller(app: FastAPI) -> AsyncIterator[Seller]:
    """A campus that sells."""
    async with served(app) as client:
        await every_read_model(client)
        yield Seller(client, app)
