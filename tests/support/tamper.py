"""What no projector would do to a read model: for tests of those who have to find it out."""

from typing import Any

import msgspec
from psycopg.types.json import Jsonb

from adapters.postgres.connection import connect
from adapters.settings import Settings
from adapters.valkey.client import connect as connect_valkey
from domain.streams import partition_of_key
from projections.engine.projection import SEGMENTS
from tests.support.workers import InValkey, Tally


def segment_of(learner: str) -> int:
    """Where a learner's tally is."""
    return partition_of_key(learner) % SEGMENTS


async def change_tally(settings: Settings, learner: str, **fields: Any) -> None:
    """Give a learner's tally other fields, in both stores."""
    updates = ", ".join(f"{name} = %s" for name in fields)
    values = [Jsonb(value) if isinstance(value, dict) else value for value in fields.values()]
    async with await connect(settings, application="test") as connection, connect_valkey(settings) as valkey:
        query = f"UPDATE tally_g1 SET {updates} WHERE learner_id = %s".encode()
        await connection.execute(query, [*values, learner])
        hash_key = f"{settings.name}:{InValkey.name}:1:{segment_of(learner)}:tally"
        stored = await valkey.hget(hash_key, learner)
        tally = msgspec.structs.replace(msgspec.json.decode(stored or b"", type=Tally), **fields)
        await valkey.hset(hash_key, learner, msgspec.json.encode(tally))


async def delete_tally(settings: Settings, learner: str) -> None:
    """Take a learner's tally away, in both stores."""
    async with await connect(settings, application="test") as connection, connect_valkey(settings) as valkey:
        await connection.execute("DELETE FROM tally_g1 WHERE learner_id = %s", [learner])
        await valkey.hdel(f"{settings.name}:{InValkey.name}:1:{segment_of(learner)}:tally", learner)


async def invent_tally(settings: Settings, learner: str) -> None:
    """Make a tally of a learner of whom nothing is known, in both stores."""
    segment, tally = segment_of(learner), Tally(learner, facts=1, amount=5)
    async with await connect(settings, application="test") as connection, connect_valkey(settings) as valkey:
        await connection.execute(
            "INSERT INTO tally_g1 (learner_id, facts, amount, last_position, kinds, segment)"
            " VALUES (%s, 1, 5, 0, '{}', %s)",
            [learner, segment],
        )
        hash_key = f"{settings.name}:{InValkey.name}:1:{segment}:tally"
        await valkey.hset(hash_key, learner, msgspec.json.encode(tally))


async def change_total(settings: Settings, amount: int) -> None:
    """Add to one segment's part of the total in PostgreSQL."""
    async with await connect(settings, application="test") as connection:
        query = "UPDATE total_g1 SET amount = amount + %s WHERE segment = (SELECT min(segment) FROM total_g1)"
        await connection.execute(query, [amount])
