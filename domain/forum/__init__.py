"""
The forum of a run: threads with numbered posts, what is written in them, votes, and how far each person has read.

What happens to a thread and its posts lies on streams that are keyed by the thread; what a person writes, votes and
reads on streams that are keyed by that person, so that it is sealed and erased with the key of the person
(decisions/0420).
"""

from domain.forum.errors import (
    BadText,
    BadTitle,
    BadTopicOrder,
    FirstTopic,
    NotAReply,
    NotMentionable,
    NotTheAuthor,
    NotYourQuestion,
    OwnPost,
    PostNotFound,
    PostRemoved,
    StaffTopic,
    ThreadClosed,
    ThreadExists,
    ThreadNotFound,
    TooDeep,
    TooManyMentions,
    TooManyTopics,
    TopicArchived,
    TopicExists,
    TopicNotFound,
)
from domain.forum.mentions import MENTION, MOST_MENTIONS, mentioned_in
from domain.forum.post import DEEPEST, OPENING, Post, RemovalGround, post_stream
from domain.forum.reading import Reading, ThreadLevel, reading_stream
from domain.forum.thread import CloseGround, Thread, ThreadKind, thread_stream
from domain.forum.topics import (
    FIRST_TOPIC,
    LONGEST_DESCRIPTION,
    LONGEST_TOPIC_NAME,
    MOST_TOPICS,
    Topic,
    Topics,
    WhoPosts,
    topics_stream,
)
from domain.forum.vote import Vote, VoteValue, vote_stream
from domain.forum.writing import LONGEST_TEXT, LONGEST_TITLE, Writing, writing_stream

__all__ = [
    "DEEPEST",
    "FIRST_TOPIC",
    "LONGEST_DESCRIPTION",
    "LONGEST_TEXT",
    "LONGEST_TITLE",
    "LONGEST_TOPIC_NAME",
    "MENTION",
    "MOST_MENTIONS",
    "MOST_TOPICS",
    "OPENING",
    "BadText",
    "BadTitle",
    "BadTopicOrder",
    "CloseGround",
    "FirstTopic",
    "NotAReply",
    "NotMentionable",
    "NotTheAuthor",
    "NotYourQuestion",
    "OwnPost",
    "Post",
    "PostNotFound",
    "PostRemoved",
    "Reading",
    "RemovalGround",
    "StaffTopic",
    "Thread",
    "ThreadClosed",
    "ThreadExists",
    "ThreadKind",
    "ThreadLevel",
    "ThreadNotFound",
    "TooDeep",
    "TooManyMentions",
    "TooManyTopics",
    "Topic",
    "TopicArchived",
    "TopicExists",
    "TopicNotFound",
    "Topics",
    "Vote",
    "VoteValue",
    "WhoPosts",
    "Writing",
    "mentioned_in",
    "post_stream",
    "reading_stream",
    "thread_stream",
    "topics_stream",
    "vote_stream",
    "writing_stream",
]
