"""
`campus admin`: who runs the campus, decided by who has the machine.

    create           the first admin, and others                     create
    remove-factors   of a person who has lost them                   factors
    roles …          list, grant and revoke roles                    roles
    clients …        programs of other systems                       clients
    audit            what the staff and the operators have done      audit
    bulk …           the same for many, from a CSV file              bulk
    settings …       what the admins decide while the campus runs    settings
"""

import typer

from cli.admin import bulk, clients, settings
from cli.admin.audit import audit
from cli.admin.create import create
from cli.admin.factors import remove_factors
from cli.admin.roles import grant, list_, revoke

app = typer.Typer(no_args_is_help=True, add_completion=False)
app.command()(create)
app.command("remove-factors")(remove_factors)
app.command()(audit)

roles = typer.Typer(no_args_is_help=True, add_completion=False)
roles.command("list")(list_)
roles.command()(grant)
roles.command()(revoke)
app.add_typer(roles, name="roles")
app.add_typer(bulk.app, name="bulk")
app.add_typer(settings.app, name="settings")
app.add_typer(clients.app, name="clients")


@app.callback()
def admin() -> None:
    """
    Make the first admin, grant roles, do the same for many, let programs in, change settings, and see what was done.

    What is done here needs no account: the facts have the user of this machine as their actor.
    """


@roles.callback()
def of_persons() -> None:
    """List, grant and revoke the roles of persons."""
