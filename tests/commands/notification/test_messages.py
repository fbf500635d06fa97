"""Use cases of messages of the staff: planned, undone, and brought to each learner once."""

from datetime import timedelta

import pytest

from commands.enrollment import RequestEnrollment
from commands.notification.messages import BringMessage, PlanMessage, UndoMessage
from commands.user import RegisterAccount, VerifyEmail
from domain.notification import Addressees
from tests.support.usecases import AT, RUN, Campus

PLAN = PlanMessage("m1", RUN, Addressees.ON_RUN, "en", {"en": "Friday"}, {"en": "We meet."})
PEOPLE = ("ann", "bob", "cid")


@pytest.fixture
async def run(campus: Campus) -> Campus:
    """Three learners, of whom cid has no account."""
    for name in PEOPLE:
        if name != "cid":
            await campus.give(RegisterAccount(name, f"{name}@example.org"), VerifyEmail(name))
        await campus.give(RequestEnrollment(name, RUN))
    return campus


async def told_of(campus: Campus, command: BringMessage) -> list[str]:
    """Who is notified on the pages by a page of learners."""
    return [
        stream.removeprefix("notification-").partition(":")[0]
        for stream, said in await campus.new(command)
        if said.fields.get("channel") == "page"
    ]


async def test_a_message_reaches_each_learner_once(run: Campus) -> None:
    """Page by page, however often a page comes, and from whichever process; who has no account gets nothing."""
    ((_, planned),) = await run.new(PLAN)
    assert planned.fields["send_at"] == f"{AT + timedelta(minutes=10):%Y-%m-%dT%H:%M:%SZ}"
    first = BringMessage("m1", "", ("ann", "bob"), finished=False)
    assert await told_of(run, first) == ["ann", "bob"]
    assert await run.repeats(first)
    other = BringMessage("m1", "", ("ann", "dot"), finished=True)  # a page that was asked for before, and comes late
    assert await run.new(other) == []
    last = BringMessage("m1", "bob", ("cid",), finished=True)
    ((stream, page),) = await run.new(last)
    assert (stream, page.fields) == ("staff_message-m1", {"last": "cid", "done": 3, "finished": True})
    assert await run.repeats(last)
    assert await run.refused(UndoMessage(RUN, "m1")) == "message_left"


async def test_a_message_that_is_undone_reaches_no_one(run: Campus) -> None:
    """Though its job comes."""
    await run.give(PLAN, UndoMessage(RUN, "m1"))
    assert await run.new(BringMessage("m1", "", ("ann",), finished=True)) == []
    assert await run.refused(UndoMessage("algebra-small", "m1")) == "message_not_found"


async def test_a_message_is_to_what_there_is(run: Campus) -> None:
    """A run, one of its cohorts, and not at once nor in a year."""
    cohort = PlanMessage("m2", RUN, Addressees.COHORT, "en", PLAN.titles, PLAN.texts, "spring")
    assert await run.refused(cohort) == "cohort_not_found"
    assert (
        await run.refused(PlanMessage("m2", "none", Addressees.ON_RUN, "en", PLAN.titles, PLAN.texts))
        == "run_not_found"
    )
    at_once = PlanMessage("m2", RUN, Addressees.ON_RUN, "en", PLAN.titles, PLAN.texts, wait=timedelta())
    assert await run.refused(at_once) == "bad_message"
