"""Is the log signed, and do witnesses cosign it? For `campus doctor`; whether the notary works is in `workers`."""

from adapters.health.servers import Check, Unhealthy
from adapters.postgres.connection import connect
from adapters.proofs.tree import stored_tree
from adapters.settings import Settings
from domain.proofs.checkpoint import read_checkpoint
from domain.proofs.note import NoteError, read_note


async def cosigned(settings: Settings) -> str:
    """What is signed, and what witnesses say to it."""
    async with await connect(settings, application="doctor") as connection:
        stored = await stored_tree(connection)
    if stored is None:
        return "nothing is signed yet"
    if stored.witness_trouble:
        raise Unhealthy(stored.witness_trouble, "look at /alarms of the witness, and at docs/proofs.md")
    try:
        signed = f"{read_checkpoint(read_note(stored.checkpoint)).size:,} facts are signed"
        seen = f"{read_checkpoint(read_note(stored.cosigned)).size:,} cosigned" if stored.cosigned else "none cosigned"
    except NoteError as error:
        raise Unhealthy(f"the checkpoint in the database is none: {error}", "campus log verify") from None
    return f"{signed}, {seen}"


CHECKS: dict[str, Check] = {"proofs": cosigned}
