"""
The keys of persons, each wrapped by a master key, in a table beside the log; destroying one is what erases a person.

Reads     person_keys, campus_keys
Writes    both: a key when it is first needed; a destroyed one leaves its row, so that no other takes its place.
A key is read each time that it is used, so one that is destroyed works nowhere from then on.
"""

import asyncio
import secrets
from collections.abc import Callable, Collection
from typing import Any

from adapters.personal.key_service import AccountsClosed, KeyLost, KeyService, WrappedKey
from adapters.personal.sealing import KEY_SIZE, PersonKey
from adapters.postgres.connection import Connection, Link
from domain.streams import key_of

FIND = "SELECT master, wrapped FROM person_keys WHERE learner_id = %s"
FIND_ALL = "SELECT learner_id, master, wrapped FROM person_keys WHERE learner_id = ANY(%s)"
KEEP = "INSERT INTO person_keys (learner_id, master, wrapped) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING"
DESTROY = "SELECT destroy_person_key(%s)"
FIND_OF_CAMPUS = "SELECT master, wrapped FROM campus_keys WHERE purpose = %s"
KEEP_OF_CAMPUS = "INSERT INTO campus_keys (purpose, master, wrapped) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING"
PURPOSES = "SELECT purpose FROM campus_keys WHERE starts_with(purpose, %s) ORDER BY purpose"
UNKNOWN_MASTERS = """
SELECT count(*), min(master) FROM (
    SELECT master FROM person_keys WHERE wrapped IS NOT NULL UNION ALL SELECT master FROM campus_keys) AS kept
 WHERE master <> ALL(%s)
"""


class PersonKeys:
    """The keys of one campus."""

    def __init__(self, link: Link, service: KeyService) -> None:
        self._link = link
        self._service = service

    async def reading(self, stream: str) -> PersonKey:
        """The key for the texts of a stream, to open them; without one it opens nothing."""
        return await self._opened(stream, await self._row(FIND, key_of(stream)))

    async def writing(self, stream: str) -> PersonKey:
        """
        The key for the texts of a stream, made when it is first asked for.

        Raises:
            AccountsClosed: there is no master key to wrap a new one.
        """
        person = key_of(stream)
        row = await self._row(FIND, person)
        if row is None:
            wrapped = await self._service.wrap(of_person(person), secrets.token_bytes(KEY_SIZE))
            await self._do(KEEP, person, *wrapped)  # of two who make one at the same time, the first is kept
            row = await self._row(FIND, person)
        return await self._opened(stream, row)

    async def of_words(self, stream: str) -> PersonKey | None:
        """
        The key for words about the person of a stream; None if the campus keeps no keys at all.

        Raises:
            KeyLost: this process has no master key, and the campus has.
        """
        try:
            return await self.writing(stream)
        except AccountsClosed:
            count, master = await self.lost()
            if count:
                raise KeyLost(f"the master key {master} is not in CAMPUS_MASTER_KEYS") from None
            return None

    async def reading_all(self, streams: Collection[str]) -> dict[str, PersonKey]:
        """The keys to open the texts of some streams, in one look-up."""
        if not streams:
            return {}

        async def work(connection: Connection) -> list[Any]:
            persons = sorted({key_of(stream) for stream in streams})
            return await (await connection.execute(FIND_ALL, [persons])).fetchall()

        rows = {person: (master, wrapped) for person, master, wrapped in await self._link.run(work)}
        return {stream: await self._opened(stream, rows.get(key_of(stream))) for stream in streams}

    async def of_campus(self, purpose: str, make: Callable[[], bytes] = lambda: secrets.token_bytes(KEY_SIZE)) -> bytes:
        """
        The key of the campus for a purpose, made when it is first asked for.

        Args:
            make: draws a key, in a thread; of two who make one at the same time, the first is kept.

        Raises:
            AccountsClosed: there is no master key to wrap a new one.
        """
        row = await self._row(FIND_OF_CAMPUS, purpose)
        if row is None:
            wrapped = await self._service.wrap(of_campus(purpose), await asyncio.to_thread(make))
            await self._do(KEEP_OF_CAMPUS, purpose, *wrapped)
            row = await self._row(FIND_OF_CAMPUS, purpose)
        if row is None:
            raise KeyLost(f"the key for {purpose} cannot be kept")
        return await self._service.unwrap(of_campus(purpose), WrappedKey(*row))

    async def purposes(self, beginning: str) -> list[str]:
        """What the campus has keys for, of those with this beginning, in the order of their names."""

        async def work(connection: Connection) -> list[Any]:
            return await (await connection.execute(PURPOSES.encode(), [beginning])).fetchall()

        return [str(purpose) for (purpose,) in await self._link.run(work)]

    async def destroy(self, learner_id: str) -> None:
        """Destroy the key of a person, for ever; a second time changes nothing."""
        await self._do(DESTROY, learner_id)

    async def lost(self) -> tuple[int, str]:
        """How many keys no master key here opens, and the name of one that is missing."""
        row = await self._row(UNKNOWN_MASTERS, list(self._service.masters))
        return (0, "") if row is None else (int(row[0]), str(row[1] or ""))

    async def _opened(self, stream: str, row: Any) -> PersonKey:
        if row is None or row[1] is None:
            return PersonKey(None, stream)
        return PersonKey(await self._service.unwrap(of_person(key_of(stream)), WrappedKey(*row)), stream)

    async def _row(self, statement: str, *values: Any) -> Any:
        async def work(connection: Connection) -> Any:
            return await (await connection.execute(statement.encode(), values)).fetchone()

        return await self._link.run(work)

    async def _do(self, statement: str, *values: Any) -> None:
        async def work(connection: Connection) -> None:
            await connection.execute(statement.encode(), values)

        await self._link.run(work)


def of_person(learner_id: str) -> str:
    """What the key of a person is wrapped for."""
    return f"person\n{learner_id}"


def of_campus(purpose: str) -> str:
    """What a key of the campus is wrapped for."""
    return f"campus\n{purpose}"
