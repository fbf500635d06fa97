-- Each process of the API knows which refund claims are open (adapters/refund_claims.py): it finds what became of claims by this.

CREATE INDEX events_refund_claims ON events (position)
 WHERE type IN ('refund_claim.made', 'refund_claim.withdrawn', 'refund_claim.answered');
