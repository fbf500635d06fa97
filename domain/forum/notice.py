"""What an author reads of decisions about a post, and answers: on a stream of that person, sealed with that key."""

from domain.aggregate import Aggregate, event, stream_id
from domain.forum.moderation import Decision
from domain.forum.moderation_errors import AppealedBefore, DecisionNotFound
from domain.forum.post import RemovalGround
from domain.forum.report import checked_words
from domain.personal import Words


def notice_stream(learner_id: str, thread_id: str, post_no: int) -> str:
    """The stream of what an author reads of decisions about a post."""
    return stream_id("notice", learner_id, thread_id, str(post_no))


class Notice(Aggregate):
    """Decisions about one post of one person, by the number of the case, and whether an appeal was made."""

    category = "notice"
    ids = ("learner_id", "thread_id", "post_no")
    keyed_by = "learner_id"

    class Given(Aggregate.Event):
        """The words are those of the staff to the author."""

        TOPIC = "notice.given"
        run_id: str
        case_no: int
        decision: str
        ground: str
        words: Words

    class Appealed(Aggregate.Event):
        TOPIC = "notice.appealed"
        case_no: int
        words: Words

    class AppealAnswered(Aggregate.Event):
        TOPIC = "notice.appeal_answered"
        case_no: int
        upheld: bool
        words: Words

    def initial_state(self) -> None:
        self.given: set[int] = set()
        self.appealed: set[int] = set()

    def give(self, run_id: str, case_no: int, decision: Decision, ground: RemovalGround, words: str) -> None:
        """Say what was decided, and why."""
        words = checked_words(words)
        self._given(run_id=run_id, case_no=case_no, decision=decision.value, ground=ground.value, words=words)

    @event(Given)
    def _given(self, run_id: str, case_no: int, decision: str, ground: str, words: str) -> None:
        self.given.add(case_no)

    def appeal(self, case_no: int, words: str) -> None:
        """Contest a decision, once."""
        place = {"thread_id": self.id_of("thread_id"), "post_no": int(self.id_of("post_no")), "case_no": case_no}
        if case_no not in self.given:
            raise DecisionNotFound(**place)
        if case_no in self.appealed:
            raise AppealedBefore(**place)
        self._appealed(case_no=case_no, words=checked_words(words, needed=True))

    @event(Appealed)
    def _appealed(self, case_no: int, words: str) -> None:
        self.appealed.add(case_no)

    def answer(self, case_no: int, words: str, *, upheld: bool) -> None:
        """Say what became of the appeal."""
        self._answered(case_no=case_no, upheld=upheld, words=checked_words(words))

    @event(AppealAnswered)
    def _answered(self, case_no: int, upheld: bool, words: str) -> None:
        pass
