"""`campus migrate`: bring a campus's schema up to date (`campus up` does it by itself)."""

import typer

from cli.console import DataDir

app = typer.Typer(add_completion=False)


@app.command()
def migrate(data: DataDir = None) -> None:
    """Bring the campus's schema up to date; needs the owner's URL."""
    from adapters.postgres.ops.migrate import migrate as to_newest
    from adapters.settings import Settings

    settings = Settings.load(data)
    to_newest(settings)
    typer.echo(f"schema {settings.schema_name} is up to date")
