"""Words about a person are sealed when they are recorded, with the key of that person."""

from commands.admin import ViewRecord
from commands.enrollment import FollowOutcome, ReactivateEnrollment, RequestEnrollment, WithdrawEnrollment
from commands.progress import DecideOutcome
from domain.admin import Look
from domain.enrollment import Enrollment, enrollment_stream
from domain.fact import Fact
from domain.personal import ERASED, is_sealed
from domain.progress import progress_stream
from tests.support.given import fact
from tests.support.usecases import RUN, Campus
from workers.reactions.progress import follow_revision

WITHDRAW = WithdrawEnrollment("ann", RUN, "Bob Miller, my brother, is ill")
STREAM = enrollment_stream("ann", RUN)


async def last(campus: Campus, stream: str) -> Fact:
    """The last fact of a stream, as it is stored."""
    return (await campus.log.stream(stream))[-1]


async def test_words_are_sealed_for_their_place(campus: Campus) -> None:
    """The fact has the sealed text, which the key of the person opens in this stream, and nothing else."""
    await campus.give(RequestEnrollment("ann", RUN), WITHDRAW)
    stored = (await last(campus, STREAM)).data["reason"]
    assert stored.startswith("s1.3.reason.")
    assert is_sealed(stored)
    assert (await campus.personal_key(STREAM)).open(stored) == WITHDRAW.reason
    assert (await campus.personal_key(enrollment_stream("ann", "other"))).open(stored) is None
    assert (await campus.personal_key(enrollment_stream("bob", RUN))).open(stored) is None
    assert await campus.repeats(WITHDRAW)


async def test_what_the_program_says_stays_as_it_is(campus: Campus) -> None:
    """A withdrawal without a reason needs no key, also after the key is destroyed."""
    await campus.destroy_key("ann")
    await campus.give(RequestEnrollment("ann", RUN), WithdrawEnrollment("ann", RUN))
    assert (await last(campus, STREAM)).data == {"reason": "unspecified"}


async def test_words_about_an_erased_person_are_not_kept(campus: Campus) -> None:
    """What is to happen happens all the same; those that were sealed do not open any more."""
    await campus.give(RequestEnrollment("ann", RUN), WITHDRAW)
    stored = (await last(campus, STREAM)).data["reason"]
    await campus.destroy_key("ann")
    assert (await campus.personal_key(STREAM)).open(stored) is None
    await campus.give(ReactivateEnrollment("ann", RUN), WITHDRAW)
    assert (await last(campus, STREAM)).data == {"reason": ERASED}


async def test_what_looks_sealed_is_sealed_as_well(campus: Campus) -> None:
    """A person who knows the form gets no text past the key."""
    await campus.give(RequestEnrollment("ann", RUN), WithdrawEnrollment("ann", RUN, "s1.1.reason.QW5u"))
    stored = (await last(campus, STREAM)).data["reason"]
    assert (await campus.personal_key(STREAM)).open(stored) == "s1.1.reason.QW5u"


async def test_words_are_not_copied(campus: Campus) -> None:
    """What follows from a revision says so, without its words; one that was recorded in clear is as it was."""
    decide = DecideOutcome("ann", RUN, 1, "fail", "Ann has copied")
    await campus.give(
        RequestEnrollment("ann", RUN),
        DecideOutcome("ann", RUN, 1, "pass", "by hand"),
        FollowOutcome("ann", RUN),
        decide,
    )
    revised = await last(campus, progress_stream("ann", RUN))
    assert is_sealed(revised.data["reason"])
    follow = follow_revision(revised)
    assert follow == FollowOutcome("ann", RUN, "outcome revised")
    assert (await campus.new(follow))[0][1] == fact(Enrollment.Reopened, reason="outcome revised")


async def test_a_look_with_a_reason_is_recorded_once(campus: Campus) -> None:
    """Though the reason of the first is sealed by then; another reason is another look."""
    look = ViewRecord("ann", Look(what="/v1/x", reason="dispute 4711"))
    assert len(await campus.facts(look)) == 1
    assert await campus.repeats(look)
    assert await Campus(campus.log).facts(look) == []
    assert len(await campus.facts(ViewRecord("ann", Look(what="/v1/x", reason="dispute 4712")))) == 1
