-- The roles of a campus (docs/security/privileges.md). Safe to run again.
--
-- A superuser runs it in the database of the campus, then analyst.sql, then gives passwords to those that log in. What
-- each role may do there is granted by `campus migrate`. Nothing logs in as campus_owner, which owns the log: only
-- campus_migrator acts as it. Each process has a role of its own; campus_app is the operator at the command line, and
-- the one role of a campus that has one URL for all. campus_projector owns the rows of read models.
DO $$ DECLARE
    own CONSTANT name[] := ARRAY['campus_owner', 'campus_migrator', 'campus_app', 'campus_api', 'campus_relay',
        'campus_projector', 'campus_reactor', 'campus_dispatcher', 'campus_auditor'];
    each name;
BEGIN
    FOREACH each IN ARRAY own LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = each) THEN
            EXECUTE format('CREATE ROLE %I', each);
        END IF;
        EXECUTE format('ALTER ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS', each);
    END LOOP;
    EXECUTE format('ALTER DATABASE %I OWNER TO campus_owner', current_database());
END $$;

ALTER ROLE campus_owner NOLOGIN PASSWORD NULL;

GRANT campus_owner TO campus_migrator WITH INHERIT FALSE, SET TRUE;

ALTER ROLE campus_migrator SET role = 'campus_owner';

GRANT campus_projector TO campus_owner;

GRANT campus_api, campus_relay, campus_projector, campus_reactor, campus_dispatcher, campus_auditor TO campus_app;

DO $$ DECLARE
    mine regclass;
BEGIN
    FOR mine IN
        SELECT pg_class.oid FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
         WHERE relowner = 'campus_app'::regrole AND relkind IN ('r', 'v') AND nspname ~ '^campus_.*_(read|analytics)$'
    LOOP
        EXECUTE format('ALTER TABLE %s OWNER TO campus_projector', mine);
    END LOOP;
END $$;

