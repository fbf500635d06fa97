"""What the staff decide about the pace of a run's forum and the words of its lists."""

from collections.abc import Sequence
from dataclasses import dataclass

from commands.forum.loading import thread_of
from commands.log import Log, Position
from commands.lookups.catalog import outline
from domain.forum.rules import ForumRules, Newcomers, rules_stream
from domain.forum.word_list import WordAction, WordList, word_list_stream


@dataclass(frozen=True)
class SetForumPace:
    """
    The staff of a run limit those who are new, and have each person wait between two posts.

    Attributes:
        newcomers: None for no limit.
        slow: seconds, 0 for none.
    """

    run_id: str
    newcomers: Newcomers | None
    slow: int


async def set_forum_pace(command: SetForumPace, log: Log) -> Position:
    await outline(log, command.run_id)
    rules = await log.load(ForumRules, rules_stream(command.run_id))
    rules.limit_newcomers(command.newcomers)
    rules.slow_down(command.slow)
    return await log.save(rules)


@dataclass(frozen=True)
class SlowThread:
    """The staff have each person wait between two posts of a thread; 0 seconds for no longer."""

    run_id: str
    thread_id: str
    seconds: int


async def slow_thread(command: SlowThread, log: Log) -> Position:
    thread = await thread_of(log, command.run_id, command.thread_id)
    thread.slow_down(command.seconds)
    return await log.save(thread)


@dataclass(frozen=True)
class SetForumWords:
    """The staff of a run, or of the campus without one, say which words a list has for an action."""

    run_id: str | None
    action: WordAction
    words: Sequence[str]


async def set_forum_words(command: SetForumWords, log: Log) -> Position:
    if command.run_id is not None:
        await outline(log, command.run_id)
    words = await log.load(WordList, word_list_stream(command.run_id))
    words.set_words(command.action, command.words)
    return await log.save(words)
