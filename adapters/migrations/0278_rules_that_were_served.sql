-- The source of every rule that was ever served, and when: so that an auditor can read the rule that made a number.
--
-- Kept for ever beside the log. A text stands under its SHA-256, each once; a rule is the text that lists its modules, each
-- with the SHA-256 of its source. Promotions and rollbacks are facts that name that hash (projection.promoted), so a changed
-- text is found by it. The application adds and reads; nothing is changed or deleted.

CREATE TABLE rule_sources (
    sha256 bytea PRIMARY KEY CHECK (sha256 = sha256(convert_to(source, 'UTF8'))),
    source text NOT NULL
);
COMMENT ON TABLE rule_sources IS 'Modules, and the lists of the modules of a rule (lines of SHA-256 and module), by their SHA-256.';

CREATE TABLE rules_served (
    served_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    projection text NOT NULL,
    generation integer NOT NULL,
    version integer NOT NULL,
    code text NOT NULL,
    source_hash bytea NOT NULL REFERENCES rule_sources,
    since timestamptz NOT NULL DEFAULT clock_timestamp(),
    position bigint NOT NULL,
    by_process text NOT NULL
);
COMMENT ON COLUMN rules_served.code IS 'The digest of the code without comments and docstrings, as in `projections.code`.';
COMMENT ON COLUMN rules_served.position IS 'The head of the log when this rule began to fold what readers see.';
CREATE INDEX ON rules_served (projection, served_id DESC);

ALTER TABLE projections ADD COLUMN source_hash bytea;
COMMENT ON COLUMN projections.source_hash IS 'Of the rule that began to build it; NULL if that was before this was recorded.';

GRANT SELECT, INSERT ON rule_sources, rules_served TO {app};
