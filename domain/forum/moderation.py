"""
What is decided about a post: reports that wait, decisions of the staff, and appeals against them.

Reports of one post make a case, which one decision closes with all of them; the next report opens the next case. It is
on the side of the thread: what reporters, authors and staff write in their own words is on the streams of the persons
(report.py, notice.py), and no fact here says who has reported.
"""

from enum import StrEnum

from domain.aggregate import Aggregate, event, stream_id
from domain.forum.moderation_errors import (
    AppealDecided,
    CaseClosed,
    CaseNotFound,
    DecidedByYou,
    NoAppeal,
    NothingToContest,
)
from domain.forum.post import RemovalGround


class ReportGround(StrEnum):
    """Why a post is reported, in words that name no one."""

    RUDE = "rude"
    DANGER = "danger"
    SPAM = "spam"
    OFF_TOPIC = "off_topic"
    PERSONAL_DATA = "personal_data"
    SOLUTION = "solution"
    COPYRIGHT = "copyright"
    OTHER = "other"


class Decision(StrEnum):
    """What the staff decide about a post; all but the first are sent to its author, who may appeal."""

    DISMISSED = "dismissed"
    REMOVED = "removed"
    EDIT_REQUESTED = "edit_requested"
    WARNED = "warned"


GROUNDS = tuple(each for each in RemovalGround if each is not RemovalGround.OWN_WISH)
"""Why something is decided against a post: why posts are removed, but for the own wish."""


def moderation_stream(thread_id: str, post_no: int) -> str:
    """The stream of what is decided about a post."""
    return stream_id("moderation", thread_id, str(post_no))


class Moderation(Aggregate):
    """
    The cases of one post; they count from 1, and only the last one can be open.

    Attributes:
        reports: of the case that is open, by their numbers, which count on over all cases.
        flagged: whether a word list has put the post into the open case.
    """

    category = "moderation"
    ids = ("thread_id", "post_no")
    keyed_by = "thread_id"

    class Reported(Aggregate.Event):
        """By a person, whose stream says who and in which words."""

        TOPIC = "moderation.reported"
        run_id: str
        author_id: str
        case_no: int
        report_no: int
        ground: str

    class ReportWithdrawn(Aggregate.Event):
        TOPIC = "moderation.report_withdrawn"
        case_no: int
        report_no: int

    class Flagged(Aggregate.Event):
        """By the word lists that have a word of the post, of the `run` or the `campus`."""

        TOPIC = "moderation.flagged"
        run_id: str
        author_id: str
        case_no: int
        lists: list[str]

    class Decided(Aggregate.Event):
        """Closes all reports of the case; without one where the staff have removed the post by themselves."""

        TOPIC = "moderation.decided"
        run_id: str
        author_id: str
        case_no: int
        decision: str
        ground: str | None
        decided_by: str

    class Appealed(Aggregate.Event):
        TOPIC = "moderation.appealed"
        run_id: str
        case_no: int

    class AppealDecided(Aggregate.Event):
        TOPIC = "moderation.appeal_decided"
        run_id: str
        case_no: int
        upheld: bool
        decided_by: str

    def initial_state(self) -> None:
        self.case_no = 0
        self.report_no = 0
        self.reports: list[int] = []
        self.flagged = False
        self.decisions: dict[int, str] = {}
        self.deciders: dict[int, str] = {}
        self.appeals: dict[int, bool | None] = {}  # None where it is not decided

    @property
    def is_open(self) -> bool:
        """Whether a report or a word waits for a decision."""
        return bool(self.reports) or self.flagged

    @property
    def waits(self) -> bool:
        """Whether the staff have to decide anything: a case, or an appeal."""
        return self.is_open or None in self.appeals.values()

    @property
    def open_no(self) -> int:
        """The number of the case that is open, or would be opened next."""
        return self.case_no + 1 if self.case_no == 0 or self.case_no in self.decisions else self.case_no

    def report(self, run_id: str, author_id: str, ground: ReportGround) -> tuple[int, int]:
        """Add a report; answers with the numbers of its case and of itself."""
        case_no, report_no = self.open_no, self.report_no + 1
        self._reported(run_id=run_id, author_id=author_id, case_no=case_no, report_no=report_no, ground=ground.value)
        return case_no, report_no

    @event(Reported)
    def _reported(self, run_id: str, author_id: str, case_no: int, report_no: int, ground: str) -> None:
        self.case_no, self.report_no = case_no, report_no
        self.reports.append(report_no)

    def withdraw_report(self, report_no: int) -> None:
        """Take back a report that waits; what was decided stays."""
        if report_no in self.reports:
            self._report_withdrawn(case_no=self.case_no, report_no=report_no)

    @event(ReportWithdrawn)
    def _report_withdrawn(self, case_no: int, report_no: int) -> None:
        self.reports = [each for each in self.reports if each != report_no]

    def flag(self, run_id: str, author_id: str, lists: list[str]) -> None:
        """Put the post before the staff, as word lists ask for; once for a case."""
        if not self.flagged:
            self._flagged(run_id=run_id, author_id=author_id, case_no=self.open_no, lists=lists)

    @event(Flagged)
    def _flagged(self, run_id: str, author_id: str, case_no: int, lists: list[str]) -> None:
        self.case_no, self.flagged = case_no, True

    def decide(
        self, case_no: int, run_id: str, author_id: str, decision: Decision, ground: RemovalGround | None, by: str
    ) -> None:
        """Close the open case with all of its reports; the same once more changes nothing."""
        if self.decisions.get(case_no) == decision:
            return
        if not 1 <= case_no <= self.case_no or (case_no not in self.decisions and not self.is_open):
            raise CaseNotFound(**self._place(case_no))
        if case_no in self.decisions:
            raise CaseClosed(**self._place(case_no), decision=self.decisions[case_no])
        self._close(case_no, run_id, author_id, decision, ground, by)

    def decide_now(self, run_id: str, author_id: str, ground: RemovalGround, by: str) -> int:
        """Note that the staff have removed the post, whether it was reported or not; answers with the case."""
        case_no = self.open_no
        self._close(case_no, run_id, author_id, Decision.REMOVED, ground, by)
        return case_no

    def _close(
        self, case_no: int, run_id: str, author_id: str, decision: Decision, ground: RemovalGround | None, by: str
    ) -> None:
        self._decided(
            run_id=run_id,
            author_id=author_id,
            case_no=case_no,
            decision=decision.value,
            ground=None if ground is None else ground.value,
            decided_by=by,
        )

    @event(Decided)
    def _decided(
        self, run_id: str, author_id: str, case_no: int, decision: str, ground: str | None, decided_by: str
    ) -> None:
        self.case_no = case_no
        self.decisions[case_no], self.deciders[case_no] = decision, decided_by
        self.reports, self.flagged = [], False

    def appeal(self, case_no: int, run_id: str) -> None:
        """Note that the author appeals, once for a decision; a second time changes nothing."""
        if self.decisions.get(case_no) in (None, Decision.DISMISSED):
            raise NothingToContest(**self._place(case_no))
        if case_no not in self.appeals:
            self._appealed(run_id=run_id, case_no=case_no)

    @event(Appealed)
    def _appealed(self, run_id: str, case_no: int) -> None:
        self.appeals[case_no] = None

    def decide_appeal(self, case_no: int, run_id: str, by: str, *, upheld: bool, others: bool) -> None:
        """
        Decide an appeal; the same once more changes nothing.

        Args:
            others: whether the run has others of the staff than who has made the decision: one of them decides.
        """
        if case_no not in self.appeals:
            raise NoAppeal(**self._place(case_no))
        if self.appeals[case_no] is upheld:
            return
        if self.appeals[case_no] is not None:
            raise AppealDecided(**self._place(case_no))
        if others and self.deciders[case_no] == by:
            raise DecidedByYou(**self._place(case_no))
        self._appeal_decided(run_id=run_id, case_no=case_no, upheld=upheld, decided_by=by)

    @event(AppealDecided)
    def _appeal_decided(self, run_id: str, case_no: int, upheld: bool, decided_by: str) -> None:
        self.appeals[case_no] = upheld

    def was_why_removed(self, case_no: int) -> bool:
        """Whether a decision has removed the post, and no later one that stands has done so, too."""
        removals = {number for number, decision in self.decisions.items() if decision == Decision.REMOVED}
        later = {number for number in removals if number > case_no and self.appeals.get(number) is not True}
        return case_no in removals and not later

    def _place(self, case_no: int) -> dict[str, str | int]:
        return {"thread_id": self.id_of("thread_id"), "post_no": int(self.id_of("post_no")), "case_no": case_no}
