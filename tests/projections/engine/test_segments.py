"""A read model is the same however its segments are divided, and however far ahead one is of another."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.fact import Fact
from projections.engine.live import UNDIVIDED, Batch, Exclusions, FactCounts, OwnedSegments, fold_batch
from projections.engine.memory import MemoryStore
from projections.engine.projection import SEGMENTS, Handler, Projection, RowKey, Rows, Table
from projections.registry import PROJECTIONS
from tests.support.bulk_pages import digest_of
from tests.support.histories import histories


class Mark(msgspec.Struct):
    """What a learner has done, and how often the runs had been opened at that time."""

    learner_id: str
    last_position: int = 0
    seen: list[int] = []


class Opened(msgspec.Struct):
    """How often a run was opened."""

    run_id: str
    times: int = 0


class Sum(msgspec.Struct):
    """Of everybody."""

    name: str
    clicks: int = 0
    opened: int = 0
    latest: int | None = None


MARKS = Table("marks", Mark, ("learner_id",))
OPENED = Table("opened", Opened, ("run_id",), distribution="replicated")
SUMS = Table("sums", Sum, ("name",), distribution="partial")
ALL = "all"


def _fails(fact: Fact) -> None:
    if fact.position % 7 == 3:
        raise ArithmeticError("one in seven")


def _clicked(fact: Fact, rows: Rows) -> None:
    learner_id, run_id = fact.id("learner_id"), fact.id("run_id")
    rows.edit(SUMS, Sum, ALL).clicks += fact.data["amount"]
    mark = rows.edit(MARKS, Mark, learner_id)
    assert fact.position > mark.last_position, "a fact came twice, or too late"
    mark.last_position = fact.position
    _fails(fact)
    opened = rows.read(OPENED, Opened, run_id)
    mark.seen.append(opened.times if opened else 0)


def _opened(fact: Fact, rows: Rows) -> None:
    rows.edit(OPENED, Opened, fact.id("run_id")).times += 1
    _fails(fact)
    total = rows.edit(SUMS, Sum, ALL)
    total.opened += 1
    total.latest = fact.position


def _needs_of_click(fact: Fact) -> Sequence[RowKey]:
    learner_id, run_id = fact.id("learner_id"), fact.id("run_id")
    return RowKey(MARKS, (learner_id,)), RowKey(OPENED, (run_id,)), RowKey(SUMS, (ALL,))


def _needs_of_run(fact: Fact) -> Sequence[RowKey]:
    return RowKey(OPENED, (fact.id("run_id"),)), RowKey(SUMS, (ALL,))


class Marks(Projection):
    """Reads what a common fact has written, and fails at one fact in seven."""

    name = "marks"
    version = 1
    store = "postgres"
    segments = SEGMENTS
    tables = (MARKS, OPENED, SUMS)
    handlers: ClassVar[Mapping[str, Handler]] = {
        "progress.activity_recorded": Handler(_needs_of_click, _clicked, writes=(MARKS, SUMS)),
        "run.opened": Handler(_needs_of_run, _opened, writes=(OPENED, SUMS)),
    }


class Folding:
    """A read model as its owners have brought it about."""

    def __init__(self, projection: Projection, share: OwnedSegments) -> None:
        self.projection = projection
        self.segments = share.segments
        self.store = MemoryStore(share)
        self.held = Exclusions()
        self.positions = dict.fromkeys(share.owned, 0)
        self.account = FactCounts()

    async def step(self, facts: Sequence[Fact], owned: tuple[int, ...]) -> None:
        """Fold some facts for some segments, all of which are where these facts begin."""
        before = self.positions[owned[0]]
        folded = await fold_batch(self.projection, facts, self.held, self.store, OwnedSegments(self.segments, owned))
        for poison in folded.poison:
            self.held.park(poison)
        await self.store.save(Batch(folded.rows, before, facts[-1].position, folded.accounts))
        self.positions.update(dict.fromkeys(owned, facts[-1].position))
        for account in folded.accounts.values():
            self.account.applied += account.applied
            self.account.ignored += account.ignored
            self.account.parked += account.parked

    @property
    def waiting(self) -> dict[str, int]:
        """The parked keys, and since which fact each waits: in all segments that fold it since the same."""
        waiting: dict[str, int] = {}
        for (_, key), first in self.held.waiting.items():
            assert waiting.setdefault(key, first) == first
        return waiting


@pytest.mark.thorough
@settings(max_examples=60, deadline=None)
@given(facts=histories(), data=st.data())
async def test_owners_that_come_and_go_make_what_one_would(facts: list[Fact], data: st.DataObject) -> None:
    """Rows, accounts and what waits, with poison, while segments are at different positions and change hands."""
    for projection in (Marks(), data.draw(st.sampled_from([each for each in PROJECTIONS if each.segments > 1]))):
        whole = Folding(projection, UNDIVIDED)
        await whole.step(facts, (0,))
        divided = Folding(projection, OwnedSegments(SEGMENTS, tuple(range(SEGMENTS))))
        while min(divided.positions.values()) < len(facts):
            behind = [segment for segment, position in divided.positions.items() if position < len(facts)]
            position = divided.positions[data.draw(st.sampled_from(behind))]
            there = [segment for segment in behind if divided.positions[segment] == position]
            owned = data.draw(st.sets(st.sampled_from(there), min_size=1))
            until = data.draw(st.integers(position + 1, len(facts)))
            await divided.step(facts[position:until], tuple(sorted(owned)))
        assert digest_of(divided.store.rows()) == digest_of(whole.store.rows())
        assert divided.account == whole.account
        assert divided.waiting == whole.waiting
