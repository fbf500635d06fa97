"""The OpenAPI description, made once for all who read it: making it takes a second."""

from functools import cache
from typing import Any

from adapters.settings import Settings
from api.app import build

NOWHERE = Settings(postgres_url="x", nats_url="x", valkey_url="x", token_secret="only-for-the-description")


@cache
def description() -> dict[str, Any]:
    """The document, which is not to be changed."""
    return build(NOWHERE).openapi()
