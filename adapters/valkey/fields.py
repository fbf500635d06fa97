"""
The fields of the hash of a segment's first table that are no documents.
"""

POSITION = "@position"  # the checkpoint
EPOCH = "@epoch"
HEALED = "@healed"  # id of the parked key that was made good last
REDONE = "@redone"  # how often documents have changed although the checkpoint stayed: keys made good, rows repaired
COUNTS = ("applied", "ignored", "parked", "skipped")
COUNT_FIELDS = tuple(f"@{name}" for name in COUNTS)

OWN = frozenset(name.encode() for name in (POSITION, EPOCH, HEALED, REDONE, *COUNT_FIELDS))
