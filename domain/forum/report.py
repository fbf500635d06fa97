"""A person's report of a post, on a stream of that person: the words are sealed with the reporter's key."""

from domain.aggregate import Aggregate, event, stream_id
from domain.forum.moderation_errors import AlreadyReported, BadWords, ReportDecided, ReportNotFound
from domain.personal import Words

MOST_WORDS = 2_000  # characters


def report_stream(learner_id: str, thread_id: str, post_no: int) -> str:
    """The stream of a person's report of a post."""
    return stream_id("report", learner_id, thread_id, str(post_no))


def checked_words(words: str, *, needed: bool = False) -> str:
    """Words without white space around them; raises BadWords."""
    words = words.strip()
    if len(words) > MOST_WORDS or (needed and not words):
        raise BadWords(most=MOST_WORDS)
    return words


class Report(Aggregate):
    """
    One person and one post.

    Attributes:
        case_no, report_no: of the report that was made last, 0 for none; *withdrawn* whether it was taken back.
    """

    category = "report"
    ids = ("learner_id", "thread_id", "post_no")
    keyed_by = "learner_id"

    class Filed(Aggregate.Event):
        TOPIC = "report.filed"
        run_id: str
        case_no: int
        report_no: int
        ground: str
        words: Words

    class Withdrawn(Aggregate.Event):
        TOPIC = "report.withdrawn"
        case_no: int
        report_no: int

    def initial_state(self) -> None:
        self.case_no = 0
        self.report_no = 0
        self.withdrawn = False

    def waits(self, *, decided: bool) -> bool:
        """
        Whether a report of this person waits already, so that another one changes nothing.

        Args:
            decided: whether the case of the report is decided.

        Raises:
            AlreadyReported: it does not wait, since it was decided.
        """
        if self.report_no == 0 or self.withdrawn:
            return False
        if decided:
            raise AlreadyReported(**self._place)
        return True

    def file(self, run_id: str, case_no: int, report_no: int, ground: str, words: str) -> None:
        """Report the post."""
        self._filed(run_id=run_id, case_no=case_no, report_no=report_no, ground=ground, words=checked_words(words))

    @event(Filed)
    def _filed(self, run_id: str, case_no: int, report_no: int, ground: str, words: str) -> None:
        self.case_no, self.report_no, self.withdrawn = case_no, report_no, False

    def withdraw(self, *, decided: bool) -> None:
        """Take the report back before it is decided; a second time changes nothing."""
        if self.report_no == 0:
            raise ReportNotFound(**self._place)
        if self.withdrawn:
            return
        if decided:
            raise ReportDecided(**self._place)
        self._withdrawn(case_no=self.case_no, report_no=self.report_no)

    @event(Withdrawn)
    def _withdrawn(self, case_no: int, report_no: int) -> None:
        self.withdrawn = True

    @property
    def _place(self) -> dict[str, str | int]:
        return {"thread_id": self.id_of("thread_id"), "post_no": int(self.id_of("post_no"))}
