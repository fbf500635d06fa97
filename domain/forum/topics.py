"""
The topics of a run's forum: what they are called, in which order, who may post there, and for which cohort they are.

All topics of a run are one stream: they are few, and rules are about all of them (names, order, how many). The first
topic is there without a fact, for threads of before and of runs where the staff have made none (decisions/0490).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from domain.aggregate import Aggregate, event, stream_id
from domain.forum.errors import (
    BadTopicOrder,
    FirstTopic,
    StaffTopic,
    TooManyTopics,
    TopicArchived,
    TopicExists,
    TopicNotFound,
)

FIRST_TOPIC = "general"  # of each run, without a fact
MOST_TOPICS = 50  # of a run that are not archived
LONGEST_TOPIC_NAME = 100  # characters
LONGEST_DESCRIPTION = 500  # characters


class WhoPosts(StrEnum):
    """Who opens threads and replies in a topic; everyone who sees it reads."""

    ALL = "all"
    STAFF = "staff"


def topics_stream(run_id: str) -> str:
    """The stream of the topics of a run."""
    return stream_id("topics", run_id)


@dataclass(frozen=True)
class Topic:
    """A topic; one with a cohort is seen by that cohort's learners and the staff, and that never changes."""

    topic_id: str
    name: str = ""
    description: str = ""
    who_posts: str = WhoPosts.ALL.value
    cohort_id: str | None = None
    archived: bool = False

    def must_take_posts(self, *, by_staff: bool) -> None:
        """Raise TopicArchived, or StaffTopic for a learner where only the staff post."""
        if self.archived:
            raise TopicArchived(topic_id=self.topic_id)
        if self.who_posts == WhoPosts.STAFF and not by_staff:
            raise StaffTopic(topic_id=self.topic_id)

    def is_seen_by(self, cohort_id: str | None) -> bool:
        """Whether learners of this cohort see it, None for those who are in none."""
        return self.cohort_id is None or self.cohort_id == cohort_id


class Topics(Aggregate):
    """
    The topics of one run.

    Attributes:
        topics: by id, archived ones among them.
        order: the ids of all, in which they are shown.
    """

    category = "topics"
    ids = ("run_id",)
    keyed_by = "run_id"

    class Created(Aggregate.Event):
        TOPIC = "topic.created"
        topic_id: str
        name: str
        description: str
        who_posts: str
        cohort_id: str | None

    class Changed(Aggregate.Event):
        TOPIC = "topic.changed"
        topic_id: str
        old_name: str
        new_name: str
        old_description: str
        new_description: str
        old_who_posts: str
        new_who_posts: str

    class Ordered(Aggregate.Event):
        """The ids of all topics, as they are shown."""

        TOPIC = "topics.ordered"
        old: list[str]
        new: list[str]

    class Archived(Aggregate.Event):
        TOPIC = "topic.archived"
        topic_id: str

    class Unarchived(Aggregate.Event):
        TOPIC = "topic.unarchived"
        topic_id: str

    def initial_state(self) -> None:
        self.topics: dict[str, Topic] = {FIRST_TOPIC: Topic(FIRST_TOPIC)}
        self.order: list[str] = [FIRST_TOPIC]

    def topic(self, topic_id: str) -> Topic:
        """One of them; raises TopicNotFound."""
        if topic_id not in self.topics:
            raise TopicNotFound(run_id=self.id_of("run_id"), topic_id=topic_id)
        return self.topics[topic_id]

    def create(self, topic_id: str, name: str, description: str, who_posts: WhoPosts, cohort_id: str | None) -> None:
        """Make a topic, after all others."""
        if topic_id in self.topics:
            raise TopicExists(run_id=self.id_of("run_id"), name=self.topics[topic_id].name or topic_id)
        self._must_have_room()
        name, description = name.strip(), description.strip()
        self._must_be_free(name, topic_id)
        self._created(
            topic_id=topic_id, name=name, description=description, who_posts=who_posts.value, cohort_id=cohort_id
        )

    @event(Created)
    def _created(self, topic_id: str, name: str, description: str, who_posts: str, cohort_id: str | None) -> None:
        self.topics[topic_id] = Topic(topic_id, name, description, who_posts, cohort_id)
        self.order.append(topic_id)

    def change(self, topic_id: str, name: str, description: str, who_posts: WhoPosts) -> None:
        """Call it something else, or let others post there; the same again changes nothing."""
        topic, name, description = self.topic(topic_id), name.strip(), description.strip()
        if (name, description, who_posts.value) == (topic.name, topic.description, topic.who_posts):
            return
        self._must_be_free(name, topic_id)
        self._changed(
            topic_id=topic_id,
            old_name=topic.name,
            new_name=name,
            old_description=topic.description,
            new_description=description,
            old_who_posts=topic.who_posts,
            new_who_posts=who_posts.value,
        )

    @event(Changed)
    def _changed(
        self,
        topic_id: str,
        old_name: str,
        new_name: str,
        old_description: str,
        new_description: str,
        old_who_posts: str,
        new_who_posts: str,
    ) -> None:
        topic = self.topics[topic_id]
        self.topics[topic_id] = replace(topic, name=new_name, description=new_description, who_posts=new_who_posts)

    def put_in_order(self, topic_ids: Sequence[str]) -> None:
        """Show them in this order: all of them, each once."""
        if sorted(topic_ids) != sorted(self.topics):
            raise BadTopicOrder(run_id=self.id_of("run_id"))
        if list(topic_ids) != self.order:
            self._ordered(old=list(self.order), new=list(topic_ids))

    @event(Ordered)
    def _ordered(self, old: list[str], new: list[str]) -> None:
        self.order = list(new)

    def archive(self, topic_id: str) -> None:
        """Take no more threads and posts in it; what stands there is read as before."""
        topic = self.topic(topic_id)
        if topic_id == FIRST_TOPIC:
            raise FirstTopic(run_id=self.id_of("run_id"))
        if not topic.archived:
            self._archived(topic_id=topic_id)

    @event(Archived)
    def _archived(self, topic_id: str) -> None:
        self.topics[topic_id] = replace(self.topics[topic_id], archived=True)

    def unarchive(self, topic_id: str) -> None:
        """Take threads and posts in it again."""
        if self.topic(topic_id).archived:
            self._must_have_room()
            self._must_be_free(self.topics[topic_id].name, topic_id)
            self._unarchived(topic_id=topic_id)

    @event(Unarchived)
    def _unarchived(self, topic_id: str) -> None:
        self.topics[topic_id] = replace(self.topics[topic_id], archived=False)

    def _must_have_room(self) -> None:
        if sum(not topic.archived for topic in self.topics.values()) >= MOST_TOPICS:
            raise TooManyTopics(run_id=self.id_of("run_id"), most=MOST_TOPICS)

    def _must_be_free(self, name: str, topic_id: str) -> None:
        others = (each for each in self.topics.values() if each.topic_id != topic_id and not each.archived)
        if any(each.name.casefold() == name.casefold() for each in others):
            raise TopicExists(run_id=self.id_of("run_id"), name=name)
