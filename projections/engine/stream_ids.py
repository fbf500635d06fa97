"""What follows from a stream's id alone, remembered: a million facts lie on some ten thousand streams."""

from functools import lru_cache

from domain.aggregate import stream_ids

REMEMBERED = 1 << 16  # streams

cached_by_stream = lru_cache(maxsize=REMEMBERED)
"""Decorates a function of a stream's id."""

ids = cached_by_stream(stream_ids)
"""The ids within a stream's id."""
