-- Search in the catalog finds words that are spelt almost right by their trigrams (pg_trgm) and the edits between them
-- (fuzzystrmatch). An extension is there once for all campuses of a database, so it has a schema of its own, by whose
-- name it is used. Both come with PostgreSQL and are trusted: the owner of the database may create them.

DO $$ DECLARE
    home CONSTANT name := 'campuslog_extensions';
    wanted name;
    place name;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(home, 0));
    IF to_regnamespace(home) IS NULL THEN
        EXECUTE format('CREATE SCHEMA %I', home);
        EXECUTE format('GRANT USAGE ON SCHEMA %I TO PUBLIC', home);
    END IF;
    FOREACH wanted IN ARRAY ARRAY['pg_trgm', 'fuzzystrmatch'] LOOP
        SELECT nspname INTO place FROM pg_extension JOIN pg_namespace ON pg_namespace.oid = extnamespace WHERE extname = wanted;
        IF place IS NULL THEN
            EXECUTE format('CREATE EXTENSION %I WITH SCHEMA %I', wanted, home);
        ELSIF place <> home THEN
            RAISE EXCEPTION 'the extension % is in schema %, where this campus does not look for it', wanted, place
                USING HINT = format('ALTER EXTENSION %I SET SCHEMA %I', wanted, home);
        END IF;
    END LOOP;
END $$;
