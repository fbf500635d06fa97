-- A token that was issued in a session with a second factor stands for it: the roles of the staff need one (decisions/0232).

ALTER TABLE api_tokens ADD COLUMN with_factor boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN api_tokens.with_factor IS 'Whether the session that has issued it was one with a second factor.';
