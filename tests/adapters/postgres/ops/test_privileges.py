"""Each process may do in the database what its code does, and nothing else: tried as each role."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege

from adapters.health.roles import roles
from adapters.health.servers import Unhealthy
from adapters.postgres.ops.migrate import migrate
from adapters.postgres.ops.privileges import ROLES, Right, grants, in_database, wanted
from adapters.postgres.ops.privileges_page import page
from adapters.settings import Settings
from tests.support.appends import opened, unit
from tests.support.servers import Servers, url_in

PAGE = Path(__file__).parents[4] / "docs" / "security" / "privileges.md"
ANALYST = "campus_analyst"
ROW = "position + 1, 'other', 1, type, 1, 1, data, meta, occurred_at, recorded_at"
AGAINST_THE_LOG = (
    f"INSERT INTO {{schema}}.events SELECT {ROW} FROM {{schema}}.events",
    "UPDATE {schema}.events SET data = 'x'",
    "DELETE FROM {schema}.events",
    "TRUNCATE {schema}.events",
    "MERGE INTO {schema}.events USING (SELECT 1) AS one ON true WHEN MATCHED THEN DELETE",
    "LOCK TABLE {schema}.events IN ACCESS EXCLUSIVE MODE",
    "UPDATE {schema}.log_head SET position = 0",
    "DELETE FROM {schema}.idempotency",
    "DELETE FROM {schema}.event_tags",
    "INSERT INTO {schema}.log_lives (number, reason) VALUES (9, 'mine')",
    "DELETE FROM {schema}.migrations",
    "ALTER TABLE {schema}.events DISABLE TRIGGER ALL",
    "ALTER TABLE {schema}.events OWNER TO current_user",
    "DROP TABLE {schema}.events",
    "DROP FUNCTION {schema}.append_events",
    "CREATE OR REPLACE FUNCTION {schema}.refuse_change() RETURNS trigger LANGUAGE sql AS 'SELECT 1'",
)
AGAINST_THE_SERVER = (
    "SET ROLE campus_owner",
    "SET ROLE campus_migrator",
    "SET ROLE campus_app",
    "SET ROLE postgres",
    "SET SESSION AUTHORIZATION campus_owner",
    "SET session_replication_role = replica",
    "GRANT campus_owner TO current_user",
    "ALTER ROLE current_user SUPERUSER",
    "ALTER ROLE current_user BYPASSRLS",
    "CREATE ROLE mine",
    "CREATE TABLE public.mine (a integer)",
    "CREATE TABLE {schema}.log_head_too (a integer)",
    "CREATE TEMPORARY TABLE log_head (position bigint)",
    "CREATE SCHEMA mine",
    "CREATE FUNCTION public.now() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
    "COPY (SELECT 1) TO PROGRAM 'true'",
    "COPY (SELECT 1) TO '/tmp/mine'",
    "SELECT pg_read_file('postgresql.conf')",
    "SELECT lo_create(0)",
    "SELECT pg_logical_emit_message(false, 'mine', 'x')",
)
PROOFS_OF_PERSONS = (
    "SELECT hash FROM {schema}.passwords",
    "SELECT secret FROM {schema}.factors",
    "SELECT digest FROM {schema}.recovery_codes",
    "SELECT token_hash FROM {schema}.api_tokens",
    "UPDATE {schema}.passwords SET hash = 'x'",
    "INSERT INTO {schema}.passwords (password_id, learner_id, hash) VALUES ('a', 'b', 'c')",
)
SESSIONS = ("SELECT token_hash FROM {schema}.sessions",)  # a digest of random bytes: it opens nothing
KEYS = ("SELECT wrapped FROM {schema}.person_keys", "SELECT wrapped FROM {schema}.campus_keys")
ADDRESSES = ("SELECT digest FROM {schema}.account_addresses",)
DESTRUCTION = (
    "UPDATE {schema}.person_keys SET master = 'x'",
    "DELETE FROM {schema}.person_keys",
    "DELETE FROM {schema}.campus_keys",
)
ROWS = ("DELETE FROM {read}.gradebook", "DROP VIEW {read}.gradebook", "CREATE TABLE {read}.mine (a integer)")
LOG = ("SELECT FROM {schema}.events", "SELECT FROM {schema}.projections", "SELECT FROM {read}.gradebook")

EVERY = (*AGAINST_THE_LOG, *AGAINST_THE_SERVER, *DESTRUCTION)
REFUSED = {
    "campus_api": (*EVERY, *ROWS, "SELECT {schema}.destroy_person_key('ann')", "DELETE FROM {schema}.projections"),
    "campus_relay": (*EVERY, *ROWS, *PROOFS_OF_PERSONS, *SESSIONS, *KEYS, *ADDRESSES),
    "campus_projector": (*EVERY, *PROOFS_OF_PERSONS, *SESSIONS, *KEYS, *ADDRESSES),
    "campus_reactor": (*EVERY, *ROWS, *PROOFS_OF_PERSONS, *SESSIONS, *ADDRESSES),
    "campus_dispatcher": (*EVERY, *ROWS, *PROOFS_OF_PERSONS),
    "campus_auditor": (
        *EVERY,
        *ROWS,
        *PROOFS_OF_PERSONS,
        *SESSIONS,
        *KEYS,
        *ADDRESSES,
        "UPDATE {schema}.parked SET key = 'x'",
    ),
    ANALYST: (*EVERY, *ROWS, *PROOFS_OF_PERSONS, *SESSIONS, *KEYS, *ADDRESSES, *LOG),
}
APPEND = "SELECT count(*) FROM pg_proc WHERE proname = 'append_events' AND has_function_privilege(%s, oid, 'EXECUTE')"
LOGS_IN = "SELECT rolcanlogin FROM pg_roles WHERE rolname = %s"
UNGUARDED = """
SELECT proname FROM pg_proc WHERE prosecdef AND pronamespace = %(schema)s::regnamespace
   AND (proconfig IS NULL OR NOT %(path)s = ANY(proconfig)
        OR prorettype <> 'trigger'::regtype
       AND EXISTS (SELECT FROM aclexplode(coalesce(proacl, acldefault('f', proowner))) WHERE grantee = 0))
"""


@contextmanager
def as_role(servers: Servers, settings: Settings, role: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection of a role to the database of a campus."""
    with psycopg.connect(url_in(servers.postgres.url(role), settings.name), autocommit=True) as connection:
        yield connection


async def test_what_a_role_has_no_right_to_is_refused(servers: Servers, settings: Settings) -> None:
    """By PostgreSQL itself, whatever the program would do; and facts stand as they stood."""
    async with opened(settings) as log:
        await log.append(unit("progress-7:AAA", count=3))
        with psycopg.connect(settings.postgres_url, autocommit=True) as operator:
            for made in ("TABLE {read}.rows_of (a integer)", "VIEW {read}.gradebook AS SELECT a FROM {read}.rows_of"):
                operator.execute(f"SET ROLE campus_projector; CREATE {_in(settings, made)}; RESET ROLE".encode())
        assert [(role, done) for role in REFUSED for done in _done(servers, settings, role)] == []
        assert await log.head() == 3


def _done(servers: Servers, settings: Settings, role: str) -> Iterator[str]:
    """What the role could do of what it must not."""
    with as_role(servers, settings, role) as connection:
        if role == ANALYST:
            connection.execute("SET default_transaction_read_only = off")  # which is no guard, as it may do so
        for statement in REFUSED[role]:
            try:
                with connection.transaction():
                    connection.execute(_in(settings, statement).encode())
            except InsufficientPrivilege:
                continue
            except psycopg.Error as error:
                yield f"{statement}: {error}"
            else:
                yield statement


def _in(settings: Settings, statement: str) -> str:
    return statement.format(schema=settings.schema_name, read=settings.read_schema)


def test_those_who_decide_append(servers: Servers, settings: Settings) -> None:
    """The API, the reactor and the dispatcher may call `append_events()`; others may not, nor may PUBLIC."""
    with psycopg.connect(settings.postgres_owner_url, options=f"-csearch_path={settings.schema_name}") as connection:
        may = {role for role in (*ROLES, ANALYST) if connection.execute(APPEND, [role]).fetchone() != (0,)}
        path = f"search_path={settings.schema_name}, pg_temp"
        values = {"schema": settings.schema_name, "path": path}
        assert connection.execute(UNGUARDED, values).fetchall() == []
        assert connection.execute(LOGS_IN, ["campus_owner"]).fetchone() == (False,)
    assert may == {"campus_api", "campus_reactor", "campus_dispatcher"}


def test_what_no_row_shadows(servers: Servers, settings: Settings) -> None:
    """The projector may make functions and tables in its schema; those that run as the owner do not see them."""
    read, schema = settings.read_schema, settings.schema_name
    with as_role(servers, settings, "campus_projector") as connection:
        connection.execute(f"SET search_path = {read}, {schema}".encode())
        connection.execute(f"CREATE TABLE {read}.log_head (position bigint)".encode())
        connection.execute(
            f"CREATE FUNCTION {read}.clock_timestamp() RETURNS integer LANGUAGE sql AS 'SELECT 1'".encode()
        )
        with pytest.raises(InsufficientPrivilege):
            connection.execute("SELECT destroy_person_key('ann')")
        with pytest.raises(InsufficientPrivilege):
            connection.execute(f"ALTER FUNCTION {schema}.append_events SET search_path = {read}".encode())


def test_the_page_is_what_a_database_says(settings: Settings) -> None:
    """docs/security/privileges.md is made by `campus privileges --markdown`."""
    with psycopg.connect(settings.postgres_url) as connection:
        assert PAGE.read_text() == page(connection, settings)


async def test_a_right_that_was_taken_or_given_by_hand_is_put_right(settings: Settings) -> None:
    """By `campus migrate`; `campus doctor` names it before."""
    assert (await roles(settings)).endswith(f"{len(wanted())} rights of 6 roles are as they should be")
    with psycopg.connect(settings.postgres_owner_url, autocommit=True) as owner:
        owner.execute(f"SET search_path = {settings.schema_name}".encode())
        owner.execute("GRANT SELECT ON passwords TO campus_projector")
        with pytest.raises(Unhealthy, match="1 rights too many, such as SELECT on passwords for campus_projector"):
            await roles(settings)
        owner.execute("REVOKE UPDATE (used_at) ON snapshots_of_read_models FROM campus_api")
        with pytest.raises(Unhealthy, match="1 rights are missing, such as UPDATE on snapshots_of_read_models for"):
            await roles(settings)
        difference = wanted() ^ in_database(owner, settings)
        migrate(settings)
        assert {each.word for each in difference} == {"SELECT", "UPDATE"}
        assert in_database(owner, settings) == wanted()


def test_a_difference_is_mended_by_as_few_statements_as_there_are_kinds() -> None:
    """Columns and functions are named as PostgreSQL wants them."""
    seen = {Right("TABLE", name, "learner_id", "campus_api", "SELECT") for name in ("passwords", "factors")}
    called = {Right("FUNCTION", "append_events", "", "campus_api", "EXECUTE")}
    assert list(grants(seen, called)) == [
        "REVOKE EXECUTE ON FUNCTION append_events FROM campus_api",
        "GRANT SELECT (learner_id) ON TABLE factors, passwords TO campus_api",
    ]
