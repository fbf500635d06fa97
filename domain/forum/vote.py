"""A person's vote for or against a post: one at a time, changed and withdrawn."""

from typing import Literal

from domain.aggregate import Aggregate, event, stream_id

VoteValue = Literal[1, -1]


def vote_stream(learner_id: str, thread_id: str, post_no: int) -> str:
    """The stream of a person's vote on a post."""
    return stream_id("vote", learner_id, thread_id, str(post_no))


class Vote(Aggregate):
    """One person's vote on one post: 1, -1, or 0 for none."""

    category = "vote"
    ids = ("learner_id", "thread_id", "post_no")
    keyed_by = "learner_id"

    class Cast(Aggregate.Event):
        """`old` is 0 where there was none."""

        TOPIC = "vote.cast"
        old: int
        new: int

    class Withdrawn(Aggregate.Event):
        TOPIC = "vote.withdrawn"
        value: int

    def initial_state(self) -> None:
        self.value = 0

    def cast(self, value: VoteValue) -> None:
        """Vote for the post, or against it; the same once more changes nothing."""
        if value != self.value:
            self._cast(old=self.value, new=value)

    @event(Cast)
    def _cast(self, old: int, new: int) -> None:
        self.value = new

    def withdraw(self) -> None:
        """Take the vote back, if there is one."""
        if self.value:
            self._withdrawn(value=self.value)

    @event(Withdrawn)
    def _withdrawn(self, value: int) -> None:
        self.value = 0
