"""A worker that hangs instead of dying gives its work up, and another goes on."""

import signal

import pytest

from adapters.postgres.connection import connect
from adapters.settings import Settings
from tests.support.polling import until
from tests.support.worker_process import WORKER, Process, ended
from tests.support.workers import writer

pytestmark = pytest.mark.servers

ACTIVE = (
    "SELECT pid FROM workers WHERE name = %s AND active AND position >= %s AND heartbeat_at > now() - interval '5 s'"
)


async def active(settings: Settings, name: str, position: int) -> list[int]:
    """The processes that do the work of *name*, live, and have got as far as *position*."""
    async with await connect(settings, application="test") as connection:
        return [pid for (pid,) in await (await connection.execute(ACTIVE, [name, position])).fetchall()]


@pytest.mark.parametrize(
    "name", ["relay", *(pytest.param(name, marks=pytest.mark.slow) for name in ("reactor", "dispatcher"))]
)
async def test_a_standby_takes_over_from_a_frozen_holder(settings: Settings, name: str) -> None:
    """The session of a silent holder ends, and its lock with it; when it goes on it stands by."""
    async with writer(settings) as facts:
        first = await Process(settings, *WORKER, name).start()

        async def first_has_it() -> bool:
            return await active(settings, name, 0) == [first.pid]

        await until(first_has_it)
        second = await Process(settings, *WORKER, name).start()
        try:
            first.send(signal.SIGSTOP)
            await facts.record_many(20)

            async def second_has_it() -> bool:
                return await active(settings, name, facts.head) == [second.pid]

            await until(second_has_it)
            first.send(signal.SIGCONT)
            await facts.record_many(20)

            async def first_stands_by() -> bool:
                return await _standing_by(settings, name) == [first.pid]

            await until(first_stands_by)
            await until(second_has_it)
        finally:
            first.send(signal.SIGCONT)
            codes = await ended([first, second], signal.SIGTERM)
        assert codes == [0, 0]


async def _standing_by(settings: Settings, name: str) -> list[int]:
    query = "SELECT pid FROM workers WHERE name = %s AND NOT active AND heartbeat_at > now() - interval '5 s'"
    async with await connect(settings, application="test") as connection:
        return [pid for (pid,) in await (await connection.execute(query, [name])).fetchall()]
