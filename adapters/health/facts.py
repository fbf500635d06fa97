"""
Can this code read the facts that stop more than one thing? For `campus doctor`.

A fact whose upcast raises is parked by a read model, and is a failed reaction or a failed job: other checks name these.
Here is what has no such list: settings, endpoints of webhooks and what is sent to them, bulk jobs that go on.
"""

import asyncio

from adapters.command_bus.replay import replayed
from adapters.health.servers import Check, Unhealthy
from adapters.postgres.connection import Connection, PostgresError, Unavailable, connect
from adapters.postgres.log.decoding import sentence_of
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.settings import Settings
from adapters.webhooks.secrets import ENDPOINTS
from domain.admin.bulk_jobs import BulkJob, bulk_stream
from domain.admin.settings import CampusSettings, settings_stream
from domain.admin.webhooks import Webhook, webhook_stream
from domain.aggregate import Aggregate
from projections.engine.rows import Unreadable

NAMED = 3  # of those that are found
AT_ONCE = 1_000  # messages that are looked at
JOBS = "SELECT id FROM bulk_jobs WHERE started_at IS NOT NULL AND ended_at IS NULL ORDER BY started_at"
# Messages that were not sent although no receiver has answered: the fact is looked at again.
NOT_SENT = """
SELECT DISTINCT d.position FROM webhook_deliveries AS d
  JOIN webhook_attempts AS a USING (endpoint_id, message_id)
 WHERE d.status <> 'delivered' AND a.status IS NULL AND a.error LIKE '%%cannot be read%%'
 ORDER BY d.position LIMIT %s
"""


async def readable(settings: Settings) -> str:
    """Can settings, endpoints, their messages and bulk jobs all be read?"""
    log = await PostgresLog.open(settings)
    try:
        async with await connect(settings, application="doctor") as connection:
            endpoints = [str(name) for (name,) in await (await connection.execute(ENDPOINTS)).fetchall()]
            jobs = [str(name) for (name,) in await (await connection.execute(JOBS)).fetchall()]
            looks = [
                _broken(log, CampusSettings, settings_stream(), "the settings stay as they were before"),
                *(_broken(log, Webhook, webhook_stream(name), f"endpoint {name} gets nothing") for name in endpoints),
                *(_broken(log, BulkJob, bulk_stream(name), f"bulk job {name} does not go on") for name in jobs),
            ]
            found = [*await asyncio.gather(*looks), *await _not_sent(log, connection)]  # look-ups go as one query
    finally:
        await log.close()
    if named := [each for each in found if each is not None]:
        more = f"; and {len(named) - NAMED:,} more" if len(named) > NAMED else ""
        raise Unhealthy(
            f"{'; '.join(named[:NAMED])}{more}",
            "start the release that has written them, or mend the upcast; `campus log verify` names every such fact",
        )
    return f"settings, {_counted(len(endpoints), 'endpoint')} and {_counted(len(jobs), 'bulk job')} can be read"


async def _broken(log: PostgresLog, cls: type[Aggregate], stream: str, what: str) -> str | None:
    """What does not go on since a fact of *stream* cannot be read; None if all can be."""
    try:
        await replayed(log, cls, stream)
    except (PostgresError, Unavailable):
        raise
    except Exception as error:  # noqa: BLE001 - upcasters are our code, and may raise anything
        return f"{what}: a fact of {stream} cannot be read: {type(error).__name__}: {error}"
    return None


async def _not_sent(log: PostgresLog, connection: Connection) -> list[str | None]:
    """Facts that were not sent to endpoints, and that this code cannot read either."""
    rows = await (await connection.execute(NOT_SENT, [AT_ONCE])).fetchall()
    facts = await log.at([position for (position,) in rows]) if rows else []
    return [f"a webhook waits: {sentence_of(fact)}" for fact in facts if isinstance(fact, Unreadable)]


def _counted(number: int, what: str) -> str:
    return f"1 {what}" if number == 1 else f"{number:,} {what}s"


CHECKS: dict[str, Check] = {"facts": readable}
