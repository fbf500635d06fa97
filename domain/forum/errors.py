"""What can be wrong with a command of the forum."""

from domain.errors import Conflict, Forbidden, NotFound, Rejected


class ThreadNotFound(NotFound):
    """The run has no thread of this id."""

    code = "thread_not_found"
    template = "run {run_id} has no thread {thread_id}"


class ThreadExists(Conflict):
    """A thread of this id is there."""

    code = "thread_exists"
    template = "there is a thread {thread_id}: take another id"


class PostNotFound(NotFound):
    """The thread has no post of this number."""

    code = "post_not_found"
    template = "thread {thread_id} has no post {post_no}"


class PostRemoved(Conflict):
    """A removed post is not answered, changed, accepted or voted for."""

    code = "post_removed"
    template = "post {post_no} of thread {thread_id} is removed"


class ThreadClosed(Conflict):
    """A closed thread takes no posts."""

    code = "thread_closed"
    template = "thread {thread_id} is closed"


class TooDeep(Conflict):
    """A comment on a reply is not commented on."""

    code = "too_deep"
    template = "post {post_no} of thread {thread_id} is a comment: answer the reply that it is on"


class NotTheAuthor(Forbidden):
    """Posts are changed by who has written them."""

    code = "not_the_author"
    template = "only who has written post {post_no} of thread {thread_id} may do this"


class NotYourQuestion(Forbidden):
    """Who has asked, and the staff, say which answer is accepted."""

    code = "not_your_question"
    template = "only who has opened thread {thread_id}, and the staff, may do this"


class NotAReply(Conflict):
    """Only a reply to a question is an answer."""

    code = "not_a_reply"
    template = "post {post_no} of thread {thread_id} is no reply to a question"


class OwnPost(Forbidden):
    """No one votes for the own post."""

    code = "own_post"
    template = "post {post_no} of thread {thread_id} is your own"


class NotMentionable(Rejected):
    """A mention of a person who does not write on the run, or of the author; the same for one who does not exist."""

    code = "not_mentionable"
    template = "{learner_id} is not one of the people of run {run_id} whom you can mention"


class TooManyMentions(Rejected):
    """A post mentions a few people."""

    code = "too_many_mentions"
    template = "a post mentions at most {most} people"


class BadTitle(Rejected):
    """The first post of a thread has a title of some length, and no other post has one."""

    code = "bad_title"
    template = "the first post of a thread, and no other, has a title, of at most {most} characters"


class BadText(Rejected):
    """A text that is too long, or empty."""

    code = "bad_text"
    template = "a text has 1 to {most} characters"


class TopicNotFound(NotFound):
    """The forum of the run has no such topic, or none that this person sees."""

    code = "topic_not_found"
    template = "the forum of run {run_id} has no topic {topic_id}"


class TopicExists(Conflict):
    """A topic of the run is called so."""

    code = "topic_exists"
    template = "the forum of run {run_id} has a topic {name}: take another name"


class TooManyTopics(Conflict):
    """A run has as many topics as there can be."""

    code = "too_many_topics"
    template = "the forum of run {run_id} has {most} topics: archive one first"


class TopicArchived(Conflict):
    """An archived topic takes no threads and no posts."""

    code = "topic_archived"
    template = "topic {topic_id} is archived"


class StaffTopic(Forbidden):
    """Only the staff post in the topic."""

    code = "topic_of_staff"
    template = "only the staff of the run post in topic {topic_id}"


class FirstTopic(Conflict):
    """The first topic of a run is not archived: threads need a place."""

    code = "first_topic"
    template = "the first topic of run {run_id} is not archived"


class BadTopicOrder(Rejected):
    """An order of topics names each of them once."""

    code = "bad_topic_order"
    template = "an order names each topic of run {run_id} once"
