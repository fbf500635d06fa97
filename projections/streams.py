"""The ids within a stream's id, remembered: a million facts lie on some ten thousand streams."""

from functools import lru_cache

from domain.aggregate import stream_ids

REMEMBERED = 1 << 16  # streams

ids = lru_cache(maxsize=REMEMBERED)(stream_ids)
