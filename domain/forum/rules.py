"""Rules of a run's forum: how often newcomers post, and how fast anyone does."""

from typing import NamedTuple

from domain.aggregate import Aggregate, event, stream_id
from domain.forum.pace_errors import BadPace

MOST_POSTS, MOST_STANDING = 100, 50  # of a rule for newcomers
MOST_MINUTES = 7 * 24 * 60
MOST_SECONDS = 24 * 60 * 60  # between two posts of one person


class Newcomers(NamedTuple):
    """Who has fewer than *standing* posts that are shown posts at most *posts* times in *minutes*."""

    posts: int
    minutes: int
    standing: int


NO_LIMIT = Newcomers(0, 0, 0)


def rules_stream(run_id: str) -> str:
    """The stream of the rules of a run's forum."""
    return stream_id("forum_rules", run_id)


def checked_seconds(seconds: int) -> int:
    """Seconds between two posts, 0 for none; raises BadPace."""
    if not 0 <= seconds <= MOST_SECONDS:
        raise BadPace(posts=MOST_POSTS, minutes=MOST_MINUTES, standing=MOST_STANDING, seconds=MOST_SECONDS)
    return seconds


class ForumRules(Aggregate):
    """
    Rules of one run.

    Attributes:
        newcomers: `NO_LIMIT` for none.
        slow: seconds between two posts of one person, 0 for none.
    """

    category = "forum_rules"
    ids = ("run_id",)

    class NewcomersLimited(Aggregate.Event):
        """All 0 for no limit."""

        TOPIC = "forum_rules.newcomers_limited"
        old_posts: int
        old_minutes: int
        old_standing: int
        new_posts: int
        new_minutes: int
        new_standing: int

    class Slowed(Aggregate.Event):
        """Seconds between two posts of one person, 0 for none."""

        TOPIC = "forum_rules.slowed"
        old: int
        new: int

    def initial_state(self) -> None:
        self.newcomers = NO_LIMIT
        self.slow = 0

    def limit_newcomers(self, limit: Newcomers | None) -> None:
        """Limit those who are new, or not any more; the same once more changes nothing."""
        new, old = limit or NO_LIMIT, self.newcomers
        fits = 1 <= new.posts <= MOST_POSTS and 1 <= new.minutes <= MOST_MINUTES and 1 <= new.standing <= MOST_STANDING
        if limit is not None and not fits:
            raise BadPace(posts=MOST_POSTS, minutes=MOST_MINUTES, standing=MOST_STANDING, seconds=MOST_SECONDS)
        if new != old:
            self._newcomers_limited(
                old_posts=old.posts,
                old_minutes=old.minutes,
                old_standing=old.standing,
                new_posts=new.posts,
                new_minutes=new.minutes,
                new_standing=new.standing,
            )

    @event(NewcomersLimited)
    def _newcomers_limited(
        self, old_posts: int, old_minutes: int, old_standing: int, new_posts: int, new_minutes: int, new_standing: int
    ) -> None:
        self.newcomers = Newcomers(new_posts, new_minutes, new_standing)

    def slow_down(self, seconds: int) -> None:
        """Have each person wait between two posts, or not any more."""
        if checked_seconds(seconds) != self.slow:
            self._slowed(old=self.slow, new=seconds)

    @event(Slowed)
    def _slowed(self, old: int, new: int) -> None:
        self.slow = new
