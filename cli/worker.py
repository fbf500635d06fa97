"""
`campus worker NAME`: one worker process, which runs until SIGINT or SIGTERM.

`campus up` starts one of each; in production every worker is a service of its own.
"""

import asyncio
import importlib
import os
import signal
import socket
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


@app.command()
def worker(
    name: Annotated[Worker, typer.Argument(help="The worker to run.")],
    check: Annotated[bool, typer.Option("--check", help="Only say whether it runs on this host and gets on.")] = False,
    resync: Annotated[
        bool,
        typer.Option("--resync", help="Only put back the dispatcher's jobs that the log asks for and the queue lacks."),
    ] = False,
) -> None:
    """Run one worker until SIGINT or SIGTERM."""
    import uvloop

    from adapters.logging import configure
    from adapters.settings import Settings

    settings = Settings.load()
    if check:
        from adapters.health import servers

        typer.echo(asyncio.run(servers.worker(settings, name, socket.gethostname())))
        return
    configure(settings.log_level, process=name)
    if resync:
        say(asyncio.run(put_back_jobs(name, settings)))
        return
    uvloop.run(run_until_signal(name, settings))


async def put_back_jobs(name: Worker, settings: "Settings") -> str:
    """Derive from the log what is owed; says how much that is."""
    if name is not Worker.DISPATCHER:
        raise Failure(f"the {name} has no jobs: type `campus worker dispatcher --resync`")
    from workers.dispatching.resync import resync

    owed, derived = await resync(settings, name)
    return f"{owed:,} jobs are owed; {derived:,} of them were not in the queue and are there now"


async def run_until_signal(name: Worker, settings: "Settings") -> None:
    """Run the worker's loop; a signal asks it to end after what it has in hand."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    from adapters import gc_tuning

    module = importlib.import_module(f"workers.{name}")
    os.nice(settings.background_niceness if getattr(module, "IN_BACKGROUND", False) else 0)
    gc_tuning.tune_for_server()
    await module.run(settings, stop)
