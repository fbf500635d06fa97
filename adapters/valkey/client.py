"""
Connections to Valkey, and whose fault an error is.
"""

import re

from redis.asyncio import Redis as Valkey
from redis.exceptions import ConnectionError as ValkeyConnectionError
from redis.exceptions import RedisError as ValkeyError
from redis.exceptions import ResponseError
from redis.exceptions import TimeoutError as ValkeyTimeoutError

from adapters.settings import Settings

__all__ = [
    "Valkey",
    "ValkeyConnectionError",
    "ValkeyError",
    "ValkeyTimeoutError",
    "connect",
    "drop_connections",
    "is_about_data",
    "is_trouble",
]

TIMEOUT = 10.0  # seconds for one command; a bulk of documents takes a while
CONNECT_TIMEOUT = 2.0  # seconds


def connect(settings: Settings) -> Valkey:
    """A client with a pool of connections, opened when they are needed; close it with `aclose`."""
    return Valkey.from_url(settings.valkey_url, socket_timeout=TIMEOUT, socket_connect_timeout=CONNECT_TIMEOUT)


CODE = re.compile(r"[A-Z]{3,}\b")  # that the client leaves in front of a message, such as MISCONF; it takes ERR away


def is_about_data(error: BaseException) -> bool:
    """Whether *error* means that Valkey would not take these values at any time."""
    return type(error) is ResponseError and CODE.match(str(error)) is None


def is_trouble(error: BaseException) -> bool:
    """Whether the server has gone or cannot do its work (memory full, read-only, loading): no value's fault."""
    return isinstance(error, ValkeyError) and not is_about_data(error)


async def drop_connections(client: Valkey) -> None:
    """Let the next commands open new connections, which may lead to a server that can do its work."""
    await client.connection_pool.disconnect(inuse_connections=False)
