"""The keys of messages to tools: another one each month, known before it signs and as long as its messages last."""

from datetime import UTC, datetime
from typing import Any

import pytest
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from adapters.lti.keys import PlatformKeys
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.settings import Settings

NOVEMBER = datetime(2031, 11, 30, 23, 59, tzinfo=UTC)
DECEMBER = datetime(2031, 12, 1, 0, 1, tzinfo=UTC)
JANUARY = datetime(2032, 1, 1, tzinfo=UTC)


def key_set(document: Any) -> KeySet:
    """The keys, as a tool reads them."""
    return KeySet.import_key_set(document)


async def test_keys_change_each_month(settings: Settings) -> None:
    """A tool that has read the keys before midnight checks what is signed after it, and the other way round."""
    log = await PostgresLog.open(settings)
    keys, other_process = PlatformKeys(log.keys), PlatformKeys(log.keys)
    before = key_set(await keys.published(NOVEMBER))
    old, new = await keys.sign({"sub": "a"}, NOVEMBER), await other_process.sign({"sub": "b"}, DECEMBER)
    after = key_set(await other_process.published(DECEMBER))
    assert [key.kid for key in before.keys] == ["lti-2031-11", "lti-2031-12"]  # October has signed nothing
    assert [key.kid for key in after.keys] == ["lti-2031-11", "lti-2031-12", "lti-2032-01"]
    for known in (before, after):
        assert [jwt.decode(each, known, algorithms=["RS256"]).claims["sub"] for each in (old, new)] == ["a", "b"]
    later = key_set(await keys.published(JANUARY))
    with pytest.raises(JoseError):
        jwt.decode(old, later, algorithms=["RS256"])
    await log.close()
