-- Which quizzes a run has: a command that completes a unit or decides an outcome asks for them.

CREATE FUNCTION run_of_quiz(payload bytea) RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    RETURN convert_from(payload, 'UTF8')::jsonb ->> 'run_id';
EXCEPTION WHEN OTHERS THEN
    RETURN NULL;
END $$;
CREATE INDEX events_quiz_of_run ON events (run_of_quiz(data)) WHERE type = 'quiz.published';
