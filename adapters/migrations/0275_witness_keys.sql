-- The keys of witnesses whose cosignatures are under a checkpoint, so that a dossier can carry them (docs/dossier.md).

ALTER TABLE proof_tree ADD COLUMN witness_keys text NOT NULL DEFAULT '';
COMMENT ON COLUMN proof_tree.witness_keys IS 'Verifier keys of the witnesses under `cosigned`, a line each.';
