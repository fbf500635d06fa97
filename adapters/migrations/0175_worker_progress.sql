-- What keeps a worker from its work, and when its position last moved or was at the head of the log.
ALTER TABLE workers
    ADD COLUMN trouble text NOT NULL DEFAULT '',
    ADD COLUMN trouble_since timestamptz,
    ADD COLUMN moved_at timestamptz;
COMMENT ON COLUMN workers.trouble IS 'Why the last attempt has failed; empty once the worker has got on.';
COMMENT ON COLUMN workers.moved_at IS 'When the position last changed, or was at the head of the log; NULL: code of before writes the row.';
