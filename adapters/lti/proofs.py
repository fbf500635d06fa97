"""
What tools sign: a JWT, checked by the key set that the tool publishes, which is read through the client of webhooks.

Algorithms are ours: signatures by public keys (LTI security framework 1.0 asks for RS256), never none, never a secret.
A key set is read again for a key that is unknown, once in a minute for a tool; one that could not be read, once in half
a minute, by one request at a time, so that a dead tool does not hold up each launch. Each JWT is taken once.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from weakref import WeakValueDictionary

import msgspec
from joserfc import jws, jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from adapters.auth.factors import Factors
from adapters.auth.oidc.id_token import ALGORITHMS, LEEWAY
from adapters.webhooks.client import NotFetched, WebhookClient
from domain.errors import Forbidden

LARGEST_KEY_SET = 65_536  # bytes
KEYS_FRESH = 3_600.0  # seconds
KEYS_READ_EVERY = 60.0  # seconds, at most, for keys that are unknown
KEYS_FAILED_FOR = 30.0  # seconds
MOST_KEY_SETS = 1_000  # that are remembered
LONGEST_JWT = 65_536  # characters
LONGEST_LIFE = timedelta(hours=1)
LONGEST_ID = 255  # characters


class ToolRefused(Forbidden):
    """What a tool has sent proves nothing; it says why, which is no secret: keys and claims are the tool's own."""

    code = "tool_refused"
    template = "the tool {tool_id} has proved nothing: {why}"


class Signed(NamedTuple):
    """A JWT of a tool; *once_by* is the claim by which it is taken once: `jti` or `nonce`."""

    tool_id: str
    key_set_url: str
    text: str
    once_by: str


class ToolProofs:
    """Checks what tools sign, in one process."""

    def __init__(self, client: WebhookClient, used: Factors) -> None:
        self._client = client
        self._used = used
        self._sets: dict[str, tuple[float, KeySet]] = {}
        self._failed: OrderedDict[str, tuple[float, str]] = OrderedDict()
        self._reading: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def claims(self, signed: Signed, audiences: Collection[str], now: datetime) -> dict[str, Any]:
        """
        What a tool says by a JWT.

        Args:
            audiences: for one of which it must be.
            now: by the clock of this machine.

        Raises:
            ToolRefused: it is not signed by the tool, for another, over, or was taken before.
        """
        tool_id, key_set_url, text, once_by = signed
        found = await self._signed(tool_id, key_set_url, text)
        said = found.get("aud")
        named = said if isinstance(said, list) else [said]
        if not any(each in audiences for each in named):
            raise ToolRefused(tool_id=tool_id, why="aud is not this campus")
        if found.get("iss") != tool_id:
            raise ToolRefused(tool_id=tool_id, why="iss is not its client_id")
        until, issued, once = found.get("exp"), found.get("iat"), found.get(once_by)
        if not all(isinstance(each, int | float) and not isinstance(each, bool) for each in (until, issued)):
            raise ToolRefused(tool_id=tool_id, why="iat or exp is missing")
        if not now.timestamp() - LEEWAY < until or not issued <= now.timestamp() + LEEWAY:  # type: ignore[operator]
            raise ToolRefused(tool_id=tool_id, why="it is over, or of a time to come")
        if until - now.timestamp() > LONGEST_LIFE.total_seconds():  # type: ignore[operator]
            raise ToolRefused(tool_id=tool_id, why="it is valid for longer than an hour")
        if not isinstance(once, str) or not 0 < len(once) <= LONGEST_ID:
            raise ToolRefused(tool_id=tool_id, why=f"{once_by} is missing")
        kept = now + LONGEST_LIFE + timedelta(seconds=2 * LEEWAY)
        if not await self._used.use_challenge(f"lti {tool_id}\n{once_by}\n{once}".encode(), kept):
            raise ToolRefused(tool_id=tool_id, why="it was sent before")
        return found

    async def _signed(self, tool_id: str, url: str, text: str) -> dict[str, Any]:
        """The claims of a JWT that a key of the tool has signed."""
        if len(text) > LONGEST_JWT:
            raise ToolRefused(tool_id=tool_id, why=f"it has more than {LONGEST_JWT:,} characters")
        try:
            if jws.extract_compact(text.encode()).headers().get("alg") not in ALGORITHMS:
                raise ToolRefused(tool_id=tool_id, why="it is not signed by a public key")
        except (JoseError, ValueError, RecursionError) as error:
            raise ToolRefused(tool_id=tool_id, why="it is no JWT") from error
        try:
            return self._decoded(text, await self._keys(tool_id, url, again=False))
        except InvalidKeyIdError:
            pass  # the tool may have another key by now
        except (JoseError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise ToolRefused(tool_id=tool_id, why="its signature does not hold") from error
        try:
            return self._decoded(text, await self._keys(tool_id, url, again=True))
        except (JoseError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise ToolRefused(tool_id=tool_id, why="no key of its key set has signed it") from error

    @staticmethod
    def _decoded(text: str, keys: KeySet) -> dict[str, Any]:
        registry = jws.JWSRegistry(algorithms=list(ALGORITHMS), strict_check_header=False)
        return dict(jwt.decode(text, keys, registry=registry).claims)

    async def _keys(self, tool_id: str, url: str, *, again: bool) -> KeySet:
        async with self._reading.setdefault(url, asyncio.Lock()):
            known = self._sets.get(url)
            age = time.monotonic() - known[0] if known is not None else KEYS_FRESH
            if known is not None and age < (KEYS_READ_EVERY if again else KEYS_FRESH):
                return known[1]
            failed = self._failed.get(url)
            if failed is not None and time.monotonic() - failed[0] < KEYS_FAILED_FOR:
                raise ToolRefused(tool_id=tool_id, why=failed[1])
            try:
                document = msgspec.json.decode(await self._client.fetch(url, LARGEST_KEY_SET))
                found = KeySet.import_key_set(document)
            except NotFetched as error:
                raise self._not_read(tool_id, url, f"its key set cannot be read: {error}") from error
            except (JoseError, ValueError, TypeError, KeyError, AttributeError) as error:
                raise self._not_read(tool_id, url, "what is at its key_set_url is no key set") from error
            self._failed.pop(url, None)
            self._sets[url] = time.monotonic(), found
            return found

    def _not_read(self, tool_id: str, url: str, why: str) -> ToolRefused:
        """The refusal of a tool whose key set cannot be read, which is remembered for a while."""
        self._failed[url] = time.monotonic(), why
        self._failed.move_to_end(url)
        if len(self._failed) > MOST_KEY_SETS:
            self._failed.popitem(last=False)
        return ToolRefused(tool_id=tool_id, why=why)


def issuer_of(text: str) -> str:
    """Who says to have signed a JWT, to find the keys by which it is checked; empty for what is none."""
    try:
        found = msgspec.json.decode(jws.extract_compact(text.encode()).payload)
    except (JoseError, ValueError, msgspec.DecodeError, RecursionError):
        return ""
    issuer = found.get("iss") if isinstance(found, dict) else None
    return issuer if isinstance(issuer, str) else ""
