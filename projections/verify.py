"""
Is a read model what the log says? A live read model is compared, row by row, with a fresh fold up to its checkpoint.

Of the live rows only a digest each is kept, of the fresh ones their JSON; so a campus of some hundred thousand rows
is compared in some hundred megabytes. Facts of parked keys wait in the fresh fold as they do in the live one; that
they wait is said, and makes the answer no.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from domain.fact import Fact
from projections.base import Projection, RowKey
from projections.fold import Batch, Held, Poison, Share, fold_batch
from projections.memory import MemoryStore, content_digest, row_digest

MOST_DIFFERENCES = 20  # named in a verdict

Digests = dict[RowKey, bytes]


class Live(NamedTuple):
    """What a read model held at one moment: the checkpoint of each segment, and the rows that readers see."""

    positions: dict[int, int]
    digests: Digests
    held: Held


class Difference(msgspec.Struct, frozen=True):
    """A row that is not as it should be: `missing`, `unexpected` or `different` in the live read model."""

    table: str
    key: tuple[str | int, ...]
    is_: str = msgspec.field(name="is")


class Verdict(msgspec.Struct):
    """What the comparison of one read model came to."""

    name: str
    position: int
    rows: int
    digest_live: str
    digest_log: str
    ok: bool
    reason: str
    parked: list[str]
    differences: list[Difference]


class Verification:
    """The fresh fold of one projection, fed with the log in pages, and its comparison with what was live."""

    def __init__(self, projection: Projection, live: Live) -> None:
        self._projection = projection
        self._live = live
        self._segments = len(live.positions)
        self._fresh = MemoryStore(Share(self._segments, tuple(live.positions)))
        self._held = Held(dict(live.held.waiting), live.held.skipped)
        self._poison: list[Poison] = []

    async def fold(self, facts: Sequence[Fact]) -> None:
        """Fold the next page of the log; what comes after the checkpoint of a segment is left out of it."""
        for position in set(self._live.positions.values()):
            segments = tuple(segment for segment, at in self._live.positions.items() if at == position)
            await self._fold(Share(self._segments, segments), [fact for fact in facts if fact.position <= position])

    async def _fold(self, share: Share, facts: Sequence[Fact]) -> None:
        if not facts:
            return
        folded = await fold_batch(self._projection, facts, self._held, self._fresh, share)
        for poison in folded.poison:
            self._held.park(poison)
            self._poison.append(poison)
        before = (await self._fresh.positions())[share.owned[0]]
        await self._fresh.save(Batch(folded.rows, before, facts[-1].position, folded.accounts))

    def verdict(self) -> Verdict:
        """The comparison, once everything up to the live checkpoint has been folded."""
        fresh = {key: row_digest(row) for key, row in self._fresh.rows()}
        differences = _differences(self._live.digests, fresh)
        parked = sorted({key for _, key in self._live.held.waiting})
        reasons = [
            f"{len(differences)} rows differ" if differences else "",
            f"{len(parked)} keys are parked" if parked else "",
            f"the fold fails at position {self._poison[0].position}: {self._poison[0].error}" if self._poison else "",
        ]
        return Verdict(
            name=self._projection.name,
            position=min(self._live.positions.values()),
            rows=len(fresh),
            digest_live=content_digest(self._live.digests.items()),
            digest_log=content_digest(fresh.items()),
            ok=not any(reasons),
            reason="; ".join(filter(None, reasons)),
            parked=parked,
            differences=differences[:MOST_DIFFERENCES],
        )


def _differences(live: Digests, fresh: Digests) -> list[Difference]:
    """The rows that are not the same in both, by table and key."""
    found = [
        *_named(fresh.keys() - live.keys(), "missing"),
        *_named(live.keys() - fresh.keys(), "unexpected"),
        *_named((key for key in fresh.keys() & live.keys() if fresh[key] != live[key]), "different"),
    ]
    return sorted(found, key=lambda each: (each.table, tuple(map(str, each.key))))


def _named(keys: Iterable[RowKey], how: str) -> list[Difference]:
    return [Difference(key.table.name, key.key, how) for key in keys]
