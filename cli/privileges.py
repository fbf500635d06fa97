"""`campus privileges`: what each process may do in the database."""

import sys
from typing import Annotated

import typer

from cli.console import DataDir, Failure, say

app = typer.Typer(add_completion=False)


@app.command()
def privileges(
    data: DataDir = None,
    *,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print docs/security/privileges.md.")] = False,
) -> None:
    """
    Compare what the roles of the processes may do in the database with what they should.

    Example: campus privileges
    """
    from adapters.postgres.ops.privileges import wanted
    from adapters.postgres.ops.privileges_page import NoProcessRoles, differences, page_of
    from adapters.settings import Settings

    settings = Settings.load(data)
    try:
        if markdown:
            sys.stdout.write(page_of(settings))
            return
        found = differences(settings)
    except NoProcessRoles as error:
        raise Failure(str(error)) from error
    for statement in found:
        say(statement)
    if found:
        raise Failure("roles have other rights than they should: `campus migrate` says the statements above")
    say(f"{len(wanted())} rights of the processes are as they should be")
