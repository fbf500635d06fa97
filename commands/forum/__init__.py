"""
What people do in the forum of a run: ask, reply, edit, vote, accept, read. What only the staff decide is in threads.py.

A person either has a place on the run or is one of its staff (`by_staff`), as the policy has said.
"""

from dataclasses import dataclass

from commands.forum.limits import flagged_cases, may_edit, may_write
from commands.forum.loading import (
    is_there,
    must_have_unit,
    must_see,
    must_take_part,
    next_post,
    seen_thread,
    seen_topic,
    thread_of,
    topic_of,
)
from commands.forum.mentioning import mention
from commands.forum.moderation import noted_removal
from commands.forum.quoting import quoting
from commands.log import Log, Position
from domain.forum import (
    FIRST_TOPIC,
    OPENING,
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
from domain.forum.moderation_errors import GroundNeeded


@dataclass(frozen=True)
class CreateThread:
    """A person opens a thread in a topic of a run: a question or a discussion, about a unit or about none."""

    learner_id: str
    run_id: str
    thread_id: str
    kind: ThreadKind
    unit_id: str | None
    title: str
    text: str
    anonymous: bool = False
    by_staff: bool = False
    topic_id: str = FIRST_TOPIC


async def create_thread(command: CreateThread, log: Log) -> Position:
    learner_id, run_id, thread_id = command.learner_id, command.run_id, command.thread_id
    await must_have_unit(log, run_id, command.unit_id)
    await must_take_part(log, learner_id, run_id, by_staff=command.by_staff)
    topic = await seen_topic(log, learner_id, run_id, command.topic_id, by_staff=command.by_staff)
    topic.must_take_posts(by_staff=command.by_staff)
    thread = await log.load(Thread, thread_stream(thread_id))
    opening = await log.load(Post, post_stream(thread_id, OPENING))
    writing = await log.load(Writing, writing_stream(learner_id, thread_id, OPENING))
    thread.create(run_id, command.topic_id, command.unit_id, command.kind)
    lists = await may_write(log, learner_id, thread, command.title, command.text, by_staff=command.by_staff)
    anonymous = command.anonymous and not command.by_staff
    opening.open(run_id, learner_id, anonymous=anonymous, by_staff=command.by_staff)
    await mention(log, opening, run_id, command.text)
    writing.write(command.title, command.text)
    return await log.save(thread, opening, *await flagged_cases(log, run_id, opening, lists), writing)


@dataclass(frozen=True)
class PostReply:
    """A person replies to a post, or comments on a reply; lines after `>` may be of that post, or of others."""

    learner_id: str
    run_id: str
    thread_id: str
    parent_no: int
    text: str
    anonymous: bool = False
    by_staff: bool = False
    quotes: tuple[int, ...] = ()


async def post_reply(command: PostReply, log: Log) -> Position:
    learner_id, thread_id = command.learner_id, command.thread_id
    thread = await seen_thread(log, command.run_id, thread_id, learner_id, by_staff=command.by_staff)
    await must_take_part(log, learner_id, command.run_id, by_staff=command.by_staff)
    thread.must_be_open()
    (await topic_of(log, thread.run_id, thread.topic_id)).must_take_posts(by_staff=command.by_staff)
    parent = await log.read(Post, post_stream(thread_id, command.parent_no))
    parent.must_be_shown()
    text = await quoting(log, thread_id, command.text, (command.parent_no, *command.quotes))
    lists = await may_write(log, learner_id, thread, text, by_staff=command.by_staff)
    post = await next_post(log, thread_id)
    writing = await log.load(Writing, writing_stream(learner_id, thread_id, post.post_no))
    anonymous = command.anonymous and not command.by_staff
    post.reply(command.run_id, parent, learner_id, anonymous=anonymous, by_staff=command.by_staff)
    await mention(log, post, command.run_id, text)
    writing.write("", text)
    return await log.save(post, *await flagged_cases(log, command.run_id, post, lists), writing)


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
    quotes: tuple[int, ...] = ()


async def edit_post(command: EditPost, log: Log) -> Position:
    learner_id, thread_id = command.learner_id, command.thread_id
    thread = await seen_thread(log, command.run_id, thread_id, learner_id, by_staff=command.by_staff)
    await must_take_part(log, learner_id, command.run_id, by_staff=command.by_staff)
    thread.must_be_open()
    (await topic_of(log, thread.run_id, thread.topic_id)).must_take_posts(by_staff=command.by_staff)
    post = await log.load(Post, post_stream(thread_id, command.post_no))
    post.must_be_by(learner_id)
    post.must_be_shown()
    text = await quoting(log, thread_id, command.text, command.quotes)
    lists = await may_edit(log, learner_id, command.run_id, command.title, text, by_staff=command.by_staff)
    stream = writing_stream(learner_id, thread_id, command.post_no)
    writing = await log.load(Writing, stream)
    await mention(log, post, command.run_id, text)
    writing.edit(command.title, text, await log.words_key(stream))
    cases = await flagged_cases(log, command.run_id, post, lists if writing.pending_events else [])
    return await log.save(post, *cases, writing)


@dataclass(frozen=True)
class RemovePost:
    """The staff show a post no more, and say so to its author; or its author, by the own wish, which is the ground."""

    learner_id: str
    run_id: str
    thread_id: str
    post_no: int
    ground: RemovalGround
    by_staff: bool = False


async def remove_post(command: RemovePost, log: Log) -> Position:
    await seen_thread(log, command.run_id, command.thread_id, command.learner_id, by_staff=command.by_staff)
    post = await log.load(Post, post_stream(command.thread_id, command.post_no))
    if not command.by_staff:
        post.must_be_by(command.learner_id)
    post.must_exist()
    own = post.author == command.learner_id
    if not own and command.ground is RemovalGround.OWN_WISH:  # which would let the author bring it back
        raise GroundNeeded
    post.remove(RemovalGround.OWN_WISH if own else command.ground)
    if own or not post.pending_events:
        return await log.save(post)
    return await log.save(*await noted_removal(log, command.run_id, post, command.ground, command.learner_id), post)


@dataclass(frozen=True)
class RestorePost:
    """The staff show a removed post again; its author, where it was the own wish."""

    learner_id: str
    run_id: str
    thread_id: str
    post_no: int
    by_staff: bool = False


async def restore_post(command: RestorePost, log: Log) -> Position:
    await seen_thread(log, command.run_id, command.thread_id, command.learner_id, by_staff=command.by_staff)
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
    thread = await thread_of(log, command.run_id, command.thread_id)
    await must_see(log, thread, command.learner_id, by_staff=command.by_staff)
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
    await seen_thread(log, command.run_id, thread_id, learner_id, by_staff=command.by_staff)
    await must_take_part(log, learner_id, command.run_id, by_staff=command.by_staff)
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
    await seen_thread(log, command.run_id, command.thread_id, command.learner_id, by_staff=command.by_staff)
    await must_take_part(log, command.learner_id, command.run_id, by_staff=command.by_staff)
    if not await is_there(log, command.thread_id, command.post_no):
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
    await seen_thread(log, command.run_id, command.thread_id, command.learner_id, by_staff=command.by_staff)
    await must_take_part(log, command.learner_id, command.run_id, by_staff=command.by_staff)
    reading = await log.load(Reading, reading_stream(command.learner_id, command.thread_id))
    reading.set_level(command.level)
    return await log.save(reading)
