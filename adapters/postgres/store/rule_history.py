"""Which rules have made what readers see of a read model, since when, and who has moved the readers: as an answer."""

from collections.abc import Sequence
from datetime import datetime

from adapters.postgres.connection import Connection
from adapters.postgres.log.decoding import fact_of
from adapters.postgres.log.postgres_log import COLUMNS
from adapters.postgres.store.rule_shapes import RuleServed, RulesOfReadModel, SwitchOfReaders
from adapters.postgres.store.rule_sources import served_rules
from domain.admin import ReadModel, read_model_stream
from domain.fact import Fact
from projections.engine.rows import Unreadable

MOST = 1_000  # rules and switches of one read model that are shown, the newest
PROMOTED, ROLLED_BACK = ReadModel.Promoted.TOPIC, ReadModel.RolledBack.TOPIC
SWITCHES = f"""
SELECT {COLUMNS} FROM events WHERE stream_id = %s AND type IN ('{PROMOTED}', '{ROLLED_BACK}')
 ORDER BY stream_version DESC LIMIT {MOST}
"""


async def rules_of(connection: Connection, name: str) -> RulesOfReadModel:
    """The rules of a read model that were served, and its switches."""
    rules = await served_rules(connection, name, MOST)
    cursor = await connection.execute(SWITCHES.encode(), [read_model_stream(name)], binary=True)
    facts = [fact for fact in map(fact_of, await cursor.fetchall()) if not isinstance(fact, Unreadable)]
    return RulesOfReadModel(
        projection=name,
        rules=[RuleServed(**each._asdict()) for each in rules],
        switches=[_switch(fact) for fact in facts],
    )


def served_at(rules: Sequence[RuleServed], moment: int | datetime) -> RuleServed | None:
    """The rule that made what readers saw at a position of the log, or at a time; None before the first."""
    for each in rules:  # the newest first
        if (each.position <= moment) if isinstance(moment, int) else (each.since <= moment):
            return each
    return None


def _switch(fact: Fact) -> SwitchOfReaders:
    data = dict(fact.data)
    return SwitchOfReaders(
        position=fact.position,
        at=fact.occurred_at,
        what="promoted" if fact.type == PROMOTED else "rolled_back",
        by=fact.meta.actor,
        request_id=fact.meta.correlation_id,
        held_up_to=data.pop("position"),
        **data,
    )
