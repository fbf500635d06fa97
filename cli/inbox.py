"""
`campus inbox`: takes the mails of a campus that is tried out, on loopback only, and shows them.

`campus up` starts it where no mail server is set.
"""

import os
import signal
from functools import partial
from typing import Annotated, Any

import typer

from cli.console import Failure

app = typer.Typer(add_completion=False)
LOOPBACK = "127.0.0.1"
KILL_TIMEOUT = 5  # seconds


@app.command()
def inbox(
    port: Annotated[int, typer.Option(min=1, max=65_535, help="Port of its page and API on 127.0.0.1.")] = 8025,
    smtp_port: Annotated[int, typer.Option(min=1, max=65_535, help="Port on 127.0.0.1 that takes mails.")] = 1025,
) -> None:
    """Run the development inbox until SIGINT or SIGTERM."""
    from granian.constants import HTTPModes, Interfaces, Loops
    from granian.log import LogLevels
    from granian.server import Server

    from adapters.embedded.secrets import is_free
    from adapters.logging import configure

    for each in (port, smtp_port):
        if not is_free(each):
            raise Failure(f"{LOOPBACK}:{each} is in use: choose another port with --port and --smtp-port")
    configure("info", process="inbox")
    Server(
        "adapters.mail.inbox:create",
        address=LOOPBACK,
        port=port,
        interface=Interfaces.ASGI,
        loop=Loops.uvloop,
        http=HTTPModes.http1,
        workers=1,  # of which there must be one: it holds the mails
        workers_kill_timeout=KILL_TIMEOUT,
        log_level=LogLevels.info,
        log_dictconfig={"loggers": {name: {"propagate": True} for name in ("_granian", "granian.access")}},
    ).serve(target_loader=partial(create_app, os.getpid(), smtp_port))


def create_app(granian: int, smtp_port: int, _target: str) -> Any:
    """Make the application in the process of *granian*, which is killed when that is."""
    from adapters.embedded.process import die_with
    from adapters.logging import configure
    from adapters.mail.inbox import Inbox, create

    die_with(granian, signal.SIGKILL)()
    configure("info", process="inbox")
    return create(Inbox(), smtp_port)
