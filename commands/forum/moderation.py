"""
Reports of posts, what the staff decide about them, and appeals.

Each of these is one append: a report on the side of the person and of the post; a decision with all reports that it
closes, the post that it removes and the notice to its author; an appeal with what follows from it. No one decides about
an own post (decisions/0345), and an appeal is decided by another one of the staff than the decision.
"""

from dataclasses import dataclass

from commands.forum.loading import must_take_part, seen_thread
from commands.log import Log, Position
from domain.errors import OwnMatter
from domain.forum import OwnPost, Post, RemovalGround, post_stream
from domain.forum.moderation import Decision, Moderation, ReportGround, moderation_stream
from domain.forum.moderation_errors import DecisionNotFound, GroundNeeded
from domain.forum.notice import Notice, notice_stream
from domain.forum.report import Report, report_stream


@dataclass(frozen=True)
class ReportPost:
    """A person asks the staff to look at a post of another one."""

    learner_id: str
    run_id: str
    thread_id: str
    post_no: int
    ground: ReportGround
    words: str = ""
    by_staff: bool = False


async def report_post(command: ReportPost, log: Log) -> Position:
    learner_id, thread_id, post_no = command.learner_id, command.thread_id, command.post_no
    await seen_thread(log, command.run_id, thread_id, learner_id, by_staff=command.by_staff)
    await must_take_part(log, learner_id, command.run_id, by_staff=command.by_staff)
    post = await log.read(Post, post_stream(thread_id, post_no))
    post.must_exist()
    moderation = await log.load(Moderation, moderation_stream(thread_id, post_no))
    report = await log.load(Report, report_stream(learner_id, thread_id, post_no))
    if report.waits(decided=report.case_no in moderation.decisions):
        return await log.save(report)
    post.must_be_shown()
    if post.author == learner_id:
        raise OwnPost(**post.place)
    case_no, report_no = moderation.report(command.run_id, post.author, command.ground)
    report.file(command.run_id, case_no, report_no, command.ground.value, command.words)
    return await log.save(moderation, report)


@dataclass(frozen=True)
class WithdrawReport:
    """A person takes a report back before it is decided."""

    learner_id: str
    run_id: str
    thread_id: str
    post_no: int


async def withdraw_report(command: WithdrawReport, log: Log) -> Position:
    await _thread_anywhere(log, command.run_id, command.thread_id)
    moderation = await log.load(Moderation, moderation_stream(command.thread_id, command.post_no))
    report = await log.load(Report, report_stream(command.learner_id, command.thread_id, command.post_no))
    report.withdraw(decided=report.case_no in moderation.decisions)
    if report.pending_events:
        moderation.withdraw_report(report.report_no)
    return await log.save(moderation, report)


@dataclass(frozen=True)
class DecideReports:
    """
    One of the staff closes a case with all of its reports.

    Attributes:
        ground: why, for all but a dismissal; *words* are said to the author.
    """

    staff_id: str
    run_id: str
    thread_id: str
    post_no: int
    case_no: int
    decision: Decision
    ground: RemovalGround | None = None
    words: str = ""


async def decide_reports(command: DecideReports, log: Log) -> Position:
    run_id, ground, decision = command.run_id, command.ground, command.decision
    post, moderation = await _judged(log, run_id, command.thread_id, command.post_no, command.staff_id)
    against = decision is not Decision.DISMISSED
    if against is not (ground not in (None, RemovalGround.OWN_WISH)) or (command.words.strip() and not against):
        raise GroundNeeded
    moderation.decide(command.case_no, run_id, post.author, decision, ground, command.staff_id)
    if ground is None or not moderation.pending_events:
        return await log.save(moderation)
    notice = await log.load(Notice, notice_stream(post.author, command.thread_id, command.post_no))
    notice.give(run_id, command.case_no, decision, ground, command.words)
    if decision is Decision.REMOVED:
        if post.removed == RemovalGround.OWN_WISH:  # which its author could take back
            post.restore()
        post.remove(ground)
    elif decision is Decision.EDIT_REQUESTED:
        post.must_be_shown()
    return await log.save(post, notice, moderation)


async def noted_removal(log: Log, run_id: str, post: Post, ground: RemovalGround, by: str) -> tuple[Moderation, Notice]:
    """What a removal by the staff is beside it: a decision that closes what waits, and a notice to the author."""
    thread_id, post_no = post.id_of("thread_id"), post.post_no
    moderation = await log.load(Moderation, moderation_stream(thread_id, post_no))
    notice = await log.load(Notice, notice_stream(post.author, thread_id, post_no))
    case_no = moderation.decide_now(run_id, post.author, ground, by)
    notice.give(run_id, case_no, Decision.REMOVED, ground, "")
    return moderation, notice


@dataclass(frozen=True)
class AppealDecision:
    """An author contests a decision about a post, once."""

    learner_id: str
    run_id: str
    thread_id: str
    post_no: int
    case_no: int
    words: str


async def appeal_decision(command: AppealDecision, log: Log) -> Position:
    learner_id, thread_id, post_no = command.learner_id, command.thread_id, command.post_no
    await _thread_anywhere(log, command.run_id, thread_id)
    notice = await log.load(Notice, notice_stream(learner_id, thread_id, post_no))
    if not notice.exists:
        raise DecisionNotFound(thread_id=thread_id, post_no=post_no, case_no=command.case_no)
    moderation = await log.load(Moderation, moderation_stream(thread_id, post_no))
    notice.appeal(command.case_no, command.words)
    moderation.appeal(command.case_no, command.run_id)
    return await log.save(moderation, notice)


@dataclass(frozen=True)
class DecideAppeal:
    """
    Another one of the staff decides an appeal; a post that was removed is shown again if it is upheld.

    Attributes:
        others: whether the run has staff who have not made the decision, and have not written the post.
    """

    staff_id: str
    run_id: str
    thread_id: str
    post_no: int
    case_no: int
    upheld: bool
    words: str = ""
    others: bool = True


async def decide_appeal(command: DecideAppeal, log: Log) -> Position:
    run_id, case_no, upheld = command.run_id, command.case_no, command.upheld
    post, moderation = await _judged(log, run_id, command.thread_id, command.post_no, command.staff_id)
    moderation.decide_appeal(case_no, run_id, command.staff_id, upheld=upheld, others=command.others)
    if not moderation.pending_events:
        return await log.save(moderation)
    notice = await log.load(Notice, notice_stream(post.author, command.thread_id, command.post_no))
    notice.answer(case_no, command.words, upheld=upheld)
    if upheld and moderation.was_why_removed(case_no) and post.removed != RemovalGround.OWN_WISH:
        post.restore()
    return await log.save(post, notice, moderation)


async def _thread_anywhere(log: Log, run_id: str, thread_id: str) -> None:
    """Raise ThreadNotFound unless the thread is of the run; the person may not see the topic to which it has moved."""
    await seen_thread(log, run_id, thread_id, "", by_staff=True)


async def _judged(log: Log, run_id: str, thread_id: str, post_no: int, staff_id: str) -> tuple[Post, Moderation]:
    """A post and its cases, to be decided about by one who has not written it; raises OwnMatter for its author."""
    await _thread_anywhere(log, run_id, thread_id)
    post = await log.load(Post, post_stream(thread_id, post_no))
    post.must_exist()
    if post.author == staff_id:
        raise OwnMatter(learner_id=staff_id)
    return post, await log.load(Moderation, moderation_stream(thread_id, post_no))
