"""The queue of moderation as rows, against a recount of the facts at each position of the log."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

import msgspec
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import rule

from adapters.postgres.as_of.reader import AsOfReader
from adapters.postgres.queries import moderation
from adapters.postgres.queries.moderation import CasesAsked, QueueCounts, StoredCase, StoredOwn
from adapters.settings import Settings
from commands.enrollment import RequestEnrollment
from commands.forum import CreateThread, PostReply, RemovePost, RestorePost
from commands.forum.moderation import AppealDecision, DecideAppeal, DecideReports, ReportPost, WithdrawReport
from domain.fact import Fact
from domain.forum import RemovalGround, ThreadKind
from domain.forum.moderation import Decision, ReportGround
from projections.forum import Forum
from projections.moderation import (
    CASES,
    NOTICES,
    REPORTS,
    ModerationCase,
    ModerationOfForum,
    PostNotice,
    PostReport,
    WaitingReport,
)
from tests.support.facts import History, day, fold, rows_of
from tests.support.recounts import Recounted, run_recounted
from tests.support.usecases import COURSE, RUN, RUNS

OF = {"run_id": "AAA-1", "author_id": "bob"}


def reported() -> History:
    """Two reports of a post of bob, by ann and cid."""
    history = History()
    for number, who in enumerate(("ann", "cid"), start=1):
        report = {"case_no": 1, "report_no": number, "ground": "rude"}
        history.add("moderation-t:2", "moderation.reported", day(number), **OF, **report)
        history.add(f"report-{who}:t:2", "report.filed", day(number), run_id="AAA-1", words="W", **report)
    return history


def case_of(history: History, number: int = 0) -> ModerationCase:
    return rows_of(fold(ModerationOfForum, history), CASES, ModerationCase)[number]


def test_reports_wait_since_the_oldest() -> None:
    """One that is taken back waits no longer; without any the case is empty."""
    history = reported()
    row = case_of(history)
    assert (row.state, row.waits_since, row.run_id, row.author_id) == ("open", day(1), "AAA-1", "bob")
    assert row.reports == [WaitingReport(1, "rude", day(1)), WaitingReport(2, "rude", day(2))]
    history.add("moderation-t:2", "moderation.report_withdrawn", day(3), case_no=1, report_no=1)
    history.add("report-ann:t:2", "report.withdrawn", day(3), case_no=1, report_no=1)
    assert (case_of(history).waits_since, len(case_of(history).reports)) == (day(2), 1)
    reports = rows_of(fold(ModerationOfForum, history), REPORTS, PostReport)
    assert [(each.learner_id, each.withdrawn_at) for each in reports] == [("ann", day(3)), ("cid", None)]
    history.add("moderation-t:2", "moderation.report_withdrawn", day(3), case_no=1, report_no=2)
    assert (case_of(history).state, case_of(history).waits_since) == ("empty", None)


def test_a_word_waits_as_a_report_does() -> None:
    """With the lists that have it."""
    history = History().add("moderation-t:2", "moderation.flagged", day(1), **OF, case_no=1, lists=["campus", "run"])
    row = case_of(history)
    assert (row.state, row.waits_since, row.lists, row.reports) == ("open", day(1), ["campus", "run"], [])


def test_a_decision_its_appeal_and_the_answer() -> None:
    """On the side of the post, and on that of the author, who reads and writes the words."""
    place, history = {"run_id": "AAA-1", "case_no": 1}, reported()
    said = {"decision": "removed", "ground": "rude"}
    history.add("moderation-t:2", "moderation.decided", day(3), **OF, case_no=1, **said, decided_by="eva")
    history.add("notice-bob:t:2", "notice.given", day(3), **place, **said, words="W")
    row = case_of(history)
    assert (row.state, row.waits_since, row.decision, row.decided_by, row.decided_at) == (
        *("decided", None, "removed", "eva"),
        day(3),
    )
    assert len(row.reports) == 2
    history.add("moderation-t:2", "moderation.appealed", day(4), **place)
    history.add("notice-bob:t:2", "notice.appealed", day(4), case_no=1, words="A")
    assert (case_of(history).state, case_of(history).waits_since) == ("appealed", day(4))
    history.add("moderation-t:2", "moderation.appeal_decided", day(5), **place, upheld=True, decided_by="mei")
    history.add("notice-bob:t:2", "notice.appeal_answered", day(5), case_no=1, upheld=True, words="B")
    row = case_of(history)
    assert (row.state, row.waits_since, row.upheld, row.answered_by) == ("answered", None, True, "mei")
    assert rows_of(fold(ModerationOfForum, history), NOTICES, PostNotice) == [
        PostNotice(
            *("bob", "t", 2, 1, "AAA-1", "removed", "rude", "W"),
            given_at=day(3),
            appeal="A",
            appealed_at=day(4),
            upheld=True,
            answer="B",
            answered_at=day(5),
        )
    ]


PEOPLE, STAFF = ("ann", "bob", "cid"), ("eva", "mei")
WHO, JUDGE, NUMBER, CASE_NO = st.sampled_from(PEOPLE), st.sampled_from(STAFF), st.integers(1, 4), st.integers(1, 3)
HARMLESS = {
    *("post_not_found", "post_removed", "own_post", "already_reported", "report_not_found", "report_decided"),
    *("case_not_found", "case_closed", "own_matter", "decision_not_found", "appealed_before", "no_appeal"),
    *("appeal_decided", "decided_by_you", "not_the_author"),
}


class Recount:
    """What waits at one position, by looking at each fact; cases are known by post and number."""

    def __init__(self, facts: Sequence[Fact]) -> None:
        self.waiting: dict[tuple[int, int], dict[int, tuple[str, datetime]]] = {}
        self.appealed: dict[tuple[int, int], datetime] = {}
        self.authors: dict[int, str] = {}
        self.mine: dict[str, dict[int, str]] = {who: {} for who in PEOPLE}
        for fact in facts:
            if fact.type in ("opening.posted", "reply.posted"):
                self.authors[int(fact.id("post_no"))] = fact.data["learner_id"]
            elif fact.category == "moderation":
                self._of_case(fact, (int(fact.id("post_no")), fact.data["case_no"]))
            elif fact.type in ("report.filed", "report.withdrawn"):
                state = "waits" if fact.type == "report.filed" else "withdrawn"
                self.mine[fact.id("learner_id")][int(fact.id("post_no"))] = state

    def _of_case(self, fact: Fact, case: tuple[int, int]) -> None:
        data = fact.data
        if fact.type == "moderation.reported":
            self.waiting.setdefault(case, {})[data["report_no"]] = (data["ground"], fact.occurred_at)
        elif fact.type == "moderation.report_withdrawn":
            del self.waiting[case][data["report_no"]]
        elif fact.type == "moderation.decided":
            self.waiting.pop(case, None)
        elif fact.type == "moderation.appealed":
            self.appealed[case] = fact.occurred_at
        else:
            del self.appealed[case]

    def queue(self, me: str) -> dict[tuple[int, int], tuple[dict[str, int], datetime]]:
        """The cases that wait and are not about a post of this person: grounds, and since when."""
        return {
            case: (dict(Counter(ground for ground, _ in reports.values())), min(at for _, at in reports.values()))
            for case, reports in self.waiting.items()
            if reports and self.authors[case[0]] != me
        }


class Court(Recounted):
    """Three learners and two of the staff, who write in one thread."""

    folded = ((ModerationOfForum, ModerationOfForum.tables), (Forum, Forum.tables))
    harmless = HARMLESS
    begin_with = (*COURSE, *RUNS, *(RequestEnrollment(each, RUN) for each in PEOPLE))

    def prepare(self) -> None:
        self.do(CreateThread("ann", RUN, "t", ThreadKind.QUESTION, None, "Why", "Why?"))
        for who in ("bob", "eva", "bob"):
            self.do(PostReply(who, RUN, "t", 1, "So.", by_staff=who in STAFF))

    @rule(who=WHO, number=NUMBER, ground=st.sampled_from((ReportGround.RUDE, ReportGround.SPAM)))
    def report(self, who: str, number: int, ground: ReportGround) -> None:
        self.do(ReportPost(who, RUN, "t", number, ground, "Look."))

    @rule(who=WHO, number=NUMBER)
    def withdraw(self, who: str, number: int) -> None:
        self.do(WithdrawReport(who, RUN, "t", number))

    @rule(judge=JUDGE, number=NUMBER, case_no=CASE_NO, decision=st.sampled_from(Decision))
    def decide(self, judge: str, number: int, case_no: int, decision: Decision) -> None:
        ground = None if decision is Decision.DISMISSED else RemovalGround.RUDE
        self.do(DecideReports(judge, RUN, "t", number, case_no, decision, ground))

    @rule(number=NUMBER, case_no=CASE_NO, who=st.sampled_from((*PEOPLE, "eva")))
    def appeal(self, number: int, case_no: int, who: str) -> None:
        self.do(AppealDecision(who, RUN, "t", number, case_no, "No."))

    @rule(judge=JUDGE, number=NUMBER, case_no=CASE_NO, upheld=st.booleans(), others=st.booleans())
    def answer(self, judge: str, number: int, case_no: int, *, upheld: bool, others: bool) -> None:
        self.do(DecideAppeal(judge, RUN, "t", number, case_no, upheld, others=others))

    @rule(judge=JUDGE, number=NUMBER)
    def remove(self, judge: str, number: int) -> None:
        self.do(RemovePost(judge, RUN, "t", number, RemovalGround.SPAM, by_staff=True))

    @rule(judge=JUDGE, number=NUMBER)
    def restore(self, judge: str, number: int) -> None:
        self.do(RestorePost(judge, RUN, "t", number, by_staff=True))

    async def compare(self, reader: AsOfReader, facts: Sequence[Fact]) -> None:
        recount = Recount(facts)
        for me in (*STAFF, "bob"):
            expected = recount.queue(me)
            page = await moderation.queue(reader, CasesAsked(run_id=RUN, me=me), None, 20)
            cases = [msgspec.json.decode(row[-1], type=StoredCase) for row in page.rows]
            found = {(each.post_no, each.case_no): (dict(Counter(each.grounds)), each.waits_since) for each in cases}
            assert found == expected
            since = [each.waits_since for each in cases]
            assert since == sorted(since)  # type: ignore[type-var]
            contested = {case: at for case, at in recount.appealed.items() if recount.authors[case[0]] != me}
            answer = await moderation.counts(reader, RUN, me)
            counts = msgspec.json.decode(answer.body or b"", type=QueueCounts)
            times = [*(at for _, at in expected.values()), *contested.values()]
            assert counts == QueueCounts(
                open=len(expected), appealed=len(contested), oldest_at=min(times, default=None)
            )
        for who in PEOPLE:
            own = msgspec.json.decode((await moderation.own(reader, RUN, who, None)).body or b"", type=StoredOwn)
            states = {each.post_no: "waits" if each.withdrawn_at is None else "withdrawn" for each in own.reports}
            assert states == recount.mine[who]


@pytest.mark.postgres
@pytest.mark.parametrize("examples", [6, pytest.param(300, marks=pytest.mark.slow)])
def test_the_queue_in_any_order(settings: Settings, examples: int) -> None:
    """After reports, withdrawals, decisions, removals and appeals: as a recount says, at each position."""
    run_recounted(Court, settings, examples)
