"""
What people do in the forum of a run: ask, reply, edit, vote, accept, read; and what the staff decide about it.

A person either has a place on the run or is one of its staff (`by_staff`), as the policy has said.
"""

from dataclasses import dataclass

from commands.log import Log, Position
from commands.lookups.catalog import outline
from commands.lookups.enrollment import must_have_access
from domain.forum import (
    OPENING,
    CloseGround,
    NotAReply,
    NotTheAuthor,
    NotYourQuestion,
    OwnPost,
    Post,
    PostNotFound,
    Reading,
    RemovalGround,
    Thread,
    ThreadKind,
    ThreadLevel,
    Vote,
    VoteValue,
    Writing,
    post_stream,
    reading_stream,
    thread_stream,
    vote_stream,
    writing_stream,
)
from domain.progress import UnknownUnit

THERE_FOR = 1.0  # seconds for which it may be known from memory whether a number is taken


async def _must_take_part(log: Log, learner_id: str, run_id: str, *, by_staff: bool) -> None:
    if not by_staff:
        await must_have_access(log, learner_id, run_id)


async def _thread(log: Log, run_id: str, thread_id: str) -> Thread:
    """A thread of the run, to be changed."""
    thread = await log.load(Thread, thread_stream(thread_id))
    thread.must_be_of(run_id)
    return thread


async def _seen_thread(log: Log, run_id: str, thread_id: str) -> Thread:
    """A thread of the run, to look at; what rests on it is decided again if it changes."""
    thread = await log.read(Thread, thread_stream(thread_id))
    thread.must_be_of(run_id)
    return thread


async def _must_have_unit(log: Log, run_id: str, unit_id: str | None) -> None:
    run = await outline(log, run_id)
    if unit_id is not None and unit_id not in run.units:
        raise UnknownUnit(unit_id=unit_id, run_id=run_id)


async def _is_there(log: Log, thread_id: str, post_no: int) -> bool:
    return (await log.read(Post, post_stream(thread_id, post_no), THERE_FOR)).exists


async def _next_post(log: Log, thread_id: str) -> Post:
    """
    The post after the last one of a thread, blank.

    Numbers have no gaps, so the last is found by halves: some thirty looks into a thread of twenty thousand, and none
    of them reads the thread. Of two who find the same number, one is refused by the log and looks again.
    """
    there, beyond = OPENING, OPENING + 1
    while await _is_there(log, thread_id, beyond):
        there, beyond = beyond, beyond * 2
    while beyond - there > 1:
        middle = (there + beyond) // 2
        if await _is_there(log, thread_id, middle):
            there = middle
        else:
            beyond = middle
    while (post := await log.load(Post, post_stream(thread_id, beyond))).exists:
        beyond += 1
    return post


@dataclass(frozen=True)
class CreateThread:
    """A person opens a thread of a run: a question or a discussion, about a unit or about none."""

    learner_id: str
    run_id: str
    thread_id: str
    kind: ThreadKind
    unit_id: str | None
    title: str
    text: str
    anonymous: bool = False
    by_staff: bool = False


async def create_thread(command: CreateThread, log: Log) -> Position:
    learner_id, run_id, thread_id = command.learner_id, command.run_id, command.thread_id
    await _must_have_unit(log, run_id, command.unit_id)
    await _must_take_part(log, learner_id, run_id, by_staff=command.by_staff)
    thread = await log.load(Thread, thread_stream(thread_id))
    opening = await log.load(Post, post_stream(thread_id, OPENING))
    writing = await log.load(Writing, writing_stream(learner_id, thread_id, OPENING))
    thread.create(run_id, command.unit_id, command.kind)
    anonymous = command.anonymous and not command.by_staff
    opening.open(run_id, learner_id, anonymous=anonymous, by_staff=command.by_staff)
    writing.write(command.title, command.text)
    return await log.save(thread, opening, writing)


@dataclass(frozen=True)
class PostReply:
    """A person replies to a post, or comments on a reply."""

    learner_id: str
    run_id: str
    thread_id: str
    parent_no: int
    text: str
    anonymous: bool = False
    by_staff: bool = False


async def post_reply(command: PostReply, log: Log) -> Position:
    learner_id, thread_id = command.learner_id, command.thread_id
    thread = await _seen_thread(log, command.run_id, thread_id)
    await _must_take_part(log, learner_id, command.run_id, by_staff=command.by_staff)
    thread.must_be_open()
    parent = await log.read(Post, post_stream(thread_id, command.parent_no))
    parent.must_be_shown()
    post = await _next_post(log, thread_id)
    writing = await log.load(Writing, writing_stream(learner_id, thread_id, post.post_no))
    anonymous = command.anonymous and not command.by_staff
    post.reply(command.run_id, parent, learner_id, anonymous=anonymous, by_staff=command.by_staff)
    writing.write("", command.text)
    return await log.save(post, writing)


@dataclass(frozen=True)
class EditPost:
    """A person says something else in an own post; a title in the first of a thread, and in no other."""

    learner_id: str
    run_id: str
    thread_id: str
    post_no: int
    title: str
    text: str
    by_staff: bool = False


async def edit_post(command: EditPost, log: Log) -> Position:
    learner_id, thread_id = command.learner_id, command.thread_id
    thread = await _seen_thread(log, command.run_id, thread_id)
    await _must_take_part(log, learner_id, command.run_id, by_staff=command.by_staff)
    thread.must_be_open()
    post = await log.read(Post, post_stream(thread_id, command.post_no))
    post.must_be_by(learner_id)
    post.must_be_shown()
    stream = writing_stream(learner_id, thread_id, command.post_no)
    writing = await log.load(Writing, stream)
    writing.edit(command.title, command.text, await log.words_key(stream))
    return await log.save(writing)


@dataclass(frozen=True)
class RemovePost:
    """The staff show a post no more, or its author, who has no other ground than the own wish."""

    learner_id: str
    run_id: str
    thread_id: str
    post_no: int
    ground: RemovalGround
    by_staff: bool = False


async def remove_post(command: RemovePost, log: Log) -> Position:
    await _seen_thread(log, command.run_id, command.thread_id)
    post = await log.load(Post, post_stream(command.thread_id, command.post_no))
    if not command.by_staff:
        post.must_be_by(command.learner_id)
    own = post.author == command.learner_id
    post.remove(RemovalGround.OWN_WISH if own else command.ground)
    return await log.save(post)


@dataclass(frozen=True)
class RestorePost:
    """The staff show a removed post again; its author, where it was the own wish."""

    learner_id: str
    run_id: str
    thread_id: str
    post_no: int
    by_staff: bool = False


async def restore_post(command: RestorePost, log: Log) -> Position:
    await _seen_thread(log, command.run_id, command.thread_id)
    post = await log.load(Post, post_stream(command.thread_id, command.post_no))
    if not command.by_staff:
        post.must_be_by(command.learner_id)
        if post.removed not in (None, RemovalGround.OWN_WISH):
            raise NotTheAuthor(**post.place)
    post.restore()
    return await log.save(post)


@dataclass(frozen=True)
class AcceptAnswer:
    """Who has asked, or the staff, say which reply answers a question; None for none after all."""

    learner_id: str
    run_id: str
    thread_id: str
    post_no: int | None
    by_staff: bool = False


async def accept_answer(command: AcceptAnswer, log: Log) -> Position:
    thread = await _thread(log, command.run_id, command.thread_id)
    opening = await log.read(Post, post_stream(command.thread_id, OPENING))
    if not command.by_staff and opening.author != command.learner_id:
        raise NotYourQuestion(thread_id=command.thread_id)
    if command.post_no is None:
        thread.withdraw_answer(by_staff=command.by_staff)
        return await log.save(thread)
    answer = await log.read(Post, post_stream(command.thread_id, command.post_no))
    answer.must_be_shown()
    if thread.kind != ThreadKind.QUESTION or answer.depth == 0:
        raise NotAReply(**answer.place)
    thread.accept(command.post_no, answer.author, by_staff=command.by_staff)
    return await log.save(thread)


@dataclass(frozen=True)
class CastVote:
    """A person votes for a post (1), against it (-1), or not any more (0)."""

    learner_id: str
    run_id: str
    thread_id: str
    post_no: int
    value: VoteValue | None
    by_staff: bool = False


async def cast_vote(command: CastVote, log: Log) -> Position:
    learner_id, thread_id = command.learner_id, command.thread_id
    await _seen_thread(log, command.run_id, thread_id)
    await _must_take_part(log, learner_id, command.run_id, by_staff=command.by_staff)
    post = await log.read(Post, post_stream(thread_id, command.post_no))
    post.must_exist()
    vote = await log.load(Vote, vote_stream(learner_id, thread_id, command.post_no))
    if command.value is None:
        vote.withdraw()
        return await log.save(vote)
    post.must_be_shown()
    if post.author == learner_id:
        raise OwnPost(**post.place)
    vote.cast(command.value)
    return await log.save(vote)


@dataclass(frozen=True)
class ReadThread:
    """A person has read a thread up to a post."""

    learner_id: str
    run_id: str
    thread_id: str
    post_no: int
    by_staff: bool = False


async def read_thread(command: ReadThread, log: Log) -> Position:
    await _seen_thread(log, command.run_id, command.thread_id)
    await _must_take_part(log, command.learner_id, command.run_id, by_staff=command.by_staff)
    if not await _is_there(log, command.thread_id, command.post_no):
        raise PostNotFound(thread_id=command.thread_id, post_no=command.post_no)
    reading = await log.load(Reading, reading_stream(command.learner_id, command.thread_id))
    reading.read_through(command.post_no)
    return await log.save(reading)


@dataclass(frozen=True)
class SetThreadLevel:
    """A person wants to hear more, or less, of a thread."""

    learner_id: str
    run_id: str
    thread_id: str
    level: ThreadLevel
    by_staff: bool = False


async def set_thread_level(command: SetThreadLevel, log: Log) -> Position:
    await _seen_thread(log, command.run_id, command.thread_id)
    await _must_take_part(log, command.learner_id, command.run_id, by_staff=command.by_staff)
    reading = await log.load(Reading, reading_stream(command.learner_id, command.thread_id))
    reading.set_level(command.level)
    return await log.save(reading)


@dataclass(frozen=True)
class PinThread:
    """The staff show a thread before all others, or no longer."""

    run_id: str
    thread_id: str
    pinned: bool


async def pin_thread(command: PinThread, log: Log) -> Position:
    thread = await _thread(log, command.run_id, command.thread_id)
    thread.pin(pinned=command.pinned)
    return await log.save(thread)


@dataclass(frozen=True)
class CloseThread:
    """The staff take no more posts in a thread."""

    run_id: str
    thread_id: str
    ground: CloseGround


async def close_thread(command: CloseThread, log: Log) -> Position:
    thread = await _thread(log, command.run_id, command.thread_id)
    thread.close(command.ground)
    return await log.save(thread)


@dataclass(frozen=True)
class ReopenThread:
    """The staff take posts in a closed thread again."""

    run_id: str
    thread_id: str


async def reopen_thread(command: ReopenThread, log: Log) -> Position:
    thread = await _thread(log, command.run_id, command.thread_id)
    thread.reopen()
    return await log.save(thread)


@dataclass(frozen=True)
class MoveThread:
    """The staff tie a thread to another unit of the run, or to none."""

    run_id: str
    thread_id: str
    unit_id: str | None


async def move_thread(command: MoveThread, log: Log) -> Position:
    await _must_have_unit(log, command.run_id, command.unit_id)
    thread = await _thread(log, command.run_id, command.thread_id)
    thread.move(command.unit_id)
    return await log.save(thread)
