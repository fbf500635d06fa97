"""
One campus in PostgreSQL for many tests, each of which finds it as the migrations have left it.

To migrate takes longer than most use cases. For tests that only write to the log: read models have tables of their
own, and what Valkey and NATS hold is not emptied.
"""

import psycopg

from adapters.settings import Settings

KEEP = """
CREATE SCHEMA {schema}_first;

DO $$
DECLARE
    named text;
BEGIN
    FOR named IN SELECT relname FROM pg_class
                  WHERE relnamespace = '{schema}'::regnamespace AND relkind = 'r' AND pg_relation_size(oid) > 0
    LOOP
        EXECUTE format('CREATE TABLE {schema}_first.%I AS TABLE {schema}.%1$I', named);
    END LOOP;
END $$;
"""

EMPTY = """
DO $$
DECLARE
    named text;
BEGIN
    IF EXISTS (SELECT FROM pg_class WHERE relnamespace = '{schema}_read'::regnamespace) THEN
        RAISE EXCEPTION 'there are read models: use the fixture `settings`, a campus of its own';
    END IF;
    ALTER TABLE {schema}.events DISABLE TRIGGER events_append_only;
    FOR named IN SELECT relname FROM pg_class
                  WHERE relnamespace = '{schema}'::regnamespace AND relkind = 'r' AND pg_relation_size(oid) > 0
    LOOP
        EXECUTE format('DELETE FROM {schema}.%I', named);
        IF to_regclass(format('{schema}_first.%I', named)) IS NOT NULL THEN
            EXECUTE format('INSERT INTO {schema}.%I OVERRIDING SYSTEM VALUE TABLE {schema}_first.%1$I', named);
        END IF;
    END LOOP;
    ALTER TABLE {schema}.events ENABLE ALWAYS TRIGGER events_append_only;
    FOR named IN SELECT sequencename FROM pg_sequences WHERE schemaname = '{schema}' AND last_value IS NOT NULL
    LOOP
        EXECUTE format('ALTER SEQUENCE {schema}.%I RESTART', named);
    END LOOP;
END $$;
"""


def keep_first(settings: Settings) -> None:
    """Remember what the migrations have put into the tables of a fresh campus."""
    _execute(settings, KEEP)


def empty(settings: Settings) -> None:
    """Put the tables of such a campus back to that; raises psycopg's RaiseException if it has read models."""
    _execute(settings, EMPTY)


def _execute(settings: Settings, statements: str) -> None:
    with psycopg.connect(settings.postgres_owner_url, autocommit=True) as connection:
        connection.execute(statements.replace("{schema}", settings.schema_name).encode())
