"""What a post has said before: for its author, who may take out what should not stay, and for the staff of the run."""

from datetime import UTC, datetime

import msgspec
from fastapi import Response

from adapters.command_bus.replay import replayed
from adapters.personal.opening import with_words
from adapters.postgres.queries import forum
from api.forum.fields import PostNo, ThreadId
from api.forum.viewer import not_found, viewer_of
from api.http.openapi import query
from api.http.query import QueryDep
from api.http.routing import router as strict_router
from api.http.types import RunId
from domain.forum import Post, post_stream, writing_stream
from projections.forum import Forum

router = strict_router("forum", "/v1/runs/{run_id}")
MOST = 100  # versions of an answer, the newest


class PostVersion(msgspec.Struct, kw_only=True):
    """What a post has said from a moment on; `edit_no` is 0 for what was written first."""

    edit_no: int
    written_at: datetime
    title: str
    text: str


class PostVersions(msgspec.Struct, kw_only=True):
    """What a post has said, the oldest first; of one that was changed very often, the newest hundred versions."""

    items: list[PostVersion]


AT = datetime(2026, 2, 14, 18, tzinfo=UTC)
EXAMPLE = PostVersions(items=[PostVersion(edit_no=0, written_at=AT, title="", text="Count **seven** rows of six.")])


@router.get("/threads/{thread_id}/posts/{post_no}/versions", responses=query(EXAMPLE, 403, 404))
async def list_post_versions(run_id: RunId, thread_id: ThreadId, post_no: PostNo, ask: QueryDep) -> Response:
    """What a post has said before it was changed, for its author and the staff of the run."""
    viewer = await viewer_of(ask, run_id)
    log, reader = ask.services.log, ask.services.reader
    thread = await ask.read_at_least(Forum.name, lambda: forum.thread(reader, run_id, thread_id, viewer))
    if thread.body is None:
        raise await not_found(ask, run_id, thread_id)
    post = await replayed(log, Post, post_stream(thread_id, post_no))
    post.must_exist()
    if not viewer.staff:
        post.must_be_by(viewer.learner_id)
    facts = await with_words(log.keys, await log.stream(writing_stream(post.author, thread_id, post_no)))
    versions = [
        PostVersion(edit_no=number, written_at=fact.occurred_at, title=fact.data["title"], text=fact.data["text"])
        for number, fact in enumerate(facts)
    ]
    answer = PostVersions(items=versions[-MOST:])
    return ask.reply(msgspec.json.encode(answer), max([thread.position, *(fact.position for fact in facts[-1:])]))
