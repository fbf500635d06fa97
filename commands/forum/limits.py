"""
Whether a person may post now, in these words: silence, the limit for newcomers, slow mode, lists of words.

All is computed from the facts of the person's posts, of which no count is kept. Each look is a condition of the append:
of two posts at once, by two processes, the later one is decided again. The staff are bound by none of it.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from commands.log import Log
from domain.fact import Fact
from domain.forum import Post, Thread, post_stream, thread_stream
from domain.forum.conduct import Conduct, conduct_stream
from domain.forum.folded_words import folded
from domain.forum.moderation import Moderation, moderation_stream
from domain.forum.pace_errors import SlowMode, TooManyPosts, WordRefused
from domain.forum.rules import NO_LIMIT, ForumRules, Newcomers, rules_stream
from domain.forum.word_list import CAMPUS, RUN, WordAction, WordList, word_list_stream
from domain.streams import named_ids
from domain.tags import QueryItem, tag

KNOWN_FOR = 1.0  # seconds for which rules, lists, and the run of a thread may be known from memory
NO_NEWCOMER = 500  # posts on the campus, with which no one is a newcomer anywhere
WRITTEN = ("text.written",)
_place = named_ids("thread_id", "post_no")


async def may_write(log: Log, learner_id: str, thread: Thread, *texts: str, by_staff: bool) -> list[str]:
    """
    The lists that have a word of a new post in a thread, `campus` or `run`.

    Raises:
        PersonSilenced, WordRefused, TooManyPosts, SlowMode: it is not posted, or not now.
    """
    lists = await may_edit(log, learner_id, thread.run_id, *texts, by_staff=by_staff)
    if not by_staff:
        await _must_be_in_pace(log, learner_id, thread)
    return lists


async def may_edit(log: Log, learner_id: str, run_id: str, *texts: str, by_staff: bool) -> list[str]:
    """The same for a post that says something else, which is no other post: PersonSilenced, WordRefused."""
    if by_staff:
        return []
    conduct = await log.read(Conduct, conduct_stream(learner_id, run_id))
    conduct.must_speak(log.context.at)
    return await _lists_that_flag(log, run_id, *texts)


async def _must_be_in_pace(log: Log, learner_id: str, thread: Thread) -> None:
    run_id = thread.run_id
    rules = await log.read(ForumRules, rules_stream(run_id), KNOWN_FOR)
    at = log.context.at
    if thread.slow:
        of_thread = (tag("learner", learner_id), tag("thread", thread.id_of("thread_id")))
        _must_wait(await log.facts((QueryItem(WRITTEN, of_thread),)), thread.slow, at)
    if not rules.slow and rules.newcomers == NO_LIMIT:
        return
    written = await log.streams((QueryItem(WRITTEN, (tag("learner", learner_id),)),))
    here = [place for each in written if await _run_of(log, (place := _place(each))[0]) == run_id]
    if rules.slow and here:
        newest = (tag("learner", learner_id), tag("thread", here[-1][0]))
        _must_wait(await log.facts((QueryItem(WRITTEN, newest),)), rules.slow, at)
    if rules.newcomers != NO_LIMIT and len(written) < NO_NEWCOMER:
        await _must_not_hurry(log, learner_id, run_id, here, rules.newcomers)


async def _must_not_hurry(
    log: Log, learner_id: str, run_id: str, here: Sequence[tuple[str, ...]], limit: Newcomers
) -> None:
    """Raise TooManyPosts for who is new and has posted as often as that is allowed; removed posts count, too."""
    standing = 0
    for thread_id, post_no in reversed(here):
        post = await log.read(Post, post_stream(thread_id, int(post_no)), KNOWN_FOR)
        standing += post.removed is None
        if standing >= limit.standing:
            return
    at, window = log.context.at, timedelta(minutes=limit.minutes)
    facts = await log.facts((QueryItem(WRITTEN, (tag("learner", learner_id),)),))
    own = set(here)
    times = sorted(
        fact.occurred_at for fact in facts if _place(fact.stream_id) in own and fact.occurred_at > at - window
    )
    if len(times) >= limit.posts:
        wait = _seconds(times[-limit.posts] + window - at)
        raise TooManyPosts(run_id=run_id, posts=limit.posts, minutes=limit.minutes, wait=wait)


def _must_wait(facts: Sequence[Fact], seconds: int, at: datetime) -> None:
    last = max((fact.occurred_at for fact in facts), default=None)
    if last is not None and (left := last + timedelta(seconds=seconds) - at) > timedelta():
        raise SlowMode(seconds=seconds, wait=_seconds(left))


def _seconds(left: timedelta) -> int:
    """Whole seconds, at least one, after which it is over."""
    return max(1, -(-left // timedelta(seconds=1)))


async def _run_of(log: Log, thread_id: str) -> str:
    return (await log.read(Thread, thread_stream(thread_id), KNOWN_FOR)).run_id


async def _lists_that_flag(log: Log, run_id: str, *texts: str) -> list[str]:
    flagged, tokens = [], None
    for scope, of_run in ((CAMPUS, None), (RUN, run_id)):
        words = await log.read(WordList, word_list_stream(of_run), KNOWN_FOR)
        if not words.words:
            continue
        tokens = tokens or folded("\n".join(texts))
        found = words.found_in(tokens)
        if found and found[0].action == WordAction.REFUSE:
            raise WordRefused(word=found[0].word)
        flagged += [scope] if found else []
    return flagged


async def flagged_cases(log: Log, run_id: str, post: Post, lists: list[str]) -> tuple[Moderation, ...]:
    """The case of a post that lists have a word of; nothing without one."""
    if not lists:
        return ()
    moderation = await log.load(Moderation, moderation_stream(post.id_of("thread_id"), post.post_no))
    moderation.flag(run_id, post.author, lists)
    return (moderation,)
