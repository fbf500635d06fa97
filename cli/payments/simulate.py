"""`campus payments simulate`: orders with every fault of the provider, and whether everything adds up afterwards."""

import asyncio
from typing import Annotated

import typer

from cli.console import INTERRUPTED, DataDir, Json, answer, say


def simulate(
    *,
    orders: Annotated[int, typer.Option(min=1, max=1_000_000, help="How many.")] = 100,
    seed: Annotated[int, typer.Option(help="What decides who orders what, and what becomes of it.")] = 1,
    faults: Annotated[str, typer.Option(help="Of paysim: `all`, or modes with chances, as duplicate=0.2,forge.")] = "",
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """
    Drive orders through the running campus and its paysim, and check that nothing is lost or doubled.

    They are for a course of their own. Exits with 1 if a figure is not 0 that must be. After Ctrl-C no more are placed,
    and what was placed is counted, as `interrupted`; a second Ctrl-C ends it at once.

    Example: campus payments simulate --orders 1000 --faults all
    """
    from adapters.settings import Settings
    from cli.payments.simulation import adds_up, run, table

    try:
        figures = asyncio.run(run(Settings.load(data), orders, seed, faults))
    except (KeyboardInterrupt, asyncio.CancelledError):
        say("stopped")
        raise typer.Exit(INTERRUPTED) from None
    answer(figures, as_json=as_json, table=lambda: table(figures))
    if not adds_up(figures):
        raise typer.Exit(1)
    if "interrupted" in figures:
        raise typer.Exit(INTERRUPTED)
