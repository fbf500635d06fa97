"""A replay to play on, of a learner's facts in memory."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import msgspec

from adapters.postgres.as_of.replay import Source, replay_of
from cli.replay.tape import Tape
from domain.fact import Fact, Meta
from projections.engine.projection import Handler, Projection, RowKey, Rows, Table

START = datetime(2026, 3, 1, tzinfo=UTC)


class Score(msgspec.Struct):
    """How far a learner is."""

    learner_id: str
    units: list[str] = []
    best: int | None = None


SCORES = Table("scores", Score, ("learner_id",))


class Scores(Projection):
    """Counts units, and keeps the best score."""

    name = "scores"
    version = 1
    store = "postgres"
    tables = (SCORES,)
    factor: ClassVar[int] = 1

    @staticmethod
    def needs(fact: Fact) -> list[RowKey]:
        """The learner's row."""
        return [RowKey(SCORES, (fact.id("learner_id"),))]

    @classmethod
    def opened(cls, fact: Fact, rows: Rows) -> None:
        """A unit was opened."""
        rows.edit(SCORES, Score, fact.id("learner_id")).units.append(fact.data["unit_id"])

    @classmethod
    def recorded(cls, fact: Fact, rows: Rows) -> None:
        """An activity was recorded; its amount is the score."""
        row = rows.edit(SCORES, Score, fact.id("learner_id"))
        row.best = max(row.best or 0, fact.data["amount"] * cls.factor)

    handlers: ClassVar[dict[str, Handler]] = {}


class DoubleScores(Scores):
    """The same with scores that count twice from five on."""

    version = 2

    @classmethod
    def recorded(cls, fact: Fact, rows: Rows) -> None:
        """As of now, and twice from five on."""
        row = rows.edit(SCORES, Score, fact.id("learner_id"))
        amount = fact.data["amount"]
        row.best = max(row.best or 0, amount * 2 if amount >= 5 else amount)


for rule in (Scores, DoubleScores):
    rule.handlers = {
        "progress.unit_opened": Handler(rule.needs, rule.opened, (SCORES,)),
        "progress.activity_recorded": Handler(rule.needs, rule.recorded, (SCORES,)),
    }


def facts(count: int) -> list[Fact]:
    """Facts of one learner, one a day: a unit is opened, then a score of the day is recorded."""
    found = []
    for number in range(1, count + 1):
        opened = number % 2 == 1
        name = "progress.unit_opened" if opened else "progress.activity_recorded"
        data: dict[str, Any] = {"unit_id": f"u{number}"} | ({} if opened else {"amount": number})
        at = START + timedelta(days=number)
        meta = Meta(f"e{number}", "28400", "api")
        found.append(Fact(number * 10, "progress-28400:a", number, name, 1, 0, data, meta, at, at))
    return found


def tape(count: int, rule: type[Projection] = Scores, of: Sequence[Fact] | None = None) -> Tape:
    """The steps of so many facts."""
    return Tape(replay_of([Source(rule(), facts(count) if of is None else of, frozenset(("scores",)))]))
