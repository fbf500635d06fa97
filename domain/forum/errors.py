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


class TooManyQuotes(Rejected):
    """A post quotes a few times."""

    code = "too_many_quotes"
    template = "a post quotes at most {most} times"


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


class ThreadMerged(Conflict):
    """A thread that was merged into another one takes no posts, and goes where that one goes."""

    code = "thread_merged"
    template = "thread {thread_id} was merged into thread {into}: go on there"


class MergedIntoItself(Rejected):
    """A thread is merged into another one."""

    code = "merged_into_itself"
    template = "thread {thread_id} is merged into another thread, not into itself"


class OtherReaders(Conflict):
    """What only one cohort sees is not merged into what others see, nor the other way round."""

    code = "other_readers"
    template = "threads {thread_id} and {into} are in topics that others see: put them into the same topic first"


class TooManyMerged(Conflict):
    """As many threads as there can be are merged into the thread."""

    code = "too_many_merged"
    template = "{most} threads are merged into thread {thread_id}: that is the most"


class ThreadElsewhere(NotFound):
    """The thread is now one of another run, where this person may read it."""

    code = "thread_elsewhere"
    template = "thread {thread_id} is not in run {run_id} any more, but in run {to_run}"


class ModerationWaits(Conflict):
    """A thread with a post about which the staff have to decide stays in its run until they have."""

    code = "moderation_waits"
    template = "a post of thread {thread_id} is reported, or its author appeals: decide about that first"
