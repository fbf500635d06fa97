-- The last reconciliation of facts, the books and the payment provider, and the last one that has failed.
--
-- Never the truth: the dispatcher makes another one every hour. The row may be deleted at any time.

CREATE TABLE reconciliations (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    tried_at timestamptz NOT NULL DEFAULT now(),
    done_at timestamptz,
    outcome jsonb,
    failed_at timestamptz,
    failure text
);
COMMENT ON COLUMN reconciliations.tried_at IS 'When the last one has begun, by the clock of the server, as the other times.';
COMMENT ON COLUMN reconciliations.outcome IS 'What the last one has found that came to its end.';
COMMENT ON COLUMN reconciliations.failure IS 'Why one has failed; NULL when a later one came to its end.';

GRANT SELECT, INSERT, UPDATE, DELETE ON reconciliations TO {app};
