"""
`campus serve`: the API with its pages alone, or some of its contexts, on granian.

Granian's own processes die with it even when it is killed, so that the port is free for its successor. It speaks
HTTP/1.1 only: in its other modes a connection that says nothing is kept for ever (docs/decisions/0110).
"""

import os
import signal
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.console import MOST_WORKERS, Failure
from cli.draining import drains

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
    contexts: Annotated[
        str | None,
        typer.Option(
            metavar="NAMES", help="Serve these contexts only, with commas between: a gateway finds this process."
        ),
    ] = None,
) -> None:
    """
    Serve the API until SIGINT or SIGTERM.

    SIGUSR1 drains it: it takes nothing new, says so to gateways, finishes what runs, and ends.
    """
    import structlog

    from adapters.logging import configure
    from adapters.settings import Settings

    settings = Settings.load()
    served = _contexts(settings, contexts)
    if settings.dev_login:
        configure(settings.log_level, process="api")
        structlog.get_logger().warning("dev_login.on", what=DEV_LOGIN, off="CAMPUS_DEV_LOGIN=false")
    server = granian(settings, "web.app:create", workers)
    run(server, settings, partial(create_app, os.getpid(), served, drains(server)))


def _contexts(settings: Any, text: str | None) -> frozenset[str] | None:
    """The contexts of the option; None for all."""
    if text is None:
        return None
    from api.app import build
    from api.http.contexts import ContextMap, UnknownContext

    try:
        return ContextMap(build(settings).routes).chosen(text)
    except UnknownContext as error:
        raise Failure(str(error)) from None


def granian(settings: Any, target: str, workers: int | None) -> Any:
    """The server of an application, in as many processes as are asked for."""
    from granian.constants import HTTPModes, Interfaces, Loops
    from granian.http import HTTP1Settings
    from granian.log import LogLevels
    from granian.server import Server

    from adapters import open_files
    from adapters.logging import configure

    configure(settings.log_level, process="api" if target == "web.app:create" else "gateway")
    open_files.raise_limit()
    return Server(
        target,
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
        ssl_cert=_file(settings.tls_certificate_file),  # with both the port speaks TLS, 1.3 by granian's default
        ssl_key=_file(settings.tls_key_file),
    )


def _file(name: str) -> Path | None:
    return Path(name) if name else None


def run(server: Any, settings: Any, load: Any) -> None:
    """Serve what *load* makes in each process; raises Failure if the port cannot be had."""
    try:
        server.serve(target_loader=load)
    except RuntimeError as error:  # of granian, such as a port that is taken, with a page of its own frames
        reason = str(error).partition("Stack backtrace")[0].strip()
        raise Failure(f"cannot serve on {settings.api_host}:{settings.api_port}: {reason}") from error


def begin(granian: int, process: str) -> None:
    """Begin a process of *granian*, which is killed when that is, and logs as *process*."""
    from adapters.embedded.process import die_with
    from adapters.logging import configure
    from adapters.settings import Settings

    die_with(granian, signal.SIGKILL)()
    configure(Settings.load().log_level, process=process)


def create_app(granian: int, contexts: frozenset[str] | None, folder: Path, _target: str) -> Any:
    """Make the application in one of the processes of *granian*."""
    from web.app import create

    begin(granian, "api")
    return create(contexts, folder)
