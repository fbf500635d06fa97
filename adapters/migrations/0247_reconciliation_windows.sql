-- A reconciliation of every hour looks at what has happened since the last one, and at what was open then; once a day at
-- everything.

ALTER TABLE reconciliations ADD COLUMN whole_at timestamptz, ADD COLUMN open jsonb;
COMMENT ON COLUMN reconciliations.whole_at IS 'When the last one has begun that has looked at everything and came to its end.';
COMMENT ON COLUMN reconciliations.open IS
    'What did not agree in the last one, or was on its way; NULL if it was too much to be listed: the next looks at everything.';
