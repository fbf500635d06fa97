"""Whom a post on a run mentions: people who write there under a name, and its staff; never who is only anonymous."""

from typing import Annotated

import msgspec
from fastapi import Query, Response

from adapters.command_bus.replay import replayed
from adapters.forum_people import EXAMPLE, ForumPerson, found_by_name, opened
from adapters.postgres.queries.forum_people import MOST_PEOPLE, mentionable
from api.forum.viewer import viewer_of
from api.http.dispatch import CommandDispatcher
from api.http.openapi import query
from api.http.query import QueryDep
from api.http.routing import router as strict_router
from api.http.services import Services
from api.http.types import NO_NUL, RunId
from domain.forum import NotMentionable, Post, mentioned_in, post_stream
from projections.forum_activity import ForumActivity

router = strict_router("forum", "/v1/runs/{run_id}")
MOST = 50  # people of an answer


class MentionablePeople(msgspec.Struct, kw_only=True):
    """Up to 50 people in the order of their names; a post mentions one by `@[learner_id]` in its text."""

    items: list[ForumPerson]


class _Found(msgspec.Struct, frozen=True):
    people: list[ForumPerson]
    position: int


@router.get("/mentionable", responses=query(MentionablePeople(items=[EXAMPLE]), 403, 404))
async def list_mentionable(
    *,
    run_id: RunId,
    ask: QueryDep,
    q: Annotated[str, Query(max_length=64, pattern=NO_NUL, description="A part of the name.")] = "",
) -> Response:
    """Whom the user can mention on a run: its staff, and who writes there under a name, those most who write most."""
    viewer = await viewer_of(ask, run_id)

    async def read() -> _Found:
        return await _people(ask.services, viewer.learner_id, run_id, None, MOST_PEOPLE if q else MOST)

    found = await ask.read_at_least(ForumActivity.name, read)
    people = MentionablePeople(items=found_by_name(found.people, q, MOST))
    return ask.reply(msgspec.json.encode(people), found.position)


async def must_be_mentionable(
    dispatch: CommandDispatcher, services: Services, run_id: str, text: str, post: tuple[str, int] | None = None
) -> None:
    """
    Refuse a learner's text that mentions a person whom that learner could not know of; the staff may mention all.

    Args:
        post: thread and number of the post that says something else: whom it mentions already, it may.

    Raises:
        NotMentionable: there is such a person, or none of that id.
    """
    new = mentioned_in(text)
    if new and post is not None:
        before = await replayed(services.log, Post, post_stream(*post))
        new = [each for each in new if before.author != dispatch.user.subject or each not in before.mentioned]
    if not new:
        return
    found = await _people(services, dispatch.user.subject, run_id, new, len(new))
    known = {each.learner_id for each in found.people}
    for learner_id in new:
        if learner_id not in known:
            raise NotMentionable(learner_id=learner_id, run_id=run_id)


async def _people(services: Services, me: str, run_id: str, ids: list[str] | None, most: int) -> _Found:
    course_id = await services.whereabouts.course_of_run(run_id)
    now = services.log.clock.now()
    rows, position = await mentionable(services.reader, run_id, course_id or "", me, ids, most=most, now=now)
    return _Found(await opened(services.log.keys, rows), position)
