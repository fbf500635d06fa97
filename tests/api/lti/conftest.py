"""A tool that is registered, deployed to a course, and has a unit of its run."""

from collections.abc import AsyncIterator

import pytest
from fastapi import FastAPI

from tests.support.api import Campus
from tests.support.lti import ToolDouble
from tests.support.receiver import receiving


@pytest.fixture
async def tool(app: FastAPI, campus: Campus) -> AsyncIterator[ToolDouble]:
    """The tool."""
    async with receiving() as receiver:
        found = ToolDouble(campus, receiver, app.state.services.settings.web_url)
        await found.register()
        yield found
