"""A handler sees the rows that it declares, and changes the tables that it declares, in whatever fold it runs."""

from collections.abc import Iterable
from typing import Any, ClassVar

import msgspec
import pytest

from domain.fact import Fact
from projections.engine.bulk.fold import Task
from projections.engine.diff.replay import Replay
from projections.engine.projection import Handler, Projection, RowKey, Rows, Table
from projections.engine.rows import DeclaredRows, UndeclaredRow, UndoableRows, apply_or_undo
from tests.support.bulk_pages import Live, in_bulk
from tests.support.facts import History


class Score(msgspec.Struct):
    learner_id: str
    amount: int = 0


class Seen(msgspec.Struct):
    learner_id: str
    times: int = 0


SCORES, SEEN = Table("scores", Score, ("learner_id",)), Table("seen", Seen, ("learner_id",))


def needs(fact: Fact) -> Iterable[RowKey]:
    return RowKey(SCORES, (fact.key,)), RowKey(SEEN, (fact.key,))


def _fails_at_bob(fact: Fact) -> None:
    if fact.key == "bob":
        raise ArithmeticError("not bob")


def reads_anothers(fact: Fact, rows: Rows) -> None:
    rows.edit(SCORES, Score, fact.key).amount += 1
    rows.read(SCORES, Score, "ann" if fact.key != "ann" else "bob")
    _fails_at_bob(fact)


def edits_anothers(fact: Fact, rows: Rows) -> None:
    rows.edit(SCORES, Score, fact.key).amount += 1
    rows.edit(SCORES, Score, "ann" if fact.key != "ann" else "bob").amount += 1
    _fails_at_bob(fact)


def edits_another_table(fact: Fact, rows: Rows) -> None:
    rows.edit(SCORES, Score, fact.key).amount += 1
    _fails_at_bob(fact)
    rows.edit(SEEN, Seen, fact.key).times += 1


def made(apply: Any) -> Projection:
    """A projection whose only handler says that it writes scores."""

    class Careless(Projection):
        name = "careless"
        version = 1
        store = "postgres"
        tables = (SCORES, SEEN)
        handlers: ClassVar = {"progress.activity_recorded": Handler(needs, apply, writes=(SCORES,))}

    return Careless()


@pytest.mark.parametrize(
    ("apply", "error"),
    [
        (reads_anothers, "UndeclaredRow: row ('ann',) of scores was read but not named as needed"),
        (edits_anothers, "UndeclaredRow: row ('ann',) of scores was changed but not named as needed"),
        (
            edits_another_table,
            "UndeclaredRow: row ('cid',) of seen was changed, but its table is not among those written",
        ),
    ],
)
async def test_what_is_not_declared_is_poison_in_every_fold(apply: Any, error: str) -> None:
    """Live, in a rebuild once the type has failed, and in the replay of one row, with nothing left of the fact."""
    projection = made(apply)
    facts = History().clicked("bob", 1).clicked("cid", 1).clicked("cid", 1).facts
    live = await Live(projection).fold(facts)
    bulk = in_bulk([Task(projection, (0,))], facts)
    assert [each.error for each in live.poison if each.key == "cid"] == [error]
    assert [each[:4] for each in bulk.poison("careless", 0)] == [each[:4] for each in live.poison]
    assert list(live.store.rows()) == list(bulk.rows("careless", 0)) == []
    assert Replay(projection, RowKey(SCORES, ("cid",)), facts, {}).states == [None]


def test_a_fact_that_fails_is_undone() -> None:
    """What it has changed is as it was, and a row that it has made is not there."""
    ann, bob = RowKey(SCORES, ("ann",)), RowKey(SCORES, ("bob",))
    rows = Rows({ann: Score("ann", 5)})

    def fails(_: Fact, rows: Rows) -> None:
        rows.edit(SCORES, Score, "ann").amount = 7
        rows.edit(SCORES, Score, "bob").amount = 8
        raise ArithmeticError("too late")

    (fact,) = History().clicked("ann", 1).facts
    error = apply_or_undo(Handler(needs, fails), fact, {ann, bob}, UndoableRows(rows, rows))
    assert isinstance(error, ArithmeticError)
    assert (rows.rows, rows.changed) == ({ann: Score("ann", 5)}, set())


def test_without_declared_tables_any_needed_row_may_be_changed() -> None:
    """As in a projection that is not divided."""
    view = DeclaredRows(Rows())
    view.begin({RowKey(SEEN, ("ann",))}, ())
    view.edit(SEEN, Seen, "ann").times += 1
    with pytest.raises(UndeclaredRow):
        view.edit(SEEN, Seen, "bob")
