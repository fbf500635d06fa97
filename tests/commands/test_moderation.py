"""Use cases of moderation: reports, decisions and appeals, and which facts come of each."""

import asyncio
from typing import Any

from commands.enrollment import RequestEnrollment, WithdrawEnrollment
from commands.forum import CreateThread, PostReply, RemovePost, RestorePost
from commands.forum.moderation import AppealDecision, DecideAppeal, DecideReports, ReportPost, WithdrawReport
from commands.log import Context
from domain.forum import Post, RemovalGround, ThreadKind
from domain.forum.moderation import Decision, Moderation, ReportGround
from domain.forum.notice import Notice
from domain.forum.report import Report
from domain.personal import is_sealed
from tests.support.given import Said, fact
from tests.support.usecases import AT, RUN, Campus

T, P = "t1", "t1:2"
PLACE = (RUN, T, 2)
OF = {"run_id": RUN, "author_id": "bob"}
STARTED = (
    *(RequestEnrollment(each, RUN) for each in ("ann", "bob", "cid")),
    CreateThread("ann", RUN, T, ThreadKind.QUESTION, None, "Why?", "Why?"),
    PostReply("bob", RUN, T, 1, "You fool."),
)
REPORT = ReportPost("ann", *PLACE, ReportGround.RUDE, "It insults me.")
REMOVE = DecideReports("eva", *PLACE, 1, Decision.REMOVED, RemovalGround.RUDE, "Be kind.")
APPEAL = AppealDecision("bob", *PLACE, 1, "I was quoting.")


def decided(decision: str = "removed", ground: str | None = "rude", case_no: int = 1, by: str = "eva") -> Said:
    return fact(Moderation.Decided, **OF, case_no=case_no, decision=decision, ground=ground, decided_by=by)


def given(decision: str = "removed", words: str = "Be kind.", case_no: int = 1) -> Said:
    return fact(Notice.Given, run_id=RUN, case_no=case_no, decision=decision, ground="rude", words=words)


async def test_a_report_is_on_two_sides(campus: Campus) -> None:
    """What was said is on the side of the reporter, sealed; the post's side says why, and not who."""
    await campus.give(*STARTED)
    assert await campus.new(REPORT) == [
        (f"moderation-{P}", fact(Moderation.Reported, **OF, case_no=1, report_no=1, ground="rude")),
        (
            f"report-ann:{P}",
            fact(Report.Filed, run_id=RUN, case_no=1, report_no=1, ground="rude", words="It insults me."),
        ),
    ]
    assert await campus.repeats(REPORT)
    (filed,) = [each.data["words"] for each in await campus.log.stream(f"report-ann:{P}")]
    assert is_sealed(filed)


async def test_who_may_report(campus: Campus) -> None:
    """Who takes part, a post of another one that is shown; the staff need no place."""
    await campus.give(*STARTED)
    assert await campus.refused(ReportPost("bob", *PLACE, ReportGround.RUDE)) == "own_post"
    assert await campus.refused(ReportPost("dan", *PLACE, ReportGround.RUDE)) == "not_enrolled"
    assert await campus.refused(ReportPost("ann", RUN, T, 9, ReportGround.RUDE)) == "post_not_found"
    assert await campus.refused(ReportPost("ann", "algebra-small", T, 2, ReportGround.RUDE)) == "thread_not_found"
    assert len(await campus.new(ReportPost("mei", *PLACE, ReportGround.SPAM, by_staff=True))) == 2
    await campus.give(WithdrawEnrollment("cid", RUN), RemovePost("bob", *PLACE, RemovalGround.OWN_WISH))
    assert await campus.refused(ReportPost("cid", *PLACE, ReportGround.RUDE)) == "no_access"
    assert await campus.refused(REPORT) == "post_removed"


async def test_a_report_is_taken_back(campus: Campus) -> None:
    """Before it is decided; it may be made again then."""
    await campus.give(*STARTED, REPORT)
    back = WithdrawReport("ann", *PLACE)
    assert await campus.refused(WithdrawReport("cid", *PLACE)) == "report_not_found"
    assert await campus.new(back) == [
        (f"moderation-{P}", fact(Moderation.ReportWithdrawn, case_no=1, report_no=1)),
        (f"report-ann:{P}", fact(Report.Withdrawn, case_no=1, report_no=1)),
    ]
    assert await campus.repeats(back)
    assert await campus.refused(REMOVE) == "case_not_found"
    again = await campus.new(REPORT)
    assert again[0][1] == fact(Moderation.Reported, **OF, case_no=1, report_no=2, ground="rude")
    await campus.give(REMOVE)
    assert await campus.refused(back) == "report_decided"
    await campus.give(RestorePost("eva", *PLACE, by_staff=True))
    assert await campus.refused(REPORT) == "already_reported"


async def test_one_decision_closes_all_reports(campus: Campus) -> None:
    """The post, the author and the case learn of it in one append; the next report opens the next case."""
    await campus.give(*STARTED, REPORT, ReportPost("cid", *PLACE, ReportGround.SPAM))
    assert await campus.new(REMOVE) == [
        (f"post-{P}", fact(Post.Removed, ground="rude")),
        (f"notice-bob:{P}", given()),
        (f"moderation-{P}", decided()),
    ]
    assert await campus.repeats(REMOVE)
    dismiss = DecideReports("eva", *PLACE, 1, Decision.DISMISSED)
    assert await campus.refused(dismiss) == "case_closed"
    await campus.give(RestorePost("eva", *PLACE, by_staff=True))
    third = await campus.new(ReportPost("mei", *PLACE, ReportGround.RUDE, by_staff=True))
    assert third[0][1] == fact(Moderation.Reported, **OF, case_no=2, report_no=3, ground="rude")


async def test_a_dismissal_is_no_matter_of_the_author(campus: Campus) -> None:
    """It has no ground and no words; what is against a post has a ground."""
    await campus.give(*STARTED, REPORT)
    dismiss = DecideReports("eva", *PLACE, 1, Decision.DISMISSED)
    for wrong in (
        DecideReports("eva", *PLACE, 1, Decision.DISMISSED, RemovalGround.RUDE),
        DecideReports("eva", *PLACE, 1, Decision.DISMISSED, None, "No."),
        DecideReports("eva", *PLACE, 1, Decision.WARNED),
        DecideReports("eva", *PLACE, 1, Decision.REMOVED, RemovalGround.OWN_WISH),
    ):
        assert await campus.refused(wrong) == "ground_needed"
    assert await campus.new(dismiss) == [(f"moderation-{P}", decided("dismissed", None))]
    assert await campus.repeats(dismiss)
    assert await campus.refused(APPEAL) == "decision_not_found"


async def test_other_decisions_leave_the_post(campus: Campus) -> None:
    """A warning and a request to edit are said to the author; only what is shown can be edited."""
    await campus.give(*STARTED, REPORT)
    warn = DecideReports("eva", *PLACE, 1, Decision.WARNED, RemovalGround.RUDE, "Be kind.")
    assert await campus.new(warn) == [(f"notice-bob:{P}", given("warned")), (f"moderation-{P}", decided("warned"))]
    await campus.give(ReportPost("cid", *PLACE, ReportGround.RUDE), RemovePost("bob", *PLACE, RemovalGround.OWN_WISH))
    ask = DecideReports("eva", *PLACE, 2, Decision.EDIT_REQUESTED, RemovalGround.RUDE)
    assert await campus.refused(ask) == "post_removed"


async def test_what_its_author_took_back_is_removed_by_the_staff(campus: Campus) -> None:
    """So that the author does not show it again."""
    await campus.give(*STARTED, REPORT, RemovePost("bob", *PLACE, RemovalGround.OWN_WISH))
    assert (await campus.new(REMOVE))[:2] == [
        (f"post-{P}", fact(Post.Restored)),
        (f"post-{P}", fact(Post.Removed, ground="rude")),
    ]
    assert await campus.refused(RestorePost("bob", *PLACE)) == "not_the_author"


async def test_no_one_decides_about_an_own_post(campus: Campus) -> None:
    """Nor about an appeal of the own; of two of the staff the other one does."""
    await campus.give(*STARTED, PostReply("eva", RUN, T, 1, "No.", by_staff=True))
    place = (RUN, T, 3)
    await campus.give(ReportPost("ann", *place, ReportGround.RUDE))
    decide = DecideReports("eva", *place, 1, Decision.DISMISSED)
    assert await campus.refused(decide) == "own_matter"
    await campus.give(DecideReports("mei", *place, 1, Decision.WARNED, RemovalGround.RUDE))
    await campus.give(AppealDecision("eva", *place, 1, "It is true."))
    assert await campus.refused(DecideAppeal("eva", *place, 1, upheld=True, others=False)) == "own_matter"
    assert await campus.refused(DecideAppeal("mei", *place, 1, upheld=True)) == "decided_by_you"


async def test_an_upheld_appeal_shows_the_post_again(campus: Campus) -> None:
    """Once for a decision, by another one of the staff, in one append."""
    await campus.give(*STARTED, REPORT, REMOVE)
    assert await campus.refused(AppealDecision("cid", *PLACE, 1, "I was quoting.")) == "decision_not_found"
    assert await campus.refused(AppealDecision("bob", *PLACE, 1, " ")) == "bad_words"
    assert await campus.new(APPEAL) == [
        (f"moderation-{P}", fact(Moderation.Appealed, run_id=RUN, case_no=1)),
        (f"notice-bob:{P}", fact(Notice.Appealed, case_no=1, words="I was quoting.")),
    ]
    assert await campus.refused(APPEAL) == "appealed_before"
    uphold = DecideAppeal("mei", *PLACE, 1, upheld=True, words="You were.")
    assert await campus.new(uphold) == [
        (f"post-{P}", fact(Post.Restored)),
        (f"notice-bob:{P}", fact(Notice.AppealAnswered, case_no=1, upheld=True, words="You were.")),
        (f"moderation-{P}", fact(Moderation.AppealDecided, run_id=RUN, case_no=1, upheld=True, decided_by="mei")),
    ]
    assert await campus.repeats(uphold)
    assert await campus.refused(DecideAppeal("mei", *PLACE, 1, upheld=False)) == "appeal_decided"
    assert await campus.refused(DecideAppeal("mei", *PLACE, 2, upheld=True)) == "no_appeal"


async def test_an_appeal_that_is_not_upheld_changes_no_post(campus: Campus) -> None:
    """Where the run has no other staff, who has decided answers it."""
    await campus.give(*STARTED, REPORT, REMOVE, APPEAL)
    answer = await campus.new(DecideAppeal("eva", *PLACE, 1, upheld=False, others=False))
    assert [stream for stream, _ in answer] == [f"notice-bob:{P}", f"moderation-{P}"]


async def test_what_was_removed_otherwise_stays_so(campus: Campus) -> None:
    """An upheld appeal brings back what its decision has removed, and not what its author took back since."""
    await campus.give(*STARTED, REPORT, REMOVE, APPEAL, RestorePost("eva", *PLACE, by_staff=True))
    await campus.give(RemovePost("bob", *PLACE, RemovalGround.OWN_WISH))
    facts = await campus.new(DecideAppeal("mei", *PLACE, 1, upheld=True))
    assert f"post-{P}" not in [stream for stream, _ in facts]


async def test_a_removal_without_a_report_is_contested_as_well(campus: Campus) -> None:
    """The staff remove a post by themselves: its author reads why, and appeals."""
    await campus.give(*STARTED)
    remove = RemovePost("eva", *PLACE, RemovalGround.RUDE, by_staff=True)
    assert await campus.new(remove) == [
        (f"moderation-{P}", decided()),
        (f"notice-bob:{P}", given(words="")),
        (f"post-{P}", fact(Post.Removed, ground="rude")),
    ]
    assert await campus.repeats(remove)
    await campus.give(APPEAL)
    facts = await campus.new(DecideAppeal("mei", *PLACE, 1, upheld=True))
    assert facts[0] == (f"post-{P}", fact(Post.Restored))


async def test_words_are_gone_with_the_key_of_who_said_them(campus: Campus) -> None:
    """Those of a reporter with that key, those to an author and of an author with the other one."""
    await campus.give(*STARTED, REPORT, REMOVE, APPEAL)
    await campus.destroy_key("bob")
    words = [each.data["words"] for each in await campus.log.stream(f"notice-bob:{P}")]
    key = await campus.personal_key(f"notice-bob:{P}")
    assert [key.open(each) for each in words] == [None, None]
    (filed,) = await campus.log.stream(f"report-ann:{P}")
    assert (await campus.personal_key(f"report-ann:{P}")).open(filed.data["words"]) == "It insults me."


async def test_two_decide_and_one_reports_at_once(on_postgres: Campus) -> None:
    """On the real log: one decision stands, and no report is lost: it is closed by that, or opens the next case."""
    await on_postgres.give(*STARTED)
    for round_ in range(1, 6):
        await on_postgres.give(PostReply("bob", RUN, T, 1, "You fool."))
        place: tuple[str, str, int] = (RUN, T, round_ + 2)
        await on_postgres.give(ReportPost("ann", *place, ReportGround.RUDE))
        at_once: list[Any] = [
            DecideReports("eva", *place, 1, Decision.DISMISSED),
            DecideReports("mei", *place, 1, Decision.WARNED, RemovalGround.RUDE),
            ReportPost("cid", *place, ReportGround.SPAM),
        ]
        processes = [Campus(on_postgres.log) for _ in at_once]
        answers = await asyncio.gather(
            *(each.bus.handle(command, Context("test", AT)) for each, command in zip(processes, at_once, strict=True)),
            return_exceptions=True,
        )
        assert sorted(type(each).__name__ for each in answers) == ["CaseClosed", "int", "int"]
        facts = await on_postgres.log.stream(f"moderation-{T}:{round_ + 2}")
        said = [(each.type, each.data["case_no"]) for each in facts]
        decision = said.index(("moderation.decided", 1))
        reports = [case_no for type_, case_no in said if type_ == "moderation.reported"]
        assert reports == [1, 1] if decision == 2 else reports == [1, 2]
