"""
`campus witness`: cosign what a log signs, as long as it only grows; best run on a machine of another owner.

It needs nothing of the campus but the address of its proofs: neither its settings nor its servers.
"""

import os
import signal
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.console import Failure

app = typer.Typer(add_completion=False)
KILL_TIMEOUT = 5  # seconds


@app.command()
def witness(
    *,
    state: Annotated[Path, typer.Option(metavar="DIR", help="Its keys, what it has cosigned, and its alarms.")],
    log: Annotated[
        str | None,
        typer.Option(
            metavar="URL", help="The log's proofs: https://CAMPUS/v1/proofs. Its keys are taken at first sight."
        ),
    ] = None,
    key: Annotated[
        list[str] | None, typer.Option(help="A verifier key of a log, whose signature counts; may be repeated.")
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="Its name, when it begins; it keeps it.", show_default="random")
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65_535, help="Port to listen on.")] = 12_112,
    certificate: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Speak TLS with this certificate, in PEM.")
    ] = None,
    private_key: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The key of the certificate, in PEM.")
    ] = None,
) -> None:
    """
    Run a witness until SIGINT or SIGTERM (C2SP tlog-witness at /add-checkpoint).

    It refuses a log that was rewritten, forked or rolled back, and reports it: in its log and at /alarms.
    """
    from granian.constants import HTTPModes, Interfaces, Loops
    from granian.log import LogLevels
    from granian.server import Server

    from adapters.logging import configure

    if log is None and not key and not (state / "logs").exists():
        raise Failure("say which log to witness: --log URL, or --key VKEY for one that comes by itself")
    keys = _checked(state, name, key or [], certificate, private_key)
    configure("info", process="witness")
    server = Server(
        "adapters.witness.app:create",
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        loop=Loops.uvloop,
        http=HTTPModes.http1,
        workers=1,  # of which there must be one: it holds the state
        workers_kill_timeout=KILL_TIMEOUT,
        log_level=LogLevels.info,
        ssl_cert=certificate,
        ssl_key=private_key,
        log_dictconfig={"loggers": {name: {"propagate": True} for name in ("_granian", "granian.access")}},
    )
    try:
        server.serve(target_loader=partial(create_app, os.getpid(), state, log, keys))
    except RuntimeError as error:
        raise Failure(
            f"cannot listen on {host}:{port}: {str(error).partition('Stack backtrace')[0].strip()}"
        ) from error


def _checked(
    state: Path, name: str | None, keys: list[str], certificate: Path | None, private_key: Path | None
) -> tuple[str, ...]:
    """Begin the state, and return the keys of logs as notes have them; raises Failure if something is wrong."""
    from adapters.tls import check_certificate
    from adapters.witness.state import StateError, WitnessState
    from domain.proofs.note import NoteError, Verifier

    try:
        check_certificate(str(certificate or ""), str(private_key or ""))
        WitnessState.open(state, name).close()
        return tuple(Verifier.of(each).vkey for each in keys)
    except (StateError, NoteError, ValueError) as error:
        raise Failure(str(error)) from None


def create_app(granian: int, state: Path, log: str | None, keys: tuple[str, ...], _target: str) -> Any:
    """Make the application in the process of *granian*, which is killed when that is."""
    from adapters.embedded.process import die_with
    from adapters.logging import configure
    from adapters.witness.app import create

    die_with(granian, signal.SIGKILL)()
    configure("info", process="witness")
    return create(state, None, log, keys)
