-- Who has asked for a fold may follow it, also a person whose role holds in one run or course.

ALTER TABLE folds_as_of ADD COLUMN askers text[] NOT NULL DEFAULT '{}';
COMMENT ON COLUMN folds_as_of.askers IS 'Users who were answered that it is not done yet: they may look how far it is.';
