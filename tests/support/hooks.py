"""A campus that sends webhooks to a receiver of the test, and whose clock the test moves."""

import asyncio
import multiprocessing
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from multiprocessing.process import BaseProcess
from typing import Any

from adapters.command_bus.bus import Bus
from adapters.command_bus.replay import replayed
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.settings import Settings
from adapters.webhooks.addresses import Resolver, resolve
from adapters.webhooks.secrets import WebhookSecrets
from commands.admin.webhooks import CreateWebhook
from commands.catalog import CreateCourse
from commands.log import Context
from domain.admin.webhooks import Webhook, webhook_stream
from tests.support.appends import query
from tests.support.clock import SharedClock
from tests.support.polling import guard, until
from tests.support.roles import as_process
from workers.dispatching import webhooks

COURSES = "course.created"


class Hooks:
    """The campus."""

    def __init__(self, settings: Settings, log: PostgresLog) -> None:
        self.settings, self.log, self.bus = settings, log, Bus(log)
        self.secrets = WebhookSecrets(log.link, log.keys)
        self.courses = 0

    async def do(self, command: Any) -> int:
        """Carry out a command of an admin."""
        return await self.bus.handle(command, Context("admin", at=self.log.clock.now()))

    async def make(self, url: str, name: str = "w1", types: tuple[str, ...] = (COURSES,)) -> str:
        """An endpoint; its secret."""
        secret = await self.secrets.make(name, f"{name}-1", self.log.clock.now())
        await self.do(CreateWebhook(name, url, types, "a test", f"{name}-1", "a test", is_development=True))
        assert secret is not None
        return secret

    async def happen(self, number: int = 1) -> None:
        """Courses are created."""
        for _ in range(number):
            self.courses += 1
            await self.do(CreateCourse(f"c{self.courses}", f"Course {self.courses}"))

    async def webhook(self, name: str = "w1") -> Webhook:
        """The endpoint as the log has it."""
        return await replayed(self.log, Webhook, webhook_stream(name))

    async def statuses(self, name: str = "w1") -> list[str]:
        """How its messages stand, by position."""
        found = "SELECT status FROM webhook_deliveries WHERE endpoint_id = '%s' ORDER BY position"
        return [row[0] for row in await query(self.settings, found % name)]

    async def until_statuses(self, *wanted: str, name: str = "w1") -> None:
        """Wait until its messages stand so."""

        async def is_so() -> bool:
            return await self.statuses(name) == list(wanted)

        await until(is_so)

    @asynccontextmanager
    async def sending(self, resolver: Resolver = resolve) -> AsyncIterator[asyncio.Task[None]]:
        """A sender, until the block ends."""
        stop, there = asyncio.Event(), as_process(self.settings, "dispatcher")
        log = await PostgresLog.open(there)
        task = asyncio.create_task(webhooks.keep_sending(there, log, stop, resolver))
        try:
            yield task
        finally:
            stop.set()
            async with guard():
                await asyncio.gather(task, return_exceptions=True)
            await log.close()


def send_until_killed(settings: Settings) -> None:
    """What another process does."""

    async def run() -> None:
        log = await PostgresLog.open(settings)
        await webhooks.keep_sending(settings, log, asyncio.Event())

    asyncio.run(run())


@contextmanager
def sending_process(settings: Settings) -> Iterator[BaseProcess]:
    """A sender in a process of its own, which the test may kill."""
    plain = as_process(Settings(**settings.model_dump()), "dispatcher")
    process = multiprocessing.get_context("spawn").Process(target=send_until_killed, args=(plain,))
    process.start()
    try:
        yield process
    finally:
        process.kill()
        process.join()


@asynccontextmanager
async def hooks_of(settings: Settings) -> AsyncIterator[Hooks]:
    """A campus."""
    there = SharedClock.of(settings)
    log = await PostgresLog.open(there)
    try:
        yield Hooks(there, log)
    finally:
        await log.close()
