"""The fold itself: batches of any size give the same rows, and a poison fact harms only its key."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, ClassVar

import msgspec
import pytest

from adapters.spill import SqliteDatabase
from domain.fact import Fact
from projections.engine.bulk.fresh import FoldTarget, FreshFold
from projections.engine.bulk.pages import ColumnPage, FactFilter
from projections.engine.cache import CachedStore
from projections.engine.digest import row_digest
from projections.engine.live import Batch, Exclusions, FactCounts, Fenced, Poison, Store, fold_batch
from projections.engine.memory import MemoryStore
from projections.engine.projection import Handler, Projection, RowKey, Rows, Table
from projections.engine.rows import Unreadable
from projections.engine.verification import Difference, Verdict, Verification
from tests.support.bulk_pages import content_digest, pages_of
from tests.support.facts import History


class Score(msgspec.Struct):
    learner_id: str
    amount: int = 0
    seen: list[int] = []


class Sum(msgspec.Struct):
    run_id: str
    amount: int = 0


SCORES = Table("scores", Score, ("learner_id",))
SUMS = Table("sums", Sum, ("run_id",))


def needs(fact: Fact) -> Iterable[RowKey]:
    return RowKey(SUMS, (fact.id("run_id"),)), RowKey(SCORES, (fact.id("learner_id"),))


def apply(fact: Fact, rows: Rows) -> None:
    """Change one row, fail at a negative amount, change the other."""
    rows.edit(SUMS, Sum, fact.id("run_id")).amount += fact.data["amount"]
    if fact.data["amount"] < 0:
        raise ValueError("an amount below zero")
    score = rows.edit(SCORES, Score, fact.id("learner_id"))
    score.amount += fact.data["amount"]
    score.seen.append(fact.position)


def needs_score(fact: Fact) -> Iterable[RowKey]:
    return (RowKey(SCORES, (fact.id("learner_id"),)),)


def count(fact: Fact, rows: Rows) -> None:
    rows.edit(SCORES, Score, fact.id("learner_id")).amount += fact.data["amount"]


class Scores(Projection):
    name = "scores"
    version = 1
    store = "postgres"
    tables = (SCORES, SUMS)
    handlers: ClassVar = {"progress.activity_recorded": Handler(needs, apply)}


def activities(*amounts: tuple[str, int]) -> list[Fact]:
    history = History()
    for learner, amount in amounts:
        history.add(f"progress-{learner}:R", "progress.activity_recorded", unit_id="u", kind="click", amount=amount)
    return history.facts


async def fold(facts: Sequence[Fact], store: Store, *, batch: int = 1_000, **waiting: int) -> list[Poison]:
    """Fold and save in batches, letting keys wait as the projector does."""
    held = parked(**waiting)
    poison: list[Poison] = []
    for start in range(0, len(facts), batch):
        part = facts[start : start + batch]
        folded = await fold_batch(Scores(), part, held, store)
        for each in folded.poison:
            held.park(each)
        poison += folded.poison
        await store.save(Batch(folded.rows, part[0].position - 1, part[-1].position, folded.accounts))
    return poison


def parked(**waiting: int) -> Exclusions:
    return Exclusions({(0, key): position for key, position in waiting.items()})


def content(store: MemoryStore) -> dict[tuple[str, ...], Any]:
    return {(key.table.name, *map(str, key.key)): msgspec.to_builtins(row) for key, row in store.rows()}


MANY = activities(*((f"L{number % 7}", -1 if number in {20, 41, 43} else number) for number in range(100)))


@pytest.mark.parametrize("batch", [1, 2, 7, 50, 1_000])
@pytest.mark.parametrize("cached", [0, 1, 3, 1_000])
async def test_batches_of_any_size_come_to_the_same(batch: int, cached: int) -> None:
    """Live (small batches, with or without remembered rows) and rebuild (large ones) give identical rows."""
    whole, parts = MemoryStore(), MemoryStore()
    poison_of_whole = await fold(MANY, whole)
    poison_of_parts = await fold(MANY, CachedStore(parts, cached) if cached else parts, batch=batch)
    assert content(parts) == content(whole)
    assert [each[:4] for each in poison_of_parts] == [each[:4] for each in poison_of_whole]


async def test_a_poison_fact_parks_its_key_and_leaves_no_half_change() -> None:
    """The failing fact and all later ones of its learner wait; everybody else goes on."""
    store = MemoryStore()
    facts = activities(("ann", 1), ("bob", 10), ("ann", -5), ("bob", 20), ("ann", 100))
    (poison,) = await fold(facts, store)
    assert poison[:4] == ("ann", 3, "progress.activity_recorded", "ValueError: an amount below zero")
    assert "in apply" in poison.trace
    assert content(store) == {
        ("sums", "R"): {"run_id": "R", "amount": 31},
        ("scores", "ann"): {"learner_id": "ann", "amount": 1, "seen": [1]},
        ("scores", "bob"): {"learner_id": "bob", "amount": 30, "seen": [2, 4]},
    }


async def test_a_poison_fact_that_is_the_first_of_its_rows_leaves_none() -> None:
    """Rows that only a failing fact would have made are not made."""
    store = MemoryStore()
    await fold(activities(("ann", -1)), store)
    assert content(store) == {}
    assert await store.positions() == {0: 1}


async def test_facts_before_the_parked_one_still_count() -> None:
    """A key that is parked from a position on waits from there on, also when all begins again."""
    store = MemoryStore()
    await fold(activities(("ann", 1), ("ann", 2), ("ann", 4)), store, ann=2)
    assert content(store)["scores", "ann"]["seen"] == [1]


async def test_a_fact_that_cannot_be_decoded_is_poison() -> None:
    """So it is for a projection that reads its type; others pass over it."""
    (fact,) = activities(("ann", 1))
    values = {name: getattr(fact, name) for name in Fact.__struct_fields__}
    (poison,) = await fold([Unreadable(**values, error="no such version")], MemoryStore())
    assert (poison.key, poison.error) == ("ann", "UnreadableFact: no such version")
    other = Unreadable(**{**values, "type": "unit.exploded"}, error="no such fact")
    assert await fold([other], MemoryStore()) == []


async def test_a_row_that_was_not_named_as_needed_is_refused() -> None:
    """To change a row that was not loaded would overwrite what is stored."""

    class Careless(Scores):
        handlers: ClassVar = {
            "progress.activity_recorded": Handler(lambda fact: [RowKey(SUMS, (fact.id("run_id"),))], apply)
        }

    folded = await fold_batch(Careless(), activities(("ann", 1)), Exclusions(), MemoryStore())
    assert [each.error for each in folded.poison] == [
        "UndeclaredRow: row ('ann',) of scores was changed but not named as needed"
    ]
    assert not folded.rows[0].changed
    assert folded.accounts == {0: FactCounts(parked=1)}


async def test_a_failed_save_is_not_remembered() -> None:
    """After another process has moved the checkpoint, the rows are read again."""
    memory = MemoryStore()
    cached = CachedStore(memory, 10)
    facts = activities(("ann", 1), ("ann", 2), ("ann", 4))
    await fold(facts[:1], cached)
    await fold(facts[1:2], memory)
    folded = await fold_batch(Scores(), facts[1:2], Exclusions(), cached)
    with pytest.raises(Fenced):
        await cached.save(Batch(folded.rows, 1, 2, folded.accounts))
    await fold(facts[2:], cached)
    assert content(memory)["scores", "ann"] == {"learner_id": "ann", "amount": 7, "seen": [1, 2, 3]}


def test_digests_tell_contents_apart_and_not_their_order() -> None:
    """The same rows in another order are the same content; a row in another table is not."""
    rows = [(RowKey(SCORES, (name,)), row_digest(Score(name))) for name in ("ann", "bob")]
    elsewhere = [(RowKey(SUMS, key.key), digest) for key, digest in rows]
    assert content_digest(rows) == content_digest(reversed(rows))
    assert len({content_digest(each) for each in (rows, rows[:1], elsewhere, [])}) == 4


class Facts:
    """A log of these facts."""

    def __init__(self, facts: Sequence[Fact]) -> None:
        self._facts = facts

    def pages(self, wanted: FactFilter, after: int, until: int) -> Iterator[ColumnPage]:
        return pages_of([fact for fact in self._facts if after < fact.position <= until], wanted, 3)


async def verdict_on(live: MemoryStore, facts: Sequence[Fact], **waiting: int) -> Verdict:
    state = FoldTarget(Scores(), await live.positions(), parked(**waiting))
    fresh = FreshFold([state])
    fresh.run(Facts(facts))
    with Verification(state, SqliteDatabase()) as verification:
        for key, row in live.rows():
            verification.add_live(key, row)
        for key, row in fresh.rows(state):
            verification.add_fresh(key, row)
        return verification.verdict(fresh.poison(state))


async def test_verify_agrees_with_a_true_read_model() -> None:
    """Facts after the checkpoint do not matter; digests are the same."""
    live = MemoryStore()
    facts = activities(("ann", 1), ("bob", 2), ("ann", 3), ("ann", 4))
    await fold(facts[:3], live)
    verdict = await verdict_on(live, facts)
    assert (verdict.ok, verdict.position, verdict.rows, verdict.reason) == (True, 3, 3, "")
    assert verdict.digest_live == verdict.digest_log


async def test_verify_names_the_rows_that_are_not_as_they_should_be() -> None:
    """Missing, unexpected and different rows, by table and key."""
    live = MemoryStore()
    facts = activities(("ann", 1), ("bob", 2))
    await fold(facts, live)
    rows = Rows()
    rows.edit(SCORES, Score, "eve")
    rows.edit(SCORES, Score, "ann").amount = 5
    await live.save(Batch({0: rows}, 2, 2, {0: FactCounts()}))
    del live._rows[0][RowKey(SCORES, ("bob",))]
    verdict = await verdict_on(live, facts)
    assert (verdict.ok, verdict.reason) == (False, "3 rows differ")
    assert verdict.differences == [
        Difference("scores", ("ann",), "different"),
        Difference("scores", ("bob",), "missing"),
        Difference("scores", ("eve",), "unexpected"),
    ]


async def test_verify_says_what_waits_and_where_the_fold_fails() -> None:
    """A parked key is a no even though the rows agree; so is a fact at which only the fresh fold fails."""
    live = MemoryStore()
    facts = activities(("ann", 1), ("ann", -1), ("bob", 2))
    await fold(facts, live)
    with_parked = await verdict_on(live, facts, ann=2)
    assert (with_parked.ok, with_parked.reason, with_parked.parked) == (False, "1 keys are parked", ["ann"])
    unparked = await verdict_on(live, facts)
    assert unparked.reason == "the fold fails at position 2: ValueError: an amount below zero"


async def test_verify_lets_facts_of_a_parked_key_wait_from_where_they_do_live() -> None:
    """Earlier facts of that key are in the fresh fold, as they are in the live rows."""
    live = MemoryStore()
    facts = activities(("ann", 1), ("ann", 2), ("ann", 4), ("bob", 8))
    await fold(facts, live, ann=3)
    verdict = await verdict_on(live, facts, ann=3)
    assert (verdict.digest_live, verdict.rows) == (verdict.digest_log, 3)
    assert (await verdict_on(live, facts, ann=2)).differing == 2


async def test_verify_folds_each_segment_up_to_its_own_checkpoint() -> None:
    """What comes after the checkpoint of a segment is not in its rows."""

    class Divided(Scores):
        name = "divided"
        segments = 2
        tables = (SCORES,)  # type: ignore[assignment]  # elsewhere it would be another class
        handlers: ClassVar = {"progress.activity_recorded": Handler(needs_score, count, writes=(SCORES,))}

    facts = activities(*((f"L{number}", 1) for number in range(40)))
    state = FoldTarget(Divided(), {0: 10, 1: 30}, Exclusions())
    fresh = FreshFold([state])
    fresh.run(Facts(facts))
    expected = {fact.key for fact in facts if fact.position <= state.positions[fact.partition % 2]}
    assert {key.key[0] for key, _ in fresh.rows(state)} == expected
    assert 0 < len(expected) < 30
