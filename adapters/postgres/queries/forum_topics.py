"""
The topics of a run's forum, for one reader, as SQL over rows of projections/forum.py.

The first topic has no row before something is decided about it; a topic for another cohort is left out.
"""

from typing import Annotated

import msgspec

from adapters.postgres.queries.forum import AT, COUNTS, OF_READER, SEEN_BY, ForumReader
from adapters.postgres.queries.json_answer import json_object
from adapters.postgres.queries.reader import Answer, Reader
from domain.forum import FIRST_TOPIC, WhoPosts
from domain.words import closed as one_of


class ForumTopic(msgspec.Struct, kw_only=True):
    """
    A topic.

    Attributes:
        name: empty for the first topic of a run, as long as the staff call it nothing else.
        who_posts: who opens threads and replies there.
        cohort_id: for whose learners it is; null for all.
        archived: whether it takes no threads and posts any more.
        threads: how many the reader sees; *unread_threads* have *unread* posts that are new to the reader.
    """

    topic_id: str
    name: str
    description: str
    who_posts: Annotated[str, one_of(WhoPosts)]
    cohort_id: str | None
    archived: bool
    threads: int
    unread_threads: int
    unread: int


class TopicList(msgspec.Struct, kw_only=True):
    """The topics of a run, in their order, archived ones last."""

    items: list[ForumTopic]


EXAMPLE = TopicList(
    items=[
        ForumTopic(
            topic_id="3f0d9c7f0a1b27c3d8e4f5a6b7c8d9e0",
            name="Homework",
            description="What you are stuck with",
            who_posts="all",
            cohort_id="spring",
            archived=False,
            threads=12,
            unread_threads=1,
            unread=3,
        )
    ]
)
_HEARD = "counted.unread > 0 AND own.level <> 'muted'"
_TOPIC = json_object(
    ForumTopic,
    **{name: f"topic.{name}" for name in ("topic_id", "name", "description", "who_posts", "cohort_id", "archived")},
    **{name: f"coalesce(held.{name}, 0)" for name in ("threads", "unread_threads", "unread")},
)
TOPICS = f"""
WITH listed AS (
    SELECT topic_id, name, description, who_posts, cohort_id, archived, place FROM forum_topics
     WHERE run_id = %(run)s AND (%(staff)s OR cohort_id IS NULL OR cohort_id = %(cohort)s)
    UNION ALL
    SELECT '{FIRST_TOPIC}', '', '', '{WhoPosts.ALL.value}', NULL, false, 0
     WHERE NOT EXISTS (SELECT FROM forum_topics WHERE run_id = %(run)s AND topic_id = '{FIRST_TOPIC}')
), held AS (
    SELECT thread.topic_id, count(*) AS threads, count(*) FILTER (WHERE {_HEARD}) AS unread_threads,
           coalesce(sum(counted.unread) FILTER (WHERE {_HEARD}), 0) AS unread
      {OF_READER} {COUNTS} WHERE thread.run_id = %(run)s AND {SEEN_BY} GROUP BY thread.topic_id
)
SELECT {AT}, (SELECT json_build_object('items', coalesce(json_agg({_TOPIC} ORDER BY topic.archived, topic.place,
           topic.topic_id), '[]'))::text FROM listed AS topic LEFT JOIN held USING (topic_id))
"""


async def topics(reader: Reader, run_id: str, me: ForumReader) -> Answer:
    """The topics of a run that a person sees."""
    return await reader.answer(TOPICS, {"run": run_id, **me.parameters})
