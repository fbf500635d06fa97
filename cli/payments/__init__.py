"""
`campus payments`: is the money where it should be?

    reconcile   facts, the books and the provider against each other    reconcile
    dismiss     nothing follows from a message of the provider          dismiss
    simulate    many orders with every fault of the provider            simulate
"""

import typer

from cli.payments.dismiss import dismiss
from cli.payments.reconcile import reconcile
from cli.payments.simulate import simulate

app = typer.Typer(no_args_is_help=True, add_completion=False)
app.command()(reconcile)
app.command()(dismiss)
app.command()(simulate)


@app.callback()
def payments() -> None:
    """Compare facts, the books and the payment provider, and try payments with many orders and faults."""
