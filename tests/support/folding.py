"""The part of the auditor that folds for those who ask, beside a test."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from adapters.settings import Settings
from adapters.tasks import cancel_and_wait
from projections.registry import PROJECTIONS
from tests.support.roles import as_process
from workers.as_of.folding import Folding


@asynccontextmanager
async def folding(settings: Settings) -> AsyncIterator[None]:
    """The part of the auditor that folds, until the block ends."""
    task = asyncio.create_task(Folding(as_process(settings, "auditor"), PROJECTIONS).run())
    try:
        yield
    finally:
        await cancel_and_wait([task])
