"""The projector with the tests' own read models, as a process: `python -m tests.support.tally_projector`."""

import asyncio
import signal
import sys

from adapters.logging import configure
from adapters.settings import Settings
from tests.support.workers import BOTH
from workers import projector
from workers.projecting import follower


async def tally() -> None:
    """Project until SIGTERM."""
    settings, stop = Settings.load(), asyncio.Event()
    configure(settings.log_level, process="tallying")
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await projector.run(settings, stop, BOTH)


if __name__ == "__main__":
    if sys.argv[1:] == ["never-hung"]:
        follower.HUNG = 0  # no limit
    asyncio.run(tally())
