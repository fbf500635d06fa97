"""Facts of a test as pages of columns, and what a live fold and a bulk fold make of them."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from domain.fact import Fact
from domain.streams import PARTITIONS
from projections.engine.bulk.fold import BulkFold, RestartFold, Task
from projections.engine.bulk.pages import EPOCH, MICROSECOND, ColumnPage, FactFilter
from projections.engine.bulk.rows import MemoryBudget
from projections.engine.digest import ContentDigest, row_digest
from projections.engine.live import Batch, Exclusions, FactCounts, OwnedSegments, Poison, fold_batch
from projections.engine.memory import MemoryStore
from projections.engine.merge import merged
from projections.engine.projection import Projection, RowKey
from projections.engine.rows import Unreadable

PAGE = 7  # facts


def wanted_of(facts: Iterable[Fact], wanted: FactFilter) -> list[Fact]:
    """The facts that a source would deliver."""
    return [
        fact
        for fact in facts
        if fact.type in wanted.types and (fact.type in wanted.everywhere or fact.partition in wanted.partitions)
    ]


def pages_of(facts: Sequence[Fact], wanted: FactFilter, size: int = PAGE) -> Iterator[ColumnPage]:
    """The wanted facts in pages."""
    found = wanted_of(facts, wanted)
    kinds = {name: number for number, name in enumerate(wanted.types)}
    for start in range(0, len(found), size):
        some = found[start : start + size]

        def load(column: str, name: str, some: list[Fact] = some) -> dict[int, Any]:
            return {fact.position: getattr(fact, column) for fact in some if fact.type == name}

        numbers = {
            "position": [fact.position for fact in some],
            "occurred_at": [(fact.occurred_at - EPOCH) // MICROSECOND for fact in some],
        }
        yield ColumnPage(
            until=some[-1].position,
            stream_ids=[fact.stream_id for fact in some],
            kinds=[kinds[fact.type] * PARTITIONS + fact.partition for fact in some],
            data=msgspec.json.decode(msgspec.json.encode([fact.data for fact in some])),
            types=wanted.types,
            numbers=numbers.__getitem__,
            load=load,
            unreadable={fact.position: fact.error for fact in some if isinstance(fact, Unreadable)},
        )


def in_bulk(tasks: Sequence[Task], facts: Sequence[Fact], budget: MemoryBudget | None = None) -> BulkFold:
    """The fold over all facts, begun again as long as handlers fail."""
    undo_types: list[tuple[str, str]] = []
    while len(set(undo_types)) == len(undo_types):
        fold = BulkFold(tasks, undo_types, budget)
        try:
            fold_all(fold, facts)
        except RestartFold as restart:
            undo_types.append(restart.failed_at)
        else:
            return fold
    raise AssertionError(f"{undo_types[-1]} was undone already")


def fold_all(fold: BulkFold, facts: Sequence[Fact]) -> None:
    """Fold what is wanted of the facts."""
    for page in pages_of(facts, fold.wanted):
        fold.fold(page)


class Live:
    """What the live fold makes of facts, batch by batch, all segments at once."""

    def __init__(self, projection: Projection, skipped: frozenset[int] = frozenset()) -> None:
        self.projection = projection
        self.share = OwnedSegments(projection.segments, tuple(range(projection.segments)))
        self.store = MemoryStore(self.share)
        self.held = Exclusions(skipped=skipped)
        self.poison: list[Poison] = []
        self.accounts = {segment: FactCounts() for segment in self.share.owned}

    async def fold(self, facts: Sequence[Fact], size: int = PAGE) -> "Live":
        """Fold all facts."""
        before = 0
        for start in range(0, len(facts), size):
            batch = facts[start : start + size]
            folded = await fold_batch(self.projection, batch, self.held, self.store, self.share)
            for poison in folded.poison:
                self.held.park(poison)
                self.poison.append(poison)
            await self.store.save(Batch(folded.rows, before, batch[-1].position, folded.accounts))
            before = batch[-1].position
            for segment, account in folded.accounts.items():
                total = self.accounts[segment]
                for name in ("applied", "ignored", "parked", "skipped"):
                    setattr(total, name, getattr(total, name) + getattr(account, name))
        return self

    def digest(self) -> str:
        """Of what readers see."""
        return digest_of(self.store.rows())


def content_digest(digests: Iterable[tuple[RowKey, bytes]]) -> str:
    """The digest of rows that have these digests."""
    content = ContentDigest()
    for key, digest in digests:
        content.add(key, digest)
    return content.hexdigest()


def digest_of(rows: Iterable[tuple[RowKey, msgspec.Struct]]) -> str:
    """The canonical digest of rows."""
    return content_digest((key, row_digest(row)) for key, row in rows)


def bulk_digest(projection: Projection, folds: Sequence[BulkFold], segments: Sequence[int]) -> str:
    """The canonical digest of a projection, each of whose segments has been folded by one of *folds*."""
    parts = [
        (segment, key, row)
        for fold, segment in zip(folds, segments, strict=True)
        for key, row in fold.rows(projection.name, segment)
    ]
    return digest_of(merged(parts))
