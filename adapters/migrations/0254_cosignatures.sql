-- The newest checkpoint that a witness has cosigned, beside the newest that is signed (docs/proofs.md).

ALTER TABLE proof_tree
    ADD COLUMN cosigned text NOT NULL DEFAULT '',
    ADD COLUMN witness_trouble text NOT NULL DEFAULT '';
COMMENT ON COLUMN proof_tree.cosigned IS 'The newest checkpoint that has a cosignature, a signed note; empty if there is none.';
COMMENT ON COLUMN proof_tree.witness_trouble IS 'Why witnesses give no cosignature; empty if they do, or none is asked.';
