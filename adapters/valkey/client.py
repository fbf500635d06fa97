"""
Connections to Valkey.
"""

from redis.asyncio import Redis

from adapters.settings import Settings

TIMEOUT = 10.0  # seconds for one command; a bulk of documents takes a while
CONNECT_TIMEOUT = 2.0  # seconds


def connect(settings: Settings) -> Redis:
    """A client with a pool of connections, opened when they are needed; close it with `aclose`."""
    return Redis.from_url(settings.valkey_url, socket_timeout=TIMEOUT, socket_connect_timeout=CONNECT_TIMEOUT)
