"""
The tables of second factors: secrets of apps (sealed with the person's key), public keys of passkeys, recovery codes.

Reads     factors, recovery_codes, used_challenges
Writes    these; the log says which factors and codes are valid (`credentials.…`).
"""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from adapters.personal.keys import PersonKeys
from adapters.postgres.connection import Connection, Link
from domain.auth import FactorKind, credentials_stream

CODES = 10
CODE_SIZE = 15  # bytes, which are 24 letters: 120 bits need no slow hash (ASVS 6.5.2)
ALPHABET = "ABCDEFGHJKMNPQRSTVWXYZ0123456789"  # Crockford's base32, without I, L, O and U; 32 letters
PURPOSE = "recovery codes"

COLUMNS = (
    "factor_id, learner_id, kind, label, secret, last_step, credential_id, public_key, sign_count, made_at, used_at"
)
KEEP = f"INSERT INTO factors ({COLUMNS}) VALUES (%s, %s, %s, %s, %s, 0, %s, %s, %s, %s, NULL)"
FIND = f"SELECT {COLUMNS} FROM factors WHERE factor_id = %s AND learner_id = %s"
FIND_PASSKEY = f"SELECT {COLUMNS} FROM factors WHERE credential_id = %s"
OF_PERSON = f"SELECT {COLUMNS} FROM factors WHERE learner_id = %s ORDER BY made_at, factor_id"
TAKE_STEP = "UPDATE factors SET last_step = %s, used_at = %s WHERE factor_id = %s AND last_step < %s"
TAKE_COUNT = """
UPDATE factors SET sign_count = %(count)s, used_at = %(now)s
 WHERE factor_id = %(factor)s AND (sign_count < %(count)s OR (sign_count = 0 AND %(count)s = 0))
"""
DROP = "DELETE FROM factors WHERE factor_id = %s AND learner_id = %s"
KEEP_CODE = "INSERT INTO recovery_codes (codes_id, digest, learner_id) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING"
TAKE_CODE = "DELETE FROM recovery_codes WHERE codes_id = %s AND digest = %s AND learner_id = %s"
DROP_CODES = "DELETE FROM recovery_codes WHERE learner_id = %s AND codes_id = ANY(%s)"
USE_CHALLENGE = "INSERT INTO used_challenges (digest, until) VALUES (%s, %s) ON CONFLICT DO NOTHING"
USED_CHALLENGE = "SELECT FROM used_challenges WHERE digest = %s"
FORGET = ("DELETE FROM factors WHERE learner_id = %s", "DELETE FROM recovery_codes WHERE learner_id = %s")
FORGET_CHALLENGES = "DELETE FROM used_challenges WHERE until < %s"
FORGET_BEGUN = """
DELETE FROM factors WHERE kind = 'totp' AND last_step = 0 AND made_at < %s::timestamptz - interval '1 day'
"""


class KeptFactor(NamedTuple):
    """A second factor as its table has it; label and secret are sealed."""

    factor_id: str
    learner_id: str
    kind: str
    label: str
    secret: str | None
    last_step: int
    credential_id: bytes | None
    public_key: bytes | None
    sign_count: int
    made_at: datetime
    used_at: datetime | None


class Factors:
    """The second factors of one campus."""

    def __init__(self, link: Link, keys: PersonKeys) -> None:
        self._link = link
        self._keys = keys

    async def keep_totp(self, learner_id: str, factor_id: str, label: str, secret: str, now: datetime) -> None:
        """Keep the secret of an app; it is asked for once the log has the factor."""
        key = await self._keys.writing(credentials_stream(learner_id))
        sealed = key.seal(0, f"label-{factor_id}", label), key.seal(0, f"totp-{factor_id}", secret)
        await self._do(KEEP, factor_id, learner_id, FactorKind.TOTP.value, *sealed, None, None, 0, now)

    async def keep_passkey(
        self, learner_id: str, factor_id: str, label: str, credential: tuple[bytes, bytes, int], now: datetime
    ) -> None:
        """Keep the id of a credential, its public key, and its count of signatures."""
        key = await self._keys.writing(credentials_stream(learner_id))
        sealed = key.seal(0, f"label-{factor_id}", label)
        await self._do(KEEP, factor_id, learner_id, FactorKind.PASSKEY.value, sealed, None, *credential, now)

    async def find(self, learner_id: str, factor_id: str) -> KeptFactor | None:
        """A factor of a person, whether the log has it or not."""
        rows = await self._rows(FIND, factor_id, learner_id)
        return rows[0] if rows else None

    async def find_passkey(self, credential_id: bytes) -> KeptFactor | None:
        """The passkey of an id."""
        rows = await self._rows(FIND_PASSKEY, credential_id)
        return rows[0] if rows else None

    async def of_person(self, learner_id: str) -> Sequence[KeptFactor]:
        """All factors of a person, the first one first."""
        return await self._rows(OF_PERSON, learner_id)

    async def opened(self, factor: KeptFactor) -> tuple[str, str]:
        """Label and secret of a factor; empty once the key is gone."""
        key = await self._keys.reading(credentials_stream(factor.learner_id))
        return key.open(factor.label) or "", key.open(factor.secret) or ""

    async def take_step(self, factor_id: str, step: int, now: datetime) -> bool:
        """Whether the code of a period is taken: once, and none of a period before it."""
        return await self._do(TAKE_STEP, step, now, factor_id, step) == 1

    async def take_count(self, factor_id: str, count: int, now: datetime) -> bool:
        """Whether a passkey has counted on since it signed last, or does not count at all."""
        return await self._do_named(TAKE_COUNT, {"count": count, "now": now, "factor": factor_id}) == 1

    async def drop(self, learner_id: str, factor_id: str) -> None:
        """Forget a factor that the log has no more."""
        await self._do(DROP, factor_id, learner_id)

    async def keep_codes(self, learner_id: str, codes_id: str) -> list[str]:
        """Draw recovery codes and keep their digests; they are good once the log names them. Returns the codes."""
        codes = ["".join(secrets.choice(ALPHABET) for _ in range(CODE_SIZE * 8 // 5)) for _ in range(CODES)]
        for code in codes:
            await self._do(KEEP_CODE, codes_id, await self._digest(code), learner_id)
        return ["-".join(code[at : at + 4] for at in range(0, len(code), 4)) for code in codes]

    async def drop_codes(self, learner_id: str, codes_ids: Sequence[str]) -> None:
        """Forget recovery codes that others have replaced."""
        await self._do(DROP_CODES, learner_id, list(codes_ids))

    async def take_code(self, learner_id: str, codes_id: str, code: str) -> bool:
        """Whether it is one of these codes, which is good no more."""
        return await self._do(TAKE_CODE, codes_id, await self._digest(code), learner_id) == 1

    async def use_challenge(self, challenge: bytes, until: datetime) -> bool:
        """Whether a challenge was signed for the first time."""
        return await self._do(USE_CHALLENGE, hashlib.sha256(challenge).digest(), until) == 1

    async def was_used(self, challenge: bytes) -> bool:
        """Whether `use_challenge` has taken this before."""

        async def work(connection: Connection) -> bool:
            cursor = await connection.execute(USED_CHALLENGE, (hashlib.sha256(challenge).digest(),))
            return await cursor.fetchone() is not None

        return await self._link.run(work)

    async def forget(self, learner_id: str) -> None:
        """Forget all factors and codes of a person."""
        for statement in FORGET:
            await self._do(statement, learner_id)

    async def _digest(self, code: str) -> bytes:
        plain = code.upper().replace("-", "").replace(" ", "")
        plain = plain.replace("O", "0").replace("I", "1").replace("L", "1")  # as they are read from paper
        return hmac.new(await self._keys.of_campus(PURPOSE), plain.encode(), hashlib.sha256).digest()

    async def _rows(self, statement: str, *values: Any) -> list[KeptFactor]:
        async def work(connection: Connection) -> list[KeptFactor]:
            return [KeptFactor(*row) for row in await (await connection.execute(statement.encode(), values)).fetchall()]

        return await self._link.run(work)

    async def _do(self, statement: str, *values: Any) -> int:
        async def work(connection: Connection) -> int:
            return (await connection.execute(statement.encode(), values)).rowcount

        return await self._link.run(work)

    async def _do_named(self, statement: str, values: dict[str, Any]) -> int:
        async def work(connection: Connection) -> int:
            return (await connection.execute(statement.encode(), values)).rowcount

        return await self._link.run(work)


async def forget_old(connection: Connection, now: datetime) -> None:
    """Forget challenges that would be refused for their age, and apps that were never shown to work."""
    await connection.execute(FORGET_CHALLENGES, (now,))
    await connection.execute(FORGET_BEGUN, (now,))
