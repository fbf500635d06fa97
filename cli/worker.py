"""
`campus worker NAME…`: one worker process, which runs until SIGINT or SIGTERM; several workers may share it.

`campus up` starts them; in production every worker is a service of its own.
"""

import asyncio
import importlib
import os
import signal
import socket
from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from cli.console import Failure, say

if TYPE_CHECKING:
    from adapters.settings import Settings

app = typer.Typer(add_completion=False)


class Worker(StrEnum):
    """
    The workers, each the module of that name in `workers`, with `run(settings, stop)`.

    IN_BACKGROUND, where a module has it, says that its process gives way to others (`Settings.background_niceness`).
    """

    RELAY = "relay"
    PROJECTOR = "projector"
    REACTOR = "reactor"
    DISPATCHER = "dispatcher"
    AUDITOR = "auditor"
    NOTARY = "notary"


@app.command()
def worker(
    names: Annotated[list[Worker], typer.Argument(metavar="NAME...", help="The worker; several share a process.")],
    check: Annotated[bool, typer.Option("--check", help="Only say whether it runs on this host and gets on.")] = False,
    resync: Annotated[
        bool,
        typer.Option("--resync", help="Only put back the dispatcher's jobs that the log asks for and the queue lacks."),
    ] = False,
) -> None:
    """Run a worker until SIGINT or SIGTERM."""
    import uvloop

    from adapters.logging import configure
    from adapters.settings import Settings

    settings = Settings.load()
    if check:
        from adapters.health import servers

        for name in names:
            typer.echo(asyncio.run(servers.worker(settings, name, socket.gethostname())))
        return
    configure(settings.log_level, process="+".join(names))
    if resync:
        say(asyncio.run(put_back_jobs(names[0], settings)))
        return
    uvloop.run(run_until_signal(names, settings))


async def put_back_jobs(name: Worker, settings: "Settings") -> str:
    """Derive from the log what is owed; says how much that is."""
    if name is not Worker.DISPATCHER:
        raise Failure(f"the {name} has no jobs: type `campus worker dispatcher --resync`")
    from workers.dispatching.resync import resync

    owed, derived = await resync(settings, name)
    return f"{owed:,} jobs are owed; {derived:,} of them were not in the queue and are there now"


async def run_until_signal(names: Sequence[Worker], settings: "Settings") -> None:
    """Run the loops of the workers; a signal asks them to end after what they have in hand; one that fails ends all."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    from adapters import gc_tuning

    modules = [importlib.import_module(f"workers.{name}") for name in names]
    for module in modules:
        if hasattr(module, "before_giving_way"):
            module.before_giving_way()
    gives_way = all(getattr(module, "IN_BACKGROUND", False) for module in modules)
    os.nice(settings.background_niceness if gives_way else 0)
    gc_tuning.tune_for_server()
    if len(modules) == 1:
        await modules[0].run(settings, stop)
        return
    async with asyncio.TaskGroup() as running:
        for module in modules:
            running.create_task(module.run(settings, stop))
