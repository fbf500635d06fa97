"""`campus token`: a development token for scripts and for trying things out."""

from typing import Annotated

import typer

from cli.console import DataDir, Failure

LONGEST = 24.0 * 365  # hours; a token is valid until it ends

app = typer.Typer(add_completion=False)


@app.command()
def token(
    user: Annotated[
        str, typer.Option("--as", help="`admin`, `instructor`, `auditor`, or the id of a learner.", show_default=True)
    ] = "admin",
    ttl: Annotated[float, typer.Option(min=0.0, max=LONGEST, help="Hours until it ends.")] = 24.0,
    data: DataDir = None,
) -> None:
    """Print a development token."""
    from datetime import UTC, datetime, timedelta

    from adapters.jwt import claims_of, sign
    from adapters.settings import Settings
    from domain.aggregate import ID_PATTERN

    if not ID_PATTERN.match(user):
        raise Failure(f"{user!r} is no id of a learner: an id has 1 to 64 letters, digits, or one of _ . -")
    settings = Settings.load(data)
    settings.must_sign()
    typer.echo(sign(claims_of(user), settings.token_secret, now=datetime.now(UTC), lifetime=timedelta(hours=ttl)))
