"""The fold over the whole log: it makes of facts what the live fold makes of them."""

import contextlib
import gc
import random
import weakref
from collections.abc import Mapping
from typing import Any, ClassVar

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.spill import SqliteSpill
from domain.fact import Fact
from domain.streams import partition_of
from projections.engine.bulk.fold import BulkFold, RestartFold, Task
from projections.engine.bulk.pages import ColumnPage, SourceFailed
from projections.engine.bulk.rows import MemoryBudget
from projections.engine.distribution import segment_of
from projections.engine.live import FactCounts, Poison
from projections.engine.projection import SEGMENTS, Handler, Projection, RowKey, Rows, Table
from projections.engine.rows import Unreadable
from projections.registry import PROJECTIONS
from tests.support.bulk_pages import Live, bulk_digest, fold_all, in_bulk, pages_of
from tests.support.facts import History, day
from tests.support.histories import LEARNERS, histories


class Tally(msgspec.Struct):
    """Clicks of one learner."""

    learner_id: str
    clicks: int = 0
    notes: list[str] = []


class Total(msgspec.Struct):
    """Clicks of a run."""

    run_id: str
    clicks: int = 0
    runs: int = 0


TALLIES = Table("tallies", Tally, ("learner_id",))
TOTALS = Table("totals", Total, ("run_id",), distribution="partial")
BAD = 666


def _clicked(fact: Fact, rows: Rows) -> None:
    learner_id, run_id = fact.id("learner_id"), fact.id("run_id")
    tally = rows.edit(TALLIES, Tally, learner_id)
    tally.clicks += fact.data["amount"]
    tally.notes.append(f"half of {fact.position}")
    rows.edit(TOTALS, Total, run_id).clicks += fact.data["amount"]
    if fact.data["amount"] == BAD:
        raise ArithmeticError("too much")
    tally.notes[-1] = f"{fact.position} {fact.meta.source} {fact.day} {fact.stream_version}"


def _opened(fact: Fact, rows: Rows) -> None:
    rows.edit(TOTALS, Total, "*").runs += 1
    if fact.data.get("bad"):
        raise ArithmeticError("a bad run")


class Tallies(Projection):
    """Fails at an amount of 666, and at a bad run."""

    name = "tallies"
    version = 1
    store = "postgres"
    segments = SEGMENTS
    tables = (TALLIES, TOTALS)
    handlers: ClassVar[Mapping[str, Handler]] = {
        "progress.activity_recorded": Handler(
            lambda fact: (RowKey(TALLIES, (fact.id("learner_id"),)), RowKey(TOTALS, (fact.id("run_id"),))),
            _clicked,
            writes=(TALLIES, TOTALS),
        ),
        "run.opened": Handler(lambda _: (RowKey(TOTALS, ("*",)),), _opened, writes=(TOTALS,)),
    }


TALLIED = Tallies()


def whole(projection: Projection, skipped: frozenset[int] = frozenset()) -> Task:
    """All segments of a projection."""
    return Task(projection, tuple(range(projection.segments)), skipped)


@pytest.mark.thorough
@settings(max_examples=60, deadline=None)
@given(facts=histories())
async def test_bulk_is_live(facts: list[Fact]) -> None:
    """All read models in one pass, all segments together, have the rows and the counts of the live fold."""
    fold = in_bulk([whole(projection) for projection in PROJECTIONS], facts)
    for projection in PROJECTIONS:
        live = await Live(projection).fold(facts)
        segments = range(projection.segments)
        assert bulk_digest(projection, [fold] * len(segments), segments) == live.digest(), projection.name
        for segment in segments:
            account = live.accounts[segment]
            assert fold.account(projection.name, segment) == FactCounts(account.applied), projection.name
            assert not fold.poison(projection.name, segment)


@pytest.mark.thorough
@settings(max_examples=40, deadline=None)
@given(facts=histories(), order=st.permutations(range(SEGMENTS)))
async def test_segments_one_by_one_are_the_whole(facts: list[Fact], order: list[int]) -> None:
    """Segments folded by themselves, in any order, each of what it wants only, add up to the live read model."""
    for projection in PROJECTIONS:
        segments = [segment for segment in order if segment < projection.segments]
        folds = [in_bulk([Task(projection, (segment,))], facts) for segment in segments]
        assert bulk_digest(projection, folds, segments) == (await Live(projection).fold(facts)).digest()


class EndlessHunger:
    """Memory that is never enough."""

    def __init__(self) -> None:
        self.used = 1_000_000

    def __call__(self) -> int:
        """More every time."""
        self.used = int(self.used * 1.1)
        return self.used


@pytest.mark.thorough
@settings(max_examples=40, deadline=None)
@given(facts=histories())
def test_rows_that_do_not_fit_come_back(facts: list[Fact]) -> None:
    """With no memory at all, rows go to the spill store and come back, and nothing is lost or old."""
    spill_store = SqliteSpill()
    tasks = [whole(projection) for projection in PROJECTIONS]
    cramped, roomy = in_bulk(tasks, facts, MemoryBudget(spill_store, EndlessHunger(), budget=0)), in_bulk(tasks, facts)
    for projection in PROJECTIONS:
        segments = range(projection.segments)
        of_roomy = bulk_digest(projection, [roomy] * len(segments), segments)
        assert bulk_digest(projection, [cramped] * len(segments), segments) == of_roomy
    spill_store.close()


def with_poison() -> list[Fact]:
    """Clicks of nine learners, in the middle of which some fail."""
    history = History()
    for number in range(200):
        learner = random.Random(number).choice(LEARNERS)
        history.clicked(learner, BAD if number in {50, 51, 120} else number)
        if number in {10, 70, 90}:
            history.add("run-AAA-1", "run.opened", bad=number == 70)
    return history.facts


def seen(poison: Poison) -> tuple[int, int, str, str]:
    """What of a poison fact does not depend on how it was folded."""
    return poison.position, poison.segment, poison.key, poison.error


@pytest.mark.parametrize("cramped", [False, True])
async def test_poison_in_the_middle_parks_its_key_only(cramped: bool) -> None:  # noqa: FBT001 - a case of the test
    """Facts at which a handler fails leave nothing behind; their keys wait, and all others go on, as live."""
    facts, spill_store = with_poison(), SqliteSpill()
    live = await Live(TALLIED).fold(facts)
    fold = in_bulk([whole(TALLIED)], facts, MemoryBudget(spill_store, EndlessHunger(), budget=0) if cramped else None)
    assert bulk_digest(TALLIED, [fold] * SEGMENTS, range(SEGMENTS)) == live.digest()
    found = [poison for segment in range(SEGMENTS) for poison in fold.poison("tallies", segment)]
    assert sorted(map(seen, found)) == sorted(map(seen, live.poison))
    assert {poison.type for poison in found} == {"progress.activity_recorded", "run.opened"}
    for segment in range(SEGMENTS):
        assert fold.account("tallies", segment) == live.accounts[segment]
        assert live.accounts[segment].parked > 0 or segment != segment_of(partition_of("run-AAA-1"), SEGMENTS)
    spill_store.close()


def test_a_failing_handler_spoils_the_fold() -> None:
    """The first failure of a handler says for which projection and type to keep undo copies."""
    fold, facts = BulkFold([whole(TALLIED)]), with_poison()
    with pytest.raises(RestartFold, match="too much") as restart:
        fold_all(fold, facts)
    assert restart.value.failed_at == ("tallies", "progress.activity_recorded")


def test_an_interrupted_fold_gives_its_memory_back() -> None:
    """Its rows go with it, although the garbage collector is off."""
    gc.collect()
    gc.disable()
    fold = BulkFold([whole(TALLIED)], undo_types=[("tallies", "run.opened")])
    with contextlib.suppress(RestartFold):
        fold_all(fold, with_poison())
    left = weakref.ref(fold)
    del fold
    gone = left() is None
    gc.enable()
    assert gone


def unreadable(fact: Fact) -> Fact:
    """The same fact, undecodable."""
    return Unreadable(**{**msgspec.structs.asdict(fact), "data": {}}, error="no JSON")


async def test_unreadable_and_skipped_facts_as_live() -> None:
    """A fact that cannot be decoded parks its key; a skipped one is left out."""
    facts = [unreadable(fact) if fact.position in {20, 30, 31} else fact for fact in with_poison()]
    skipped = frozenset({5, 30, 52, 72})
    live = await Live(TALLIED, skipped).fold(facts)
    fold = in_bulk([whole(TALLIED, skipped)], facts)
    assert bulk_digest(TALLIED, [fold] * SEGMENTS, range(SEGMENTS)) == live.digest()
    found = [seen(poison) for segment in range(SEGMENTS) for poison in fold.poison("tallies", segment)]
    assert sorted(found) == sorted(map(seen, live.poison))
    assert any("UnreadableFact: no JSON" in poison[3] for poison in found)
    assert [fold.account("tallies", s) for s in range(SEGMENTS)] == [live.accounts[s] for s in range(SEGMENTS)]
    assert sum(fold.account("tallies", segment).skipped for segment in range(SEGMENTS)) == len(skipped)


def test_bulk_facts_have_what_facts_have() -> None:
    """Whatever a handler asks of a fact, a fact of a page answers as the fact itself does."""
    facts = History().course().enrolled("7").clicked("7", 3, day(40)).submitted("7", "tma1").facts
    fold = BulkFold([whole(projection) for projection in PROJECTIONS])
    found = [fact for page in pages_of(facts, fold.wanted) for fact in page.facts()]
    names = [*Fact.__struct_fields__, "category", "key", "day"]
    assert [[getattr(f, n) for n in names] for f in found] == [[getattr(f, n) for n in names] for f in facts]


def test_a_source_that_fails_is_not_poison() -> None:
    """When a column cannot be read, no fact is blamed."""
    facts = History().clicked("7", 3).facts
    fold = BulkFold([whole(TALLIED)], undo_types={("tallies", "progress.activity_recorded")})

    def fails(column: str, name: str) -> dict[int, Any]:
        raise SourceFailed(f"{column} of {name}")

    (page,) = pages_of(facts, fold.wanted)
    page.load = fails
    with pytest.raises(SourceFailed, match=r"meta of progress\.activity_recorded"):
        fold.fold(page)


def test_columns_of_a_page_are_equally_long() -> None:
    """A page whose columns do not match is refused, not folded as far as it goes."""
    with pytest.raises(SourceFailed, match="columns of 2, 1, 1 facts"):
        ColumnPage(2, ["run-A", "run-B"], [0], [{}], ("run.opened",), lambda _: [], lambda *_: {})
    page = ColumnPage(2, ["run-A"], [0], [{}], ("run.opened",), lambda _: [1, 2], lambda *_: {})
    with pytest.raises(SourceFailed, match="1 facts has 2 in its column position"):
        _ = page.positions


def test_a_segment_is_folded_once() -> None:
    """The same segment twice in one fold would be counted twice."""
    with pytest.raises(ValueError, match="twice"):
        BulkFold([Task(TALLIED, (0, 1)), Task(TALLIED, (1,))])
