"""What one context's facts cause in another, once each."""

from collections.abc import AsyncIterator

import msgspec
import psycopg
import pytest

from adapters.command_bus.bus import Bus
from adapters.postgres.log.append import Append, NewEvent, VersionConflict
from adapters.settings import Settings
from commands.enrollment import RequestEnrollment, WithdrawEnrollment
from commands.log import Context
from commands.quiz import SubmitAttempt
from tests.support.reactors import Campus, small_campus


@pytest.fixture
async def campus(settings: Settings) -> AsyncIterator[Campus]:
    async with small_campus(settings) as campus:
        yield campus


async def test_a_freed_seat_goes_to_whoever_has_waited_longest(campus: Campus) -> None:
    """A withdrawal seats only the first in the queue."""
    await campus.do(*(RequestEnrollment(learner, "small") for learner in ("ada", "bob", "cleo")))
    async with campus.reacting():
        await campus.settled()
    before = await campus.log.head()
    await campus.do(WithdrawEnrollment("ada", "small", "moved"))
    async with campus.reacting():
        await campus.settled()
    facts = await campus.log.read(before, 100)
    assert [(fact.type, fact.stream_id.partition("-")[2].removesuffix(":small")) for fact in facts] == [
        ("seats.released", "small"),
        ("enrollment.withdrawn", "ada"),
        ("seats.taken", "small"),
        ("enrollment.seat_offered", "bob"),
        ("enrollment.activated", "bob"),
    ]
    assert facts[2].meta.causation_id == facts[0].meta.event_id
    assert facts[2].meta.source == "reactor:offer_freed_seat"


async def test_a_right_answer_ends_in_a_completed_enrollment(campus: Campus) -> None:
    """Submitted, graded, unit completed, outcome decided: each caused by the one before, and two things follow."""
    await campus.do(RequestEnrollment("ada", "small"))
    before = await campus.log.head()
    async with campus.reacting():
        await campus.do(SubmitAttempt("ada", "quiz1", 1, [1]))
        await campus.settled()
    facts = await campus.log.read(before, 100)
    assert [fact.type for fact in facts] == [
        "attempt.submitted",
        "attempt.graded",
        "progress.unit_completed",
        "progress.course_outcome_decided",
        "enrollment.completed",
        "progress.credential_issued",
        "issued_credential.registered",
    ]
    assert [fact.meta.causation_id for fact in facts[1:5]] == [fact.meta.event_id for fact in facts[:4]]
    assert {fact.meta.causation_id for fact in facts[4:]} == {facts[3].meta.event_id}
    assert facts[3].data == {
        "outcome": "distinction",
        "grade_bp": 10_000,
        "policy": "weighted_mean",
        "through_position": facts[2].position,
        "formula": "weighted_mean_exact",
        "reason": "",
        "letter": None,
    }


async def test_reacting_again_from_the_start_changes_nothing(campus: Campus) -> None:
    """A reactor that has forgotten how far it was repeats every command, and no effect is doubled."""
    await campus.do(RequestEnrollment("ada", "small"), SubmitAttempt("ada", "quiz1", 1, [1]))
    async with campus.reacting():
        await campus.settled()
    head = await campus.log.head()
    with psycopg.connect(campus.settings.postgres_url, autocommit=True) as connection:
        connection.execute(f"DELETE FROM {campus.settings.schema_name}.reactors")
    async with campus.reacting():
        await campus.settled()
    assert await campus.log.head() == head


async def test_an_imported_fact_causes_nothing(campus: Campus) -> None:
    """Imported history contains its own consequences."""
    await campus.do(RequestEnrollment("ada", "small"), SubmitAttempt("ada", "quiz1", 1, [1]), source="import:test")
    head = await campus.log.head()
    async with campus.reacting():
        await campus.settled()
    assert await campus.types(head) == []


async def test_a_refused_reaction_is_kept_with_its_reason(campus: Campus) -> None:
    """An attempt that passes after its learner has left completes nothing, and the operator can see why."""
    await campus.do(RequestEnrollment("ada", "small"), SubmitAttempt("ada", "quiz1", 1, [1]))
    await campus.do(WithdrawEnrollment("ada", "small", "moved"))
    async with campus.reacting():
        await campus.settled()
    with psycopg.connect(campus.settings.postgres_url) as connection:
        rows = connection.execute(
            f"SELECT reaction, code FROM {campus.settings.schema_name}.failed_reactions"
        ).fetchall()
    assert rows == [("complete_passed_unit", "no_access")]


async def test_a_reaction_that_others_outrun_is_tried_again(campus: Campus, monkeypatch: pytest.MonkeyPatch) -> None:
    """However busy the seats are, one that came free is offered in the end."""
    await campus.do(*(RequestEnrollment(learner, "small") for learner in ("ada", "bob")))
    await campus.do(WithdrawEnrollment("ada", "small", "moved"))
    handle, outrun = Bus.handle, iter([True])

    async def others_are_faster(self: Bus, command: object, context: Context) -> int:
        if next(outrun, False):
            raise VersionConflict("seats-small", 7)
        return await handle(self, command, context)

    monkeypatch.setattr(Bus, "handle", others_are_faster)
    async with campus.reacting():
        await campus.settled()
    assert (await campus.log.stream("seats-small"))[-1].data == {"learner_id": "bob"}


async def test_a_fact_that_is_not_what_it_should_be_stops_nobody(campus: Campus) -> None:
    """What follows from it is refused and kept; what follows from others is carried out."""
    await campus.do(*(RequestEnrollment(learner, "small") for learner in ("ada", "bob")))
    (first,) = await campus.log.read(0, 1)
    odd = NewEvent(
        "attempt-ada", 1, "attempt.submitted", 1, 0, b"{}", msgspec.json.encode(first.meta), first.occurred_at
    )
    await campus.log.append(Append([odd]))
    await campus.do(WithdrawEnrollment("ada", "small", "moved"))
    async with campus.reacting():
        await campus.settled()
    assert (await campus.log.stream("seats-small"))[-1].data == {"learner_id": "bob"}
    with psycopg.connect(campus.settings.postgres_url) as connection:
        rows = connection.execute(
            f"SELECT reaction, code FROM {campus.settings.schema_name}.failed_reactions ORDER BY reaction"
        ).fetchall()
    assert rows == [("complete_handed_in_unit", "failed"), ("grade_by_key", "failed")]
