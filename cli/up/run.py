"""
One run of `campus up`: lock, servers, migrations, API and workers, seed; then wait for a signal and stop.
"""

import asyncio
import os
import signal
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from adapters.embedded import Child, Program, Server, StartFailed, start
from adapters.embedded.secrets import is_free
from cli.console import Failure, fail, say
from cli.http import get_own
from cli.up import instance, screen
from cli.up.examples import find_examples
from cli.up.lock import DataLock
from cli.up.plan import API, WORKERS, Plan, make_plan
from cli.up.supervisor import Supervisor

STOP_ORDER = ((API,), WORKERS, ("nats", "paysim", "witness", "inbox"), ("valkey",), ("postgres",))
READY_TIMEOUT = 600.0  # seconds from the start of the API to a campus that is ready: a busy machine takes minutes
READY_INTERVAL = 0.05  # seconds
LONG_LOG = 20_000_000  # bytes
CAUGHT_UP_TIMEOUT = 60.0  # seconds until read models and workers have seen the seeded facts
SAMPLE, BEGUN = ("--sample",), "sample begun"
FOLLOWING = ("reactor", "dispatcher")  # for whom a person who buys a course waits


class CampusRun:
    """One campus on one data directory."""

    def __init__(self, plan: Plan, lock: DataLock) -> None:
        self.plan = plan
        self.steps = screen.StartTimes()
        self._keep_open = (lock.descriptor,)
        started = datetime.now(UTC)
        self.supervisor = Supervisor(lambda pids: instance.write(plan.settings, plan.servers, pids, started))

    async def start(self, *, seed: bool) -> None:
        """Start all parts; returns when the campus answers."""
        _turn_over(self.plan.log_dir)
        with self.steps.step("servers"):
            await self._start_servers()
        with self.steps.step("schema"):
            await self._once(self.plan.once("migrate"))
        with self.steps.step("API and workers"):
            for name in (API, *WORKERS):
                await self.supervisor.add(name, partial(self._spawn, self.plan.process(name)))
            ready = await self._until_ready()
        options = self._seed_options(int(ready["head"])) if seed else None
        if options is not None:
            screen.filling(self.plan)
            with self.steps.step("sample campus", spinner=False):
                await self._seed(options)
        self.supervisor.watch()

    async def stop(self) -> None:
        """Stop all parts in order, and remove the state file."""
        await self.supervisor.stop(STOP_ORDER)
        instance.forget(self.plan.settings.data_dir)

    async def _start_servers(self) -> None:
        results = await asyncio.gather(*map(self._start_server, self.plan.servers), return_exceptions=True)
        for failure in filter(None, results):
            raise failure

    async def _start_server(self, server: Server) -> None:
        bring_up = partial(start, server, self.plan.settings.data_dir, self._keep_open)
        await self.steps.timed(server.name, self.supervisor.add(server.name, bring_up, server.does_its_work))

    async def _spawn(self, program: Program) -> Child:
        return Child(program, self._keep_open)

    async def _once(self, program: Program) -> None:
        child = Child(program, self._keep_open)
        try:
            await child.wait()
        except asyncio.CancelledError:
            await child.stop()
            raise
        if child.exit_code != 0:
            raise StartFailed(child)

    async def _until_ready(self) -> dict[str, Any]:
        """Wait until `/readyz` answers 200; raises StartFailed if a process ends meanwhile."""
        async with asyncio.timeout(READY_TIMEOUT):
            while True:
                if dead := self.supervisor.dead():
                    raise StartFailed(dead)
                answer = await get_own(self.plan.settings, "/readyz")
                if answer.status == 200:
                    return answer.body
                await asyncio.sleep(READY_INTERVAL)

    def _seed_options(self, head: int) -> tuple[str, ...] | None:
        """
        How to seed an empty log, and one whose seeding was interrupted; None: not at all.

        An earlier release has seeded the synthetic population, and marked that it had begun with this word alone.
        """
        mark = self._seed_mark.read_text() if self._seed_mark.exists() else ""
        if mark == "begun":
            return ()
        return SAMPLE if mark == BEGUN or (not mark and head == 0) else None

    @property
    def _seed_mark(self) -> Path:
        return self.plan.settings.data_dir / "run" / f"seed-{self.plan.settings.name}"

    async def _seed(self, options: tuple[str, ...]) -> None:
        if options == SAMPLE:
            self._seed_mark.write_text(BEGUN)
        try:
            await self._once(self.plan.once("seed", *options, in_terminal=True))
        except StartFailed as failure:
            screen.failure(failure)
            return
        self._seed_mark.write_text("done")
        await self._until_caught_up()

    async def _until_caught_up(self) -> None:
        for _attempt in range(int(CAUGHT_UP_TIMEOUT / READY_INTERVAL)):
            answer = await get_own(self.plan.settings, "/readyz")
            readers, workers = answer.body.get("projections", []), answer.body.get("workers", [])
            following = [worker for worker in workers if worker["name"] in FOLLOWING and worker["active"]]
            if not any(each["lag_events"] for each in (*readers, *following)):
                return
            await asyncio.sleep(READY_INTERVAL)


async def run(data_dir: Path, *, name: str | None, port: int | None, seed: bool) -> int:
    """Run a campus until a signal says stop; return the exit code."""
    lock = await DataLock(data_dir).take()
    instance.forget(data_dir)  # of a killed run
    plan = make_plan(data_dir, name, port)
    _refuse_taken_port(plan.settings.api_host, plan.settings.api_port)
    campus = CampusRun(plan, lock)
    stop = asyncio.Event()
    _obey_signals(stop, campus.supervisor)
    starting = asyncio.create_task(campus.start(seed=seed))
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait((starting, stopping), return_when=asyncio.FIRST_COMPLETED)
        if starting.done():
            starting.result()
            screen.welcome(plan, campus.steps, await find_examples(plan.settings))
            await stopping
        return 0
    except StartFailed as failure:
        screen.failure(failure)
        return 1
    except TimeoutError:
        fail(f"the campus did not become ready within {READY_TIMEOUT:.0f} s; its logs are in {plan.log_dir}")
        return 1
    finally:
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)
        await campus.stop()


def _turn_over(log_dir: Path) -> None:
    """Rotate long logs: at most two of that length are kept."""
    for log in log_dir.glob("*.log"):
        if log.stat().st_size > LONG_LOG:
            log.replace(log.with_suffix(".log.1"))


def _refuse_taken_port(host: str, port: int) -> None:
    if not is_free(port, host):
        raise Failure(
            f"port {port} is taken by another program: choose another, as in `campus up --port {port + 1}`, "
            "or stop that program"
        )


def _obey_signals(stop: asyncio.Event, supervisor: Supervisor) -> None:
    """The first signal stops in order, the second kills."""

    def obey() -> None:
        if stop.is_set():
            supervisor.kill()
            os._exit(130)
        say("stopping in order (a second Ctrl-C stops at once)")
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, obey)
