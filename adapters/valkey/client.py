"""
Connections to Valkey.
"""

from redis.asyncio import Redis as Valkey
from redis.exceptions import ConnectionError as ValkeyConnectionError
from redis.exceptions import RedisError as ValkeyError
from redis.exceptions import TimeoutError as ValkeyTimeoutError

from adapters.settings import Settings

__all__ = ["Valkey", "ValkeyConnectionError", "ValkeyError", "ValkeyTimeoutError", "connect"]

TIMEOUT = 10.0  # seconds for one command; a bulk of documents takes a while
CONNECT_TIMEOUT = 2.0  # seconds


def connect(settings: Settings) -> Valkey:
    """A client with a pool of connections, opened when they are needed; close it with `aclose`."""
    return Valkey.from_url(settings.valkey_url, socket_timeout=TIMEOUT, socket_connect_timeout=CONNECT_TIMEOUT)
