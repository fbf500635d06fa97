"""`campus projections repair`: recomputes the rows of one key from the log, while all others are served."""

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.comparison import NOT_COMPARED, Against, compare, view
from cli.console import DataDir, Failure, Json, answer
from cli.operator import Justification, Ticket, operations
from cli.projections.options import Name, Reason, end, run, settings_of, the

if TYPE_CHECKING:
    from adapters.postgres.store.repairs import Repair
    from adapters.settings import Settings
    from projections.engine.projection import Projection
    from workers.consistency.signed_facts import SignedFacts

MOST_NAMED = 20  # changed facts and streams
PATIENCE = 30.0  # seconds for the projector that has the learner's segment
LOOK_INTERVAL = 0.1  # seconds
REFUSED = (
    "refused"  # how the outcome begins if the store did not take the rows (workers/projecting/generation_writer.py)
)


def repair(
    name: Name,
    key: Annotated[str, typer.Option("--key", help="The learner.", show_default=False)],
    *,
    against: Against = None,
    reason: Reason = None,
    ticket: Ticket = None,
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """
    Let the projector recompute the rows of one key from the log, and wait; exits with 1 when it could not.

    `verify` and `campus doctor` name the learners who need it. A row that differs from the log may be the right one, if
    a stored fact was changed: so the facts of the key are first held against what the notary has signed, with
    `--against` the whole log against an export, and nothing is repaired from a changed one.

    Example: campus projections repair learner_dashboard --key 28400 --against exported
    """
    from rich.text import Text

    if against is not None:
        _must_be_unchanged(settings_of(data), against, as_json=as_json)
    signed = _must_be_signed(settings_of(data), the(name), key, as_json=as_json)
    said = Justification(ticket, reason=reason)
    stopped = "stopped; the projector may repair it nevertheless"
    done = run(_repair(settings_of(data), the(name), key, said), stopped=stopped)
    done["not_checked"] = _not_checked(signed) if against is None else []
    answer(done, as_json=as_json, table=lambda: Text("\n".join([_outcome(name, done), *done["not_checked"]])))
    end(ok=done["ok"])


def _outcome(name: str, done: dict[str, Any]) -> str:
    return f"{name} {done['generation']}, {done['key']}: {done['outcome']}"


def _must_be_unchanged(settings: "Settings", against: str, *, as_json: bool) -> None:
    """End with what was changed in the log since it was exported, if anything was."""
    from rich.console import Group

    from adapters.parquet.manifest import ExportError

    try:
        found = run(compare(settings, against))
    except ExportError as error:
        raise Failure(str(error)) from None
    if found["count"]:
        refused = {"ok": False, "outcome": "refused: the log is not what was exported", "compared": found}
        answer(refused, as_json=as_json, table=lambda: Group("nothing was repaired", *view(found)))
        end(ok=False)


def _must_be_signed(settings: "Settings", projection: "Projection", key: str, *, as_json: bool) -> "SignedFacts":
    """End with what speaks against the facts of the key, if anything does."""
    from rich.text import Text

    from workers.consistency.signed_facts import signed_facts

    found = run(signed_facts(settings, projection, key))
    if found.is_right:
        return found
    wrong = [f"the fact at position {position:,} is not the one that was signed" for position in found.changed]
    wrong += [f"facts of {stream} are missing, or stand twice" for stream in found.torn]
    wrong += [f"the checkpoint of the database says nothing: {found.trouble}"] if found.trouble else []
    outcome = f"refused: {'; '.join(wrong[:MOST_NAMED])}"
    refused = {"ok": False, "outcome": outcome, "changed": list(found.changed), "torn": list(found.torn)}
    lines = ["nothing was repaired", *wrong[:MOST_NAMED], "`campus log verify` checks the whole log"]
    answer(refused, as_json=as_json, table=lambda: Text("\n".join(lines)))
    end(ok=False)
    return found


def _not_checked(signed: "SignedFacts") -> list[str]:
    """What was not held against signatures, as a sentence."""
    if signed.size is None:
        return [NOT_COMPARED]
    return [f"not checked: {signed.unsigned:,} facts that are not signed yet"] if signed.unsigned else []


async def _repair(settings: "Settings", projection: "Projection", key: str, said: Justification) -> dict[str, Any]:
    import msgspec

    from adapters.postgres.connection import connect
    from adapters.postgres.store.repairs import must_be_repairable, repair_of, request_repair
    from workers.consistency.repair import NO_FACT

    async with await connect(settings, application="repair") as connection:
        await must_be_repairable(connection, projection)
        async with operations(settings, said) as (decide, context):
            await decide.note_repair(projection.name, key, said.reason, context)
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
