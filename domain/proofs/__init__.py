"""
Proofs that the log only grows: a Merkle tree over its facts, and signed checkpoints of it. Formats: docs/proofs.md.

leaf         the bytes of a fact that are hashed
merkle       hashes, which parts of a tree prove what, and how such a proof is checked (RFC 9162)
tiles        the tree in tiles of 256 hashes (C2SP tlog-tiles)
note         signed text (C2SP signed-note), and keys
checkpoint   the signed size and root of a tree (C2SP tlog-checkpoint), and proofs that carry one (tlog-proof)
errors       what there is no proof of
"""
