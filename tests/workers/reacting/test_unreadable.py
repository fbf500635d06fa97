"""A fact that this code cannot read is not lost from sight, and stops no other."""

from collections.abc import AsyncIterator

import msgspec
import pytest

from adapters.postgres.connection import connect
from adapters.postgres.log.append import Append
from adapters.postgres.ops import failed_reactions
from adapters.postgres.ops.failed_reactions import OPEN, FailedReaction, Selection
from adapters.settings import Settings
from commands.enrollment import RequestEnrollment
from commands.quiz import SubmitAttempt
from domain.quiz import attempt_stream
from tests.support.appends import new_event, query
from tests.support.polling import until
from tests.support.reactors import Campus, small_campus


@pytest.fixture
async def campus(settings: Settings) -> AsyncIterator[Campus]:
    async with small_campus(settings) as campus:
        yield campus


async def failed(settings: Settings) -> list[FailedReaction]:
    """The reactions that have failed."""
    async with await connect(settings, application="test") as connection:
        return await failed_reactions.listed(connection, Selection(), OPEN)


async def test_a_fact_that_cannot_be_read_stops_no_other(campus: Campus, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its reactions have failed, and are tried again; what comes after it is reacted to."""
    monkeypatch.setattr(failed_reactions, "FIRST_PAUSE", 3_000)
    event = new_event(attempt_stream("bob", "quiz1", 1), 1, type="attempt.graded", data=b"{}")
    await campus.log.append(Append([event]))
    await campus.do(RequestEnrollment("ada", "small"), SubmitAttempt("ada", "quiz1", 1, [1]))
    async with campus.reacting():
        await campus.settled()
    rows, event_id = await failed(campus.settings), msgspec.json.decode(event.meta)["event_id"]
    assert {(row.reaction, row.event_id) for row in rows} == {
        ("decide_when_graded", event_id),
        ("complete_passed_unit", event_id),
        ("tell_of_grade", event_id),
    }
    assert all("cannot be read: KeyError" in row.sentence for row in rows)
    assert "enrollment.completed" in [fact.type for fact in await campus.log.history("ada")]
    await query(campus.settings, "UPDATE failed_reactions SET next_try_at = now()")
    async with campus.reacting():

        async def were_tried() -> bool:
            return all(row.attempts == 2 for row in await failed(campus.settings))

        await until(were_tried)
