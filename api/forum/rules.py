"""Rules of a run's forum, for its staff: pace, slow threads, and lists of words."""

from typing import Annotated

import msgspec
from fastapi import Response
from pydantic import Field

from adapters.command_bus.replay import replayed
from api.forum.fields import ThreadId
from api.http.dispatch import Accepted, Body, Dispatch, example
from api.http.openapi import command, query
from api.http.query import QueryContext, QueryDep
from api.http.routing import router as strict_router
from api.http.types import NO_CONTROLS, RunId
from commands.forum import rules as commands
from domain.forum.rules import (
    MOST_MINUTES,
    MOST_POSTS,
    MOST_SECONDS,
    MOST_STANDING,
    NO_LIMIT,
    ForumRules,
    Newcomers,
    rules_stream,
)
from domain.forum.word_list import LONGEST_WORD, WordAction, WordList, word_list_stream
from domain.forum.word_list import MOST_WORDS as MOST_ENTRIES

router = strict_router("forum", "/v1")

OF_RUN = "/runs/{run_id}"
Entry = Annotated[str, Field(min_length=1, max_length=LONGEST_WORD, pattern=NO_CONTROLS)]
Seconds = Annotated[int, Field(ge=0, le=MOST_SECONDS, description="Between two posts of a person; 0 for none.")]


class NewcomerLimit(Body):
    """Who has fewer than `standing` posts that are shown posts at most `posts` times in `minutes`."""

    model_config = example(posts=3, minutes=60, standing=5)

    posts: Annotated[int, Field(ge=1, le=MOST_POSTS)]
    minutes: Annotated[int, Field(ge=1, le=MOST_MINUTES)]
    standing: Annotated[int, Field(ge=1, le=MOST_STANDING)]


class NewPace(Body):
    """How often newcomers post, null for as often as others; and the seconds between two posts of anyone."""

    model_config = example(newcomers={"posts": 3, "minutes": 60, "standing": 5}, slow_seconds=0)

    newcomers: NewcomerLimit | None
    slow_seconds: Seconds


class SlowedThread(Body):
    """The seconds between two posts of a person in a thread."""

    model_config = example(seconds=60)

    seconds: Seconds


class NewWords(Body):
    """The words and phrases of a list for one action; those of the other action stay, but for these."""

    model_config = example(action="flag", words=["fool", "cheap pills"])

    action: Annotated[WordAction, Field(strict=False)]
    words: Annotated[list[Entry], Field(max_length=MOST_ENTRIES)]


class LimitOfNewcomers(msgspec.Struct, kw_only=True):
    """Who has fewer than *standing* posts that are shown posts at most *posts* times in *minutes*."""

    posts: int
    minutes: int
    standing: int


class ListOfWords(msgspec.Struct, kw_only=True):
    """Words and phrases that put a post before the staff, and those that are not posted."""

    flag: list[str]
    refuse: list[str]


class RulesOfForum(msgspec.Struct, kw_only=True):
    """
    The rules of a run's forum.

    Attributes:
        newcomers: null for no limit; *slow_seconds* lie between two posts of a person, 0 for none.
        words: of the run; *campus_words* hold in every run.
    """

    newcomers: LimitOfNewcomers | None
    slow_seconds: int
    words: ListOfWords
    campus_words: ListOfWords


WORDS = ListOfWords(flag=["cheap pills"], refuse=["fool"])
RULES = RulesOfForum(
    newcomers=LimitOfNewcomers(posts=3, minutes=60, standing=5), slow_seconds=30, words=WORDS, campus_words=WORDS
)


@router.get(f"{OF_RUN}/forum-rules", responses=query(RULES, 403, 404))
async def get_forum_rules(run_id: RunId, ask: QueryDep) -> Response:
    """The pace of a run's forum, and the lists of words that hold there."""
    await ask.check_run(run_id)
    log = ask.services.log
    head = await log.head()
    ask.must_reach(head)
    rules = await replayed(log, ForumRules, rules_stream(run_id))
    limit = None if rules.newcomers == NO_LIMIT else LimitOfNewcomers(**rules.newcomers._asdict())
    found = RulesOfForum(
        newcomers=limit,
        slow_seconds=rules.slow,
        words=await _words(ask, run_id),
        campus_words=await _words(ask, None),
    )
    return ask.reply(msgspec.json.encode(found), head)


@router.get("/forum-words", responses=query(WORDS, 403))
async def get_campus_forum_words(ask: QueryDep) -> Response:
    """The list of words that holds in the forum of every run."""
    head = await ask.services.log.head()
    ask.must_reach(head)
    return ask.reply(msgspec.json.encode(await _words(ask, None)), head)


async def _words(ask: QueryContext, run_id: str | None) -> ListOfWords:
    words = (await replayed(ask.services.log, WordList, word_list_stream(run_id))).words
    by_action = {each.value: sorted(word for word, action in words.items() if action == each) for each in WordAction}
    return ListOfWords(**by_action)


@router.post(f"{OF_RUN}/forum-rules", status_code=202, response_model=Accepted, responses=command(403, 404))
async def set_forum_pace(run_id: RunId, body: NewPace, dispatch: Dispatch) -> Response:
    """Limit those who are new in the forum of a run, and slow everyone down; the staff are bound by neither."""
    limit = None if body.newcomers is None else Newcomers(**body.newcomers.model_dump())
    return await dispatch(commands.SetForumPace(run_id, limit, body.slow_seconds))


@router.post(f"{OF_RUN}/forum-words", status_code=202, response_model=Accepted, responses=command(403, 404))
async def set_forum_words(run_id: RunId, body: NewWords, dispatch: Dispatch) -> Response:
    """Say which words put a post of the run before the staff, or are not posted."""
    return await dispatch(commands.SetForumWords(run_id, body.action, tuple(body.words)))


@router.post("/forum-words", status_code=202, response_model=Accepted, responses=command(403))
async def set_campus_forum_words(body: NewWords, dispatch: Dispatch) -> Response:
    """Say which words put a post of any run before its staff, or are not posted."""
    return await dispatch(commands.SetForumWords(None, body.action, tuple(body.words)))


@router.post(
    f"{OF_RUN}/threads/{{thread_id}}/slow", status_code=202, response_model=Accepted, responses=command(403, 404)
)
async def slow_thread(run_id: RunId, thread_id: ThreadId, body: SlowedThread, dispatch: Dispatch) -> Response:
    """Have each person wait between two posts of a thread."""
    return await dispatch(commands.SlowThread(run_id, thread_id, body.seconds))
