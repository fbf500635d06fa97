"""
A post of a thread: its number, to what it is a reply, and whether it is shown; what it says is a `Writing`.

The number is in the name of the stream, so each number is given once, whatever how many write at the same time.
"""

from collections.abc import Sequence
from enum import StrEnum

from domain.aggregate import Aggregate, event, stream_id
from domain.forum.errors import NotMentionable, NotTheAuthor, PostNotFound, PostRemoved, TooDeep, TooManyMentions
from domain.forum.mentions import MOST_MENTIONS

OPENING = 1  # the number of the first post of each thread
DEEPEST = 2  # a comment on a reply


class RemovalGround(StrEnum):
    """Why a post is not shown, in words that name no one; `own_wish` is that of its author."""

    OWN_WISH = "own_wish"
    OFF_TOPIC = "off_topic"
    RUDE = "rude"
    SPAM = "spam"
    PERSONAL_DATA = "personal_data"
    SOLUTION = "solution"
    COPYRIGHT = "copyright"
    OTHER = "other"


def post_stream(thread_id: str, post_no: int) -> str:
    """The stream of a post."""
    return stream_id("post", thread_id, str(post_no))


class Post(Aggregate):
    """
    One post.

    Attributes:
        author: who has written it, also where it is shown as anonymous.
        parent_no: the number of the post to which it is a reply; that of the first one for itself.
        depth: 0 for the first post of a thread, 1 for a reply, 2 for a comment on one.
        mentioned: the people whom its text mentions.
    """

    category = "post"
    ids = ("thread_id", "post_no")
    keyed_by = "thread_id"

    class Opened(Aggregate.Event):
        """The first post of a thread."""

        TOPIC = "opening.posted"
        run_id: str
        learner_id: str
        anonymous: bool
        by_staff: bool

    class Replied(Aggregate.Event):
        TOPIC = "reply.posted"
        run_id: str
        parent_no: int
        depth: int
        learner_id: str
        anonymous: bool
        by_staff: bool

    class Removed(Aggregate.Event):
        TOPIC = "post.removed"
        ground: str

    class Restored(Aggregate.Event):
        TOPIC = "post.restored"

    class Mentioned(Aggregate.Event):
        """The people whom its text mentions from then on, by their ids, in the order of the text."""

        TOPIC = "mentions.changed"
        run_id: str
        old: list[str]
        new: list[str]

    def initial_state(self) -> None:
        self.author = ""
        self.parent_no = OPENING
        self.depth = 0
        self.removed: str | None = None
        self.mentioned: list[str] = []

    @property
    def post_no(self) -> int:
        """Its number in the thread, from 1."""
        return int(self.id_of("post_no"))

    @property
    def place(self) -> dict[str, str | int]:
        """Thread and number."""
        return {"thread_id": self.id_of("thread_id"), "post_no": self.post_no}

    def must_exist(self) -> None:
        """Raise PostNotFound if it was never posted."""
        if not self.exists:
            raise PostNotFound(**self.place)

    def must_be_shown(self) -> None:
        """Raise PostNotFound or PostRemoved unless it is there for all to read."""
        self.must_exist()
        if self.removed is not None:
            raise PostRemoved(**self.place)

    def must_be_by(self, learner_id: str) -> None:
        """Raise NotTheAuthor unless this person has written it."""
        self.must_exist()
        if self.author != learner_id:
            raise NotTheAuthor(**self.place)

    def open(self, run_id: str, learner_id: str, *, anonymous: bool, by_staff: bool) -> None:
        """Post it as the first of its thread."""
        self._opened(run_id=run_id, learner_id=learner_id, anonymous=anonymous, by_staff=by_staff)

    @event(Opened)
    def _opened(self, run_id: str, learner_id: str, anonymous: bool, by_staff: bool) -> None:
        self.author = learner_id

    def reply(self, run_id: str, parent: "Post", learner_id: str, *, anonymous: bool, by_staff: bool) -> None:
        """Post it as a reply to another post of the thread."""
        parent.must_be_shown()
        if parent.depth >= DEEPEST:
            raise TooDeep(**parent.place)
        self._replied(
            run_id=run_id,
            parent_no=parent.post_no,
            depth=parent.depth + 1,
            learner_id=learner_id,
            anonymous=anonymous,
            by_staff=by_staff,
        )

    @event(Replied)
    def _replied(
        self,
        run_id: str,
        parent_no: int,
        depth: int,
        learner_id: str,
        anonymous: bool,
        by_staff: bool,
    ) -> None:
        self.author, self.parent_no, self.depth = learner_id, parent_no, depth

    def remove(self, ground: RemovalGround) -> None:
        """Show it no more; a second time, also for another reason, changes nothing."""
        self.must_exist()
        if self.removed is None:
            self._removed(ground=ground.value)

    @event(Removed)
    def _removed(self, ground: str) -> None:
        self.removed = ground

    def restore(self) -> None:
        """Show it again."""
        self.must_exist()
        if self.removed is not None:
            self._restored()

    @event(Restored)
    def _restored(self) -> None:
        self.removed = None

    def mention(self, run_id: str, learner_ids: Sequence[str]) -> None:
        """Note whom its text mentions; the same people once more, in any order, change nothing."""
        if self.author in learner_ids:
            raise NotMentionable(learner_id=self.author, run_id=run_id)
        if len(learner_ids) > MOST_MENTIONS:
            raise TooManyMentions(most=MOST_MENTIONS)
        if set(learner_ids) != set(self.mentioned):
            self._mentioned(run_id=run_id, old=self.mentioned, new=list(learner_ids))

    @event(Mentioned)
    def _mentioned(self, run_id: str, old: list[str], new: list[str]) -> None:
        self.mentioned = new
