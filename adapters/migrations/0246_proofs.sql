-- The Merkle tree over the log (docs/proofs.md): its tiles, and the newest checkpoint that the notary has signed.
--
-- Never the truth: the notary makes the same tiles of the log again. What it has signed stands in a file beside its keys, too.

CREATE TABLE proof_tiles (
    level smallint NOT NULL CHECK (level BETWEEN 0 AND 7),
    number bigint NOT NULL,
    hashes bytea NOT NULL CHECK (length(hashes) BETWEEN 32 AND 8192 AND length(hashes) % 32 = 0),
    PRIMARY KEY (level, number)
);
ALTER TABLE proof_tiles ALTER COLUMN hashes SET STORAGE EXTERNAL;  -- hashes cannot be compressed
COMMENT ON COLUMN proof_tiles.hashes IS 'Up to 256 hashes of 32 bytes; what is there never changes, a tile only grows.';

CREATE TABLE proof_tree (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    origin text NOT NULL,
    size bigint NOT NULL,
    checkpoint text NOT NULL,
    keys text NOT NULL,
    signed_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON COLUMN proof_tree.origin IS 'The name of the tree; another life of the log has another one.';
COMMENT ON COLUMN proof_tree.size IS 'How many leaves the tiles have; the checkpoint may be of fewer.';
COMMENT ON COLUMN proof_tree.checkpoint IS 'The newest checkpoint, a signed note.';
COMMENT ON COLUMN proof_tree.keys IS 'The keys that sign, as verifier keys, a line each.';

GRANT SELECT, INSERT, UPDATE, DELETE ON proof_tiles, proof_tree TO {app};
