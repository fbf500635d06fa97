"""A dispatcher whose jobs begin and never end, to be killed in the middle of one; it says so in a file."""

import asyncio
import sys
from pathlib import Path

from adapters.settings import Settings
from domain.fact import Fact
from workers import dispatcher
from workers.reactions import JOBS
from workers.reactions.job import Outside

mark = Path(sys.argv[1])


async def hang(_fact: Fact, _: Outside) -> None:
    """Begin, and never end."""
    await asyncio.to_thread(mark.touch)
    await asyncio.Event().wait()


if __name__ == "__main__":
    job, _reminder = JOBS["enrollment.seat_offered"]
    hanging = {"enrollment.seat_offered": (job._replace(effect=hang),)}
    asyncio.run(dispatcher.run(Settings.load(), asyncio.Event(), hanging))
