"""No role changes the log: not the API's, not the owner of the schema."""

import psycopg
import pytest

from adapters.postgres.log.append import Append
from adapters.settings import Settings
from tests.support.appends import new_event, opened, query, unit, whole_log

CHANGES = (
    "UPDATE events SET data = 'x'",
    "UPDATE events SET position = position WHERE false",
    "DELETE FROM events",
    "TRUNCATE events",
    "TRUNCATE events CASCADE",
    """
    INSERT INTO events SELECT position + 1, 'other', 1, type, 1, 1, data, meta, occurred_at, recorded_at FROM events
        ON CONFLICT (position) DO UPDATE SET data = 'x'
    """,
    "MERGE INTO events USING log_head ON true WHEN MATCHED THEN DELETE",
)
NOT_FOR_THE_API = (
    "INSERT INTO events SELECT position + 1, 'other', 1, type, 1, 1, data, meta, occurred_at, recorded_at FROM events",
    "ALTER TABLE events DISABLE TRIGGER ALL",
    "ALTER TABLE events DISABLE TRIGGER events_append_only",
    "DROP TRIGGER events_append_only ON events",
    "DROP TABLE events",
    "ALTER TABLE events OWNER TO current_user",
    "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE sql AS 'SELECT 1'",
    "CREATE TRIGGER mine BEFORE INSERT ON events EXECUTE FUNCTION refuse_change()",
    "CREATE RULE mine AS ON INSERT TO events DO INSTEAD NOTHING",
    "UPDATE log_head SET position = 0",
    "DELETE FROM log_head",
    "INSERT INTO idempotency VALUES ('key', '', 1, now())",
    "UPDATE idempotency SET position = 0",
    "DELETE FROM idempotency",
    "DELETE FROM migrations",
    "SET session_replication_role = replica",
    "CREATE TABLE mine (a integer)",
    "DROP FUNCTION append_events",
    "DROP VIEW event_log",
    "BEGIN; LOCK TABLE events IN ACCESS EXCLUSIVE MODE",
)


@pytest.mark.parametrize("owner", [False, True], ids=["app", "owner"])
@pytest.mark.parametrize("change", CHANGES)
async def test_no_role_changes_a_fact(settings: Settings, change: str, owner: bool) -> None:  # noqa: FBT001
    """UPDATE, DELETE and TRUNCATE are refused, in whatever dress."""
    async with opened(settings) as log:
        await log.append(unit("progress-7:AAA", count=3))
        before = await whole_log(log)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await query(settings, change, owner=owner)
        assert await whole_log(log) == before


@pytest.mark.parametrize("statement", NOT_FOR_THE_API)
async def test_the_api_can_only_append(settings: Settings, statement: str) -> None:
    """Its role reads, and calls `append_events()`; it takes neither the guard away nor a way around it."""
    async with opened(settings) as log:
        await log.append(unit("progress-7:AAA", count=3))
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await query(settings, statement)
        assert (await log.append(unit("progress-7:AAA", 4))).last == 4
        assert len(await whole_log(log)) == 4


async def test_a_temporary_table_is_no_way_in(settings: Settings) -> None:
    """`append_events()` runs with the owner's rights, but on the campus's tables only."""
    async with opened(settings) as log:
        connection = await log.link.get()
        await connection.execute("CREATE TEMPORARY TABLE log_head (position bigint)")
        await log.append(unit("progress-7:AAA"))
        assert (await query(settings, "SELECT position FROM log_head")) == [(1,)]


async def test_sql_and_other_languages_see_json(settings: Settings) -> None:
    """The view shows payloads as jsonb, and NULL for bytes that are none."""
    datas = [b'{"a": [1, null]}', b"\xff\xfe", b"{", b'{"a": "\\u0000"}', b"", b"7"]
    async with opened(settings) as log:
        for version, data in enumerate(datas, 1):
            await log.append(Append([new_event("progress-7:AAA", version, data=data)]))
    rows = await query(
        settings, "SELECT data, meta ->> 'actor', pg_typeof(data)::text FROM event_log ORDER BY position"
    )
    assert [row[0] for row in rows] == [{"a": [1, None]}, None, None, None, None, 7]
    assert {row[1:] for row in rows} == {("test", "jsonb")}


async def test_replication_does_not_pass_the_guard(settings: Settings) -> None:
    """The trigger fires for sessions in which ordinary triggers are off."""
    enabled = await query(settings, "SELECT tgenabled FROM pg_trigger WHERE tgrelid = 'events'::regclass")
    assert [value for (value,) in enabled] == ["A"]
