"""Use cases of those who run and audit a campus."""

from datetime import timedelta

from commands.admin import ResolveDispute, ViewRecord
from domain.admin import Look, Record, SignedTrees
from tests.support.given import fact
from tests.support.usecases import AT, Campus

LOOK = Look(what="/v1/learners/ann/dashboard", known_at=7)


async def test_a_look_is_recorded_once_in_its_hour(campus: Campus) -> None:
    """In the name of the actor; in the next hour it is another look."""
    fields = {"what": LOOK.what, "known_at": 7, "valid_at": None, "reason": "unspecified"}
    viewed = fact(Record.Viewed, by="test", **fields)
    look = ViewRecord("ann", LOOK)
    assert await campus.new(look) == [("record-ann:2026-02-02T09", viewed)]
    assert await campus.repeats(look)
    assert await campus.new(look, at=AT + timedelta(hours=1)) == [("record-ann:2026-02-02T10", viewed)]


async def test_a_dispute_is_resolved_once(campus: Campus) -> None:
    """With the reason that was given first."""
    resolved = fact(SignedTrees.DisputeResolved, origin="a", reason="backup of 3 July")
    command = ResolveDispute("a", "backup of 3 July")
    assert await campus.new(command) == [("checkpoint-main", resolved)]
    assert await campus.repeats(command)
