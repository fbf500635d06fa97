-- The role of analysts: it reads the views that a campus grants to it, and nothing else. Safe to run again.
--
-- A superuser runs it in the database of the campus, after roles.sql. It revokes some rights of PUBLIC and grants them to
-- campus_owner and campus_app: temporary tables, large objects and messages in the WAL (writing without any right to a
-- table). Advisory locks (the workers' leases), and functions that sleep, change a setting from within a query, or see or
-- end the queries of others of the same role, are for the processes, too. It closes the databases that come with a server.
-- On a shared server, check first whether other users need any of this.
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'campus_analyst') THEN
        CREATE ROLE campus_analyst;
    END IF;
END $$;

ALTER ROLE campus_analyst LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS NOINHERIT CONNECTION LIMIT 20;

ALTER ROLE campus_analyst SET default_transaction_read_only = on;

ALTER ROLE campus_analyst SET statement_timeout = '5min';

ALTER ROLE campus_analyst SET idle_in_transaction_session_timeout = '1min';

ALTER ROLE campus_analyst SET work_mem = '32MB';

ALTER ROLE campus_analyst SET temp_file_limit = '4GB';

ALTER ROLE campus_analyst SET timezone = 'UTC';

DO $$ DECLARE
    processes CONSTANT text := (SELECT coalesce(string_agg(', ' || rolname, ''), '') FROM pg_roles WHERE rolname IN
        ('campus_api', 'campus_relay', 'campus_projector', 'campus_reactor', 'campus_dispatcher', 'campus_auditor'));
    for_processes CONSTANT text := '^(pg_(try_)?advisory_.*|pg_sleep.*|pg_notify|set_config|pg_(cancel|terminate)_backend'
        '|pg_stat_get_(activity|backend_activity))$';
    allowed regprocedure;
    other name;
BEGIN
    EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO campus_owner, campus_app', current_database());
    REVOKE ALL ON SCHEMA public FROM PUBLIC;
    FOR other IN SELECT datname FROM pg_database WHERE datname IN ('postgres', 'template1') LOOP
        EXECUTE format('REVOKE CONNECT, TEMPORARY ON DATABASE %I FROM PUBLIC', other);
    END LOOP;
    FOR allowed IN
        SELECT oid FROM pg_proc
         WHERE pronamespace = 'pg_catalog'::regnamespace
           AND (proname IN ('lo_creat', 'lo_create', 'lo_from_bytea', 'pg_logical_emit_message') OR proname ~ for_processes)
    LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', allowed);
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO campus_owner, campus_app%s', allowed,
            CASE WHEN (SELECT proname FROM pg_proc WHERE oid = allowed) ~ for_processes THEN processes ELSE '' END);
    END LOOP;
END $$;

