"""
`campus serve`: the API alone, on granian.

Granian's own processes die with it even when it is killed, so that the port is free for its successor. It speaks
HTTP/1.1 only: in its other modes a connection that says nothing is kept for ever (docs/decisions/0110).
"""

import os
import signal
from functools import partial
from typing import Annotated, Any

import typer

from cli.console import MOST_WORKERS, Failure

app = typer.Typer(add_completion=False)
BACKLOG = 4_096  # connections that the system keeps until they are accepted
KILL_TIMEOUT = 5  # seconds; a browser's event stream would otherwise hold up a stop for as long as the page is open
DEV_LOGIN = "POST /v1/dev/login gives every user's token, also the admin's, to all who reach this API"
LOG_LIKE_US: dict[str, Any] = {"loggers": {name: {"propagate": True} for name in ("_granian", "granian.access")}}


@app.command()
def serve(
    workers: Annotated[
        int | None, typer.Option(min=1, max=MOST_WORKERS, help="Processes that share the port.", show_default="1")
    ] = None,
) -> None:
    """Serve the API until SIGINT or SIGTERM."""
    import structlog
    from granian.constants import HTTPModes, Interfaces, Loops
    from granian.http import HTTP1Settings
    from granian.log import LogLevels
    from granian.server import Server

    from adapters import open_files
    from adapters.logging import configure
    from adapters.settings import Settings

    settings = Settings.load()
    configure(settings.log_level, process="api")
    if settings.dev_login:
        structlog.get_logger().warning("dev_login.on", what=DEV_LOGIN, off="CAMPUS_DEV_LOGIN=false")
    open_files.raise_limit()
    server = Server(
        "api.app:create",
        address=settings.api_host,
        port=settings.api_port,
        interface=Interfaces.ASGI,
        loop=Loops.uvloop,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=int(1_000 * open_files.SILENCE)),
        backlog=BACKLOG,
        backpressure=open_files.connections(settings),
        workers=workers or settings.api_workers,
        workers_kill_timeout=KILL_TIMEOUT,
        respawn_failed_workers=True,
        log_level=LogLevels(settings.log_level),
        log_dictconfig=LOG_LIKE_US,
    )
    try:
        server.serve(target_loader=partial(create_app, os.getpid()))
    except RuntimeError as error:  # of granian, such as a port that is taken, with a page of its own frames
        reason = str(error).partition("Stack backtrace")[0].strip()
        raise Failure(f"cannot serve on {settings.api_host}:{settings.api_port}: {reason}") from error


def create_app(granian: int, _target: str) -> Any:
    """Make the application in one of the processes of *granian*, which is killed when that is."""
    from adapters.embedded.process import die_with
    from adapters.logging import configure
    from adapters.settings import Settings
    from api.app import create

    die_with(granian, signal.SIGKILL)()
    configure(Settings.load().log_level, process="api")
    return create()
