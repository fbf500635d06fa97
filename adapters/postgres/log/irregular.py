"""Imported facts that break a rule of today, found in the log window by window."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec
import psycopg

from adapters.postgres.log.decoding import fact_of
from adapters.postgres.log.postgres_log import COLUMNS
from domain.fact import Fact
from domain.streams import id_or_none
from projections.engine.rows import Unreadable

# The bytes are looked at first: few facts have the field, and only those are decoded.
IRREGULAR = (
    f"SELECT {COLUMNS} FROM events WHERE position > %s AND position <= %s"
    " AND position('\"irregular\"'::bytea IN data) > 0 ORDER BY position"
)


class IrregularFact(msgspec.Struct, frozen=True):
    """One of them; `rule` is the code of the rule, as in docs/oulad.md."""

    position: int
    rule: str
    type: str
    learner_id: str | None
    run_id: str | None
    unit_id: str | None
    occurred_at: datetime
    recorded_at: datetime
    source: str


@dataclass(frozen=True)
class Narrowed:
    """Which of them are wanted; None narrows nothing. Times are when it happened; both ends are included."""

    rule: str | None = None
    run_id: str | None = None
    learner_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def takes(self, fact: IrregularFact) -> bool:
        """Whether this is one of them."""
        return (
            self.rule in (None, fact.rule)
            and self.run_id in (None, fact.run_id)
            and self.learner_id in (None, fact.learner_id)
            and (self.since is None or fact.occurred_at >= self.since)
            and (self.until is None or fact.occurred_at <= self.until)
        )


async def irregular_facts(connection: psycopg.AsyncConnection, after: int, until: int) -> list[IrregularFact]:
    """Those with positions above *after*, up to and with *until*, in the order of the log."""
    rows: Sequence[tuple[object, ...]] = await (
        await connection.execute(IRREGULAR, (after, until), binary=True)
    ).fetchall()
    facts = [fact for fact in map(fact_of, rows) if not isinstance(fact, Unreadable)]
    return [_noted(fact) for fact in facts if fact.data.get("irregular") is not None]


def _noted(fact: Fact) -> IrregularFact:
    return IrregularFact(
        fact.position,
        fact.data["irregular"],
        fact.type,
        id_or_none(fact.stream_id, "learner_id"),
        id_or_none(fact.stream_id, "run_id") or fact.data.get("run_id"),
        fact.data.get("unit_id"),
        fact.occurred_at,
        fact.recorded_at,
        fact.meta.source,
    )
