"""A command that shows what is recorded about a person records first that its user looks (decisions/0193)."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from adapters.postgres.log.postgres_log import PostgresLog
    from projections.engine.moment import Moment

Reason = Annotated[
    str | None, typer.Option(help="Why another person's record is looked at; it is recorded.", show_default=False)
]


async def record_look(
    log: "PostgresLog", learner_id: str, what: str, reason: str | None, moment: "Moment | None" = None
) -> None:
    """
    Record that the operator looks at *what*, which is about a learner; nothing if nothing is recorded about them.

    Raises:
        Unavailable: it cannot be recorded, so nothing may be shown.
    """
    from adapters.command_bus.bus import Bus
    from adapters.command_bus.record_look import look_at
    from adapters.command_bus.record_look import record_look as record
    from cli.operator import command_context

    context = command_context(log.clock.now())
    await record(log, Bus(log), learner_id, look_at(what, moment, reason), context)
