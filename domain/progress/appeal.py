"""
Appeals: a learner asks for an outcome to be looked at again, and staff answer.

Granting one changes nothing by itself: the outcome is revised along with the answer, or a grade was changed before it.
"""

from typing import NamedTuple

from domain.aggregate import Aggregate, event, stream_id
from domain.errors import Conflict, NotFound
from domain.personal import Words

MOST_APPEALS = 5  # of a learner on one run


class NothingToAppeal(Conflict):
    """Only an outcome that was decided is appealed against."""

    code = "nothing_to_appeal"
    template = "the outcome of learner {learner_id} on run {run_id} is not decided"


class AppealOpen(Conflict):
    """One appeal at a time."""

    code = "appeal_open"
    template = "appeal {appeal_no} of learner {learner_id} on run {run_id} is not answered yet"


class AppealsUsed(Conflict):
    """The same outcome with the same grade was appealed against and confirmed, or there were too many appeals."""

    code = "appeals_used"
    template = "learner {learner_id} has had an answer about this outcome of run {run_id}, or {most} answers in all"


class AppealNotFound(NotFound):
    """The learner has made no such appeal."""

    code = "appeal_not_found"
    template = "learner {learner_id} has made no appeal {appeal_no} on run {run_id}"


class AppealClosed(Conflict):
    """An appeal is answered, or withdrawn, once."""

    code = "appeal_closed"
    template = "appeal {appeal_no} of learner {learner_id} on run {run_id} was answered, or withdrawn, before"


class About(NamedTuple):
    """What an appeal is against."""

    outcome: str
    grade_bp: int | None


def appeal_stream(learner_id: str, run_id: str) -> str:
    """The stream of a learner's appeals on a run."""
    return stream_id("appeal", learner_id, run_id)


class Appeals(Aggregate):
    """A learner's appeals against the outcome of one course run; they count from 1, and one is open at a time."""

    category = "appeal"
    ids = ("learner_id", "run_id")
    keyed_by = "learner_id"

    class Made(Aggregate.Event):
        TOPIC = "appeal.made"
        appeal_no: int
        outcome: str
        grade_bp: int | None
        words: Words

    class Withdrawn(Aggregate.Event):
        TOPIC = "appeal.withdrawn"
        appeal_no: int

    class Answered(Aggregate.Event):
        """By staff; `outcome` is what the outcome is after it."""

        TOPIC = "appeal.answered"
        appeal_no: int
        granted: bool
        outcome: str
        words: Words

    def initial_state(self) -> None:
        self.made: list[About] = []
        self.open_no = 0  # the number of the one that is open, 0 for none
        self.answers: dict[int, bool] = {}  # whether each was granted

    def make(self, about: About, words: str) -> None:
        """Appeal against an outcome."""
        learner_id, run_id = self.id_of("learner_id"), self.id_of("run_id")
        if not about.outcome:
            raise NothingToAppeal(learner_id=learner_id, run_id=run_id)
        if self.open_no:
            raise AppealOpen(appeal_no=self.open_no, learner_id=learner_id, run_id=run_id)
        confirmed = any(self.made[number - 1] == about for number, granted in self.answers.items() if not granted)
        if confirmed or len(self.made) >= MOST_APPEALS:
            raise AppealsUsed(learner_id=learner_id, run_id=run_id, most=MOST_APPEALS)
        self._made(appeal_no=len(self.made) + 1, outcome=about.outcome, grade_bp=about.grade_bp, words=words)

    @event(Made)
    def _made(self, appeal_no: int, outcome: str, grade_bp: int | None, words: str) -> None:
        self.made.append(About(outcome, grade_bp))
        self.open_no = appeal_no

    def withdraw(self, appeal_no: int) -> None:
        """Take an appeal back; a second time changes nothing."""
        self._must_be(appeal_no)
        if appeal_no == self.open_no:
            self._withdrawn(appeal_no=appeal_no)
        elif appeal_no in self.answers:
            raise self._closed(appeal_no)

    @event(Withdrawn)
    def _withdrawn(self, appeal_no: int) -> None:
        self.open_no = 0

    def answer(self, appeal_no: int, outcome: str, words: str, *, granted: bool) -> None:
        """Answer an appeal; the same answer once more changes nothing."""
        self._must_be(appeal_no)
        if appeal_no != self.open_no:
            if self.answers.get(appeal_no) is granted:
                return
            raise self._closed(appeal_no)
        self._answered(appeal_no=appeal_no, granted=granted, outcome=outcome, words=words)

    @event(Answered)
    def _answered(self, appeal_no: int, granted: bool, outcome: str, words: str) -> None:
        self.answers[appeal_no], self.open_no = granted, 0

    def _must_be(self, appeal_no: int) -> None:
        if not 1 <= appeal_no <= len(self.made):
            raise AppealNotFound(learner_id=self.id_of("learner_id"), appeal_no=appeal_no, run_id=self.id_of("run_id"))

    def _closed(self, appeal_no: int) -> AppealClosed:
        return AppealClosed(appeal_no=appeal_no, learner_id=self.id_of("learner_id"), run_id=self.id_of("run_id"))
