"""`campus projections repair`: recomputes the rows of one key from the log, while all others are served."""

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.console import DataDir, Failure, Json, answer
from cli.projections.options import Name, end, run, settings_of, the

if TYPE_CHECKING:
    from adapters.postgres.store.repairs import Repair
    from adapters.settings import Settings
    from projections.engine.projection import Projection

PATIENCE = 30.0  # seconds for the projector that has the learner's segment
LOOK_INTERVAL = 0.1  # seconds
REFUSED = (
    "refused"  # how the outcome begins if the store did not take the rows (workers/projecting/generation_writer.py)
)


def repair(
    name: Name,
    key: Annotated[str, typer.Option("--key", help="The learner.", show_default=False)],
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """
    Let the projector recompute the rows of one key from the log, and wait; exits with 1 when it could not.

    `verify` and `campus doctor` name the learners who need it.

    Example: campus projections repair learner_dashboard --key 28400
    """
    from rich.text import Text

    done = run(_repair(settings_of(data), the(name), key), stopped="stopped; the projector may repair it nevertheless")
    answer(done, as_json=as_json, table=lambda: Text(f"{name} {done['generation']}, {key}: {done['outcome']}"))
    end(ok=done["ok"])


async def _repair(settings: "Settings", projection: "Projection", key: str) -> dict[str, Any]:
    import msgspec

    from adapters.postgres.connection import connect
    from adapters.postgres.store.repairs import repair_of, request_repair
    from workers.consistency.repair import NO_FACT

    async with await connect(settings, application="repair") as connection:
        number = await request_repair(connection, projection, key)
        try:
            async with asyncio.timeout(PATIENCE):
                while True:
                    found: Repair | None = await repair_of(connection, number)
                    if found is None:
                        raise Failure(f"the generation was dropped before anything of {key} was repaired")
                    if found.done_at is not None:
                        ok = not (found.outcome or "").startswith((REFUSED, NO_FACT))
                        return {"ok": ok, **msgspec.to_builtins(found)}
                    await asyncio.sleep(LOOK_INTERVAL)
        except TimeoutError:
            raise Failure(
                f"no projector has repaired {key} within {PATIENCE:.0f} s: see `campus projections status"
                f" {projection.name}` for who works on its segment"
            ) from None
