"""
`campus gateway`: one address in front of processes that serve contexts apart.
"""

import base64
import os
import secrets
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.console import MOST_WORKERS, Failure
from cli.draining import drains

app = typer.Typer(add_completion=False)


@app.command()
def gateway(
    *,
    workers: Annotated[
        int | None, typer.Option(min=1, max=MOST_WORKERS, help="Processes that share the port.", show_default="1")
    ] = None,
    new_key: Annotated[bool, typer.Option("--new-key", help="Print a new pair of keys, and end.")] = False,
) -> None:
    """
    Run the gateway until SIGINT or SIGTERM: it finds the processes of `campus serve --contexts` over NATS.

    SIGUSR1 drains it: it takes nothing new, finishes what runs, and ends.

    It signs whom it has recognised with CAMPUS_IDENTITY_KEY; the others know its key by CAMPUS_IDENTITY_PUBLIC_KEYS.
    """
    from adapters.settings import Settings
    from cli.serve import granian, run

    if new_key:
        _print_keys()
        return
    settings = Settings.load()
    if not settings.identity_key:
        raise Failure("set CAMPUS_IDENTITY_KEY, with which the gateway signs: `campus gateway --new-key` prints one")
    server = granian(settings, "api.http.gateway.app:create", workers)
    run(server, settings, partial(create_app, os.getpid(), drains(server)))


def _print_keys() -> None:
    from api.http.door.identity import public_key

    key = secrets.token_bytes(32)
    typer.echo(f"CAMPUS_IDENTITY_KEY={base64.b64encode(key).decode()}")
    typer.echo(f"CAMPUS_IDENTITY_PUBLIC_KEYS={public_key(key)}")


def create_app(granian: int, folder: Path, _target: str) -> Any:
    """Make the gateway in one of the processes of *granian*, which is killed when that is."""
    from api.http.gateway.app import create
    from cli.serve import begin

    begin(granian, "gateway")
    return create(folder)
