"""
Waiting for a fold that the auditor carries out: all who ask for the same in this process look together whether it is
done.
"""

import asyncio
from collections.abc import Sequence

from adapters.postgres.as_of import folds
from adapters.postgres.as_of.folds import Fold, Number, TooManyFolds
from adapters.postgres.connection import Link, Unavailable
from projections.engine.moment import Moment
from projections.engine.projection import Projection

READY_WITHIN = 5.0  # seconds that a query waits for a fold
LOOKS = (0.05, 0.1, 0.25)  # seconds between two looks whether it is done: at first, then, and from then on


class StillFolding(Exception):
    """What was asked for is not there yet; the fold says how far it is."""

    def __init__(self, fold: Fold) -> None:
        super().__init__(f"fold {fold.id} is {fold.status}: {fold.done:,} of {fold.total:,} facts")
        self.fold = fold


class FoldWaiter:
    """Asks for folds, and waits for them."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._waiting: dict[str, asyncio.Task[Fold | None]] = {}

    async def done(self, projections: Sequence[Projection], moment: Moment, number: Number | None = None) -> Fold:
        """
        The fold of these read models, or of one number, when it is done.

        Raises:
            StillFolding: it takes longer than READY_WITHIN.
            Unavailable: it has failed, or too many wait.
        """
        try:
            fold = await self._link.run(lambda connection: folds.ask(connection, projections, moment, number))
        except TooManyFolds as error:
            raise Unavailable(str(error)) from error
        waiting = self._waiting.get(fold.id)
        if waiting is None:
            waiting = self._waiting[fold.id] = asyncio.create_task(self._ended(fold.id))
            waiting.add_done_callback(lambda _: self._waiting.pop(fold.id, None))
        ended = await asyncio.shield(waiting) or fold
        if ended.status == "failed":
            raise Unavailable(f"the facts up to position {fold.position} could not be folded: {ended.error}")
        if ended.status != "done":
            raise StillFolding(ended)
        return ended

    async def look(self, fold_id: str) -> Fold | None:
        """How a fold stands; None if there is none of this id."""
        return await self._link.run(lambda connection: folds.look(connection, fold_id))

    async def note_asker(self, fold: Fold, user: str) -> None:
        """Note that a user waits for a fold, and may look how far it is."""
        if user not in fold.askers:
            await self._link.run(lambda connection: folds.note_asker(connection, fold.id, user))

    async def _ended(self, fold_id: str) -> Fold | None:
        """The fold when it has ended, or READY_WITHIN is over."""
        loop, looks = asyncio.get_running_loop(), 0
        deadline = loop.time() + READY_WITHIN
        while True:
            fold = await self.look(fold_id)
            if fold is None or fold.status in {"done", "failed"} or loop.time() > deadline:
                return fold
            await asyncio.sleep(LOOKS[min(looks // 10, len(LOOKS) - 1)])
            looks += 1
