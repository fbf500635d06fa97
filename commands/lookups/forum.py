"""What other contexts may know of the forum: who has written a post."""

from commands.log import Log
from domain.forum import Post, post_stream

FOR_EVER = (
    3_600.0  # seconds for which a post may be known from memory, where only its author is asked, who never changes
)


async def author_of(log: Log, thread_id: str, post_no: int) -> str:
    """
    Who has written a post, also an anonymous one: no other learner may see it.

    Raises:
        PostNotFound: the thread has no such post.
    """
    post = await log.read(Post, post_stream(thread_id, post_no), FOR_EVER)
    post.must_exist()
    return post.author
