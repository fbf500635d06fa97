"""
`campus paysim`: the stand-in for Stripe's API, for development and tests, on loopback only.

`campus up` starts it where no key of Stripe is set.
"""

import os
import signal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.console import Failure

if TYPE_CHECKING:
    from adapters.payments.paysim.app import Options

app = typer.Typer(add_completion=False)
LOOPBACK = "127.0.0.1"
KILL_TIMEOUT = 5  # seconds


@app.command()
def paysim(
    *,
    port: Annotated[int, typer.Option(min=1, max=65_535, help="Port on 127.0.0.1.")] = 12_111,
    data: Annotated[Path | None, typer.Option(help="File that keeps all objects; without, they are forgotten.")] = None,
    webhook: Annotated[list[str] | None, typer.Option(help="URL that gets every event; may be repeated.")] = None,
    secret: Annotated[
        str | None, typer.Option(envvar="PAYSIM_SECRET", help="What signs the events for these URLs (whsec_…).")
    ] = None,
    faults: Annotated[str, typer.Option(help="`all`, or modes with their chances: duplicate=0.2,reorder.")] = "",
    seed: Annotated[int, typer.Option(help="Where the chances of faults begin.")] = 0,
    shift: Annotated[float, typer.Option(help="Seconds that the campus's clock is ahead.")] = 0.0,
) -> None:
    """Run the stand-in for Stripe (development and tests only) until SIGINT or SIGTERM."""
    from granian.constants import HTTPModes, Interfaces, Loops
    from granian.log import LogLevels
    from granian.server import Server

    from adapters.embedded.secrets import is_free
    from adapters.logging import configure
    from adapters.payments.paysim.app import Options
    from adapters.payments.paysim.faults import Faults, parse

    Faults().change({"modes": parse(faults)})  # refuses an unknown one before anything starts
    if not is_free(port):
        raise Failure(f"{LOOPBACK}:{port} is in use: choose another port with --port")
    if data is not None:
        data.absolute().parent.mkdir(parents=True, exist_ok=True)
    options = Options(
        f"http://{LOOPBACK}:{port}", data, tuple(webhook or ()), secret, shift, parse(faults), seed
    )  # fmt: skip
    configure("info", process="paysim")
    Server(
        "adapters.payments.paysim.app:create",
        address=LOOPBACK,
        port=port,
        interface=Interfaces.ASGI,
        loop=Loops.uvloop,
        http=HTTPModes.http1,
        workers=1,  # of which there must be one: it holds the objects
        workers_kill_timeout=KILL_TIMEOUT,
        log_level=LogLevels.info,
        log_dictconfig={"loggers": {name: {"propagate": True} for name in ("_granian", "granian.access")}},
    ).serve(target_loader=partial(create_app, os.getpid(), options))


def create_app(granian: int, options: "Options", _target: str) -> Any:
    """Make the application in the process of *granian*, which is killed when that is."""
    from adapters.embedded.process import die_with
    from adapters.logging import configure
    from adapters.payments.paysim.app import create

    die_with(granian, signal.SIGKILL)()
    configure("info", process="paysim")
    return create(options)
