-- A read model's table that is emptied begins again: its rows and its checkpoints are lost together, so that a projector
-- sees it at once and folds the log. Each table of a read model has a trigger with the name and number of its generation.

CREATE FUNCTION begin_again() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$
BEGIN
    UPDATE segments SET position = 0, applied = 0, ignored = 0, parked = 0, skipped = 0
     WHERE projection = TG_ARGV[0] AND generation = TG_ARGV[1]::integer;
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION begin_again FROM PUBLIC;
GRANT EXECUTE ON FUNCTION begin_again TO {app};
