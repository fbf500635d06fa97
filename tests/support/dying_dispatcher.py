"""A dispatcher that hangs at one step of sending a mail, to be killed there; it says so in a file."""

import asyncio
import sys
from pathlib import Path
from typing import Any

from adapters.mail import attempts
from adapters.settings import Settings
from workers import dispatcher

STEP, MARK = sys.argv[1], Path(sys.argv[2])


async def hang() -> None:
    """Say that the step is reached, and never end."""
    await asyncio.to_thread(MARK.touch)
    await asyncio.Event().wait()


def hang_at_step() -> None:
    """Before the mail leaves (`begun`), or after it was taken and before that is noted (`taken`)."""
    begin = attempts.begin

    async def begin_and_hang(*given: Any) -> Any:
        await begin(*given)
        await hang()

    async def hang_before_answer(*_: Any) -> Any:
        await hang()

    if STEP == "begun":
        attempts.begin = begin_and_hang  # type: ignore[assignment]
    else:
        attempts.answered = hang_before_answer  # type: ignore[assignment]


if __name__ == "__main__":
    hang_at_step()
    asyncio.run(dispatcher.run(Settings.load(), asyncio.Event()))
