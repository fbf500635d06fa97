"""What the commands of `campus admin` have in common: the log, the bus, and which person is meant."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from cli.console import Failure

if TYPE_CHECKING:
    from adapters.auth.admins import Admins
    from adapters.command_bus.bus import Bus
    from adapters.postgres.log.postgres_log import PostgresLog
    from adapters.settings import Settings
    from cli.operator import Justification
    from commands.log import Context

T = TypeVar("T")


class Desk(NamedTuple):
    """What a command works with."""

    settings: "Settings"
    log: "PostgresLog"
    bus: "Bus"
    admins: "Admins"
    context: "Context"

    async def person(self, named: str) -> str:
        """The id of a person who is named by it, or by an e-mail address; raises Failure if no account has that."""
        if "@" not in named:
            return named
        found = await self.admins.account_of(named)
        if found is None:
            raise Failure(f"no account has the address {named}: `campus admin create {named}` makes one of an admin")
        return found

    async def other_admin(self, learner_id: str) -> str | None:
        """An admin beside this person whose role has no end, as far as the read model knows one."""
        from adapters.postgres.queries import roles
        from adapters.postgres.queries.reader import NotBuilt, Reader

        reader = Reader(self.settings)
        await reader.open()
        try:
            return await roles.other_admin(reader, learner_id)
        except NotBuilt:
            return None
        finally:
            await reader.close()

    async def is_known(self, learner_id: str) -> bool:
        """Whether the log has anything about a person."""
        from adapters.postgres.log.looks import is_known

        return await self.log.link.run(lambda connection: is_known(connection, learner_id))


@asynccontextmanager
async def _opened(settings: "Settings", said: "Justification | None") -> AsyncIterator[Desk]:
    from adapters.auth.admins import Admins
    from adapters.command_bus.bus import Bus
    from adapters.postgres.log.postgres_log import PostgresLog
    from cli.operator import accounted, command_context

    log = await PostgresLog.open(settings)
    try:
        bus = Bus(log)
        context = command_context(log.clock.now()) if said is None else await accounted(log, said)
        yield Desk(settings, log, bus, Admins(log, bus, settings), context)
    finally:
        await log.close()


def at_desk(data: Path | None, work: Callable[[Desk], Coroutine[Any, Any, T]], said: "Justification") -> T:
    """
    Do some work on the campus of a data directory; what a rule refuses is a Failure.

    Raises:
        Failure: also where the settings of the campus ask for a ticket or a reason, and *said* has none.
    """
    return _at_desk(data, work, said)


def looked_up(data: Path | None, work: Callable[[Desk], Coroutine[Any, Any, T]]) -> T:
    """Look something up in the campus of a data directory; what a rule refuses is a Failure."""
    return _at_desk(data, work, None)


def _at_desk(data: Path | None, work: Callable[[Desk], Coroutine[Any, Any, T]], said: "Justification | None") -> T:
    from adapters.settings import Settings
    from domain.errors import DomainError

    settings = Settings.load(data)

    async def do() -> T:
        async with _opened(settings, said) as desk:
            return await work(desk)

    try:
        return asyncio.run(do())
    except DomainError as error:
        raise Failure(error.sentence) from error
