-- A file of an attempt is kept and counted in turn (decisions/0326): two uploads at once, by two processes, saw the same
-- count, and both were kept. A statement of a function sees what was committed before it, and here that is after the lock.

CREATE FUNCTION keep_attempt_file(
    of_stream text, its_sha256 text, its_size bigint, sealed boolean, bytes bytea, most bigint
) RETURNS void
LANGUAGE plpgsql SET search_path = {schema}, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('attempt_files:' || of_stream, 0));
    INSERT INTO attempt_files (stream_id, sha256, size, is_sealed, content)
    SELECT of_stream, its_sha256, its_size, sealed, bytes
     WHERE (SELECT count(*) FROM attempt_files WHERE stream_id = of_stream) < most
    ON CONFLICT DO NOTHING;
END $$;
REVOKE ALL ON FUNCTION keep_attempt_file FROM PUBLIC;
GRANT EXECUTE ON FUNCTION keep_attempt_file TO {app};
