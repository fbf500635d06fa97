"""
Answers that cost much and are asked for again and again, such as by a list that is shown a window at a time.

A process keeps each as long as no rows of the read models were written that it was made of, which costs a look at their
checkpoints. Those who ask for the same one at the same time share one, which was begun after all of them had asked, or
FRESH seconds before: less than a page waits until it is drawn again after a change (web/templates/base.html).
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from time import monotonic
from typing import Generic, NamedTuple, Protocol, TypeVar
from weakref import WeakValueDictionary

from adapters.postgres.queries.reader import Reader, written

FRESH = 0.1  # seconds for which an answer is given without a look at the rows


class Positioned(Protocol):
    """What is kept, and the position for which it is true."""

    @property
    def position(self) -> int:
        """The position."""
        ...


KeyT = TypeVar("KeyT", bound=Hashable)
FoundT = TypeVar("FoundT", bound=Positioned)


class _Kept(NamedTuple, Generic[FoundT]):
    """An answer, which rows there were before it was made (None: not known), and when they were looked at last."""

    found: FoundT
    rows: str | None
    at: float


class KeptAnswers(Generic[KeyT, FoundT]):
    """
    The latest answers of one kind.

    Args:
        projections: the read models that they are made of.
        most: how many are kept.
    """

    def __init__(self, reader: Reader, *projections: str, most: int) -> None:
        self._reader, self._look, self._most = reader, f"SELECT {written(*projections)}", most
        self._kept: OrderedDict[KeyT, _Kept[FoundT]] = OrderedDict()
        self._making: WeakValueDictionary[KeyT, asyncio.Lock] = WeakValueDictionary()

    async def get(
        self,
        key: KeyT,
        at_least: int,
        make: Callable[[FoundT | None], Awaitable[FoundT]],
        holds: Callable[[FoundT], bool] = lambda _: True,
    ) -> FoundT:
        """
        The answer for a key.

        Args:
            at_least: the position for which it has to be true; one that *make* does not reach is for the caller.
            make: makes it, from the one before if there is one.
            holds: whether what was made of the same rows is an answer by now.
        """
        asked_at = monotonic()
        async with self._making.setdefault(key, asyncio.Lock()):
            kept, now = self._kept.get(key), monotonic()
            is_answer = kept is not None and kept.found.position >= at_least and holds(kept.found)
            if kept is not None and is_answer and kept.at >= asked_at - FRESH:
                self._kept.move_to_end(key)
                return kept.found
            rows: str | None = (await self._reader.rows(self._look, {}))[0][0]
            if kept is not None and is_answer and rows is not None and rows == kept.rows:
                return self._keep(key, kept._replace(at=now))
            return self._keep(key, _Kept(await make(None if kept is None else kept.found), rows, now))

    def _keep(self, key: KeyT, kept: _Kept[FoundT]) -> FoundT:
        self._kept[key] = kept
        self._kept.move_to_end(key)
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)
        return kept.found
