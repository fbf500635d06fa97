"""What to type when the live generation and the code on disk do not go together."""

from datetime import UTC, datetime

from adapters.postgres.store.generations import Generation, GenerationStatus
from cli.projections.code_change import to_do
from projections.engine.fingerprint import code_digest
from projections.overview import Overview

OVERVIEW = Overview()


def generation(number: int, status: GenerationStatus, version: int, *, day: int = 1) -> Generation:
    """A generation that was promoted on a day of January; of the code on disk if its version is that of the code."""
    code = code_digest(OVERVIEW) if version == OVERVIEW.version else "other"
    return Generation(number, version, 4, status, code, live_at=datetime(2026, 1, day, tzinfo=UTC))


def advice(*generations: Generation) -> str:
    """What is said of the last one, which is live and which no projector follows."""
    return to_do(OVERVIEW, generations, generations[-1], followed=False) or ""


def test_code_that_was_put_back_is_served_by_a_rollback() -> None:
    """The generation that was served before was built by this code: nothing has to be rebuilt."""
    said = advice(generation(1, "retired", OVERVIEW.version), generation(2, "live", 9, day=2))
    assert said.endswith("Serve the rule of this code: `campus projections rollback overview`")


def test_a_rollback_goes_to_the_last_one_only() -> None:
    """What was served earlier still is out of its reach: rebuild."""
    said = advice(
        generation(1, "retired", OVERVIEW.version), generation(2, "retired", 8, day=2), generation(3, "live", 9, day=3)
    )
    assert said.endswith("`campus projections rebuild overview` and `campus projections promote overview`")
