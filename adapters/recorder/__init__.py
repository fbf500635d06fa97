"""
The log as a persistence module of the `eventsourcing` library, for stock applications and projections.

    PERSISTENCE_MODULE=adapters.recorder

The library is synchronous, so this package is too; no other package does synchronous I/O.
"""

from adapters.recorder.factory import Factory
from adapters.recorder.mapper import FactMapper
from adapters.recorder.recorder import LogRecorder
from adapters.recorder.subscription import LogSubscription

__all__ = ["FactMapper", "Factory", "LogRecorder", "LogSubscription"]
