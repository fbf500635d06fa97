"""Rules of threads, posts, texts, votes and readings."""

import pytest

from domain.forum import (
    DEEPEST,
    LONGEST_TEXT,
    LONGEST_TITLE,
    MOST_MENTIONS,
    BadText,
    BadTitle,
    CloseGround,
    NotMentionable,
    NotTheAuthor,
    Post,
    PostNotFound,
    PostRemoved,
    Reading,
    RemovalGround,
    Thread,
    ThreadClosed,
    ThreadExists,
    ThreadKind,
    ThreadLevel,
    ThreadNotFound,
    TooDeep,
    TooManyMentions,
    Vote,
    Writing,
    mentioned_in,
)
from domain.registry import MENTIONING
from tests.support.given import Said, fact, given, replay

CREATED = fact(Thread.Created, run_id="algebra-1", topic_id="general", unit_id="q1", kind="question")
CLOSED = fact(Thread.Closed, ground="answered")
PINNED = fact(Thread.Pinned)
POSTED = {"run_id": "algebra-1", "learner_id": "bob", "anonymous": False, "by_staff": False}
REMOVED = fact(Post.Removed, ground="rude")
FIRST = "post-t1:1"
AUTHORED = {"anonymous": False, "by_staff": False}


def replied(depth: int = 1, parent_no: int = 1) -> Said:
    return fact(Post.Replied, parent_no=parent_no, depth=depth, **POSTED)


def accepted(new: int, old: int | None = None) -> Said:
    return fact(Thread.AnswerAccepted, old_post_no=old, new_post_no=new, learner_id="bob", by_staff=False)


def test_a_thread_is_created_once() -> None:
    """Its id is taken then, whatever else is the same."""
    given(Thread).when(lambda thread: thread.create("algebra-1", "general", "q1", ThreadKind.QUESTION)).then(CREATED)
    given(Thread, CREATED).when(
        lambda thread: thread.create("algebra-1", "general", "q1", ThreadKind.QUESTION)
    ).refused(ThreadExists, thread_id="t1")


def test_a_thread_belongs_to_a_run() -> None:
    """Under another run it is not found, and what does not exist is under none."""
    given(Thread, CREATED).when(lambda thread: thread.must_be_of("algebra-1")).then()
    for past in ((), (CREATED,)):
        given(Thread, *past).when(lambda thread: thread.must_be_of("other")).refused(
            ThreadNotFound, run_id="other", thread_id="t1"
        )


def test_a_thread_is_pinned_and_closed_once() -> None:
    """What is so already changes nothing, whatever the ground."""
    given(Thread, CREATED).when(lambda thread: thread.pin(pinned=True)).then(PINNED)
    given(Thread, CREATED, PINNED).when(lambda thread: thread.pin(pinned=True)).then()
    given(Thread, CREATED, PINNED).when(lambda thread: thread.pin(pinned=False)).then(fact(Thread.Unpinned))
    given(Thread, CREATED).when(lambda thread: thread.pin(pinned=False)).then()
    given(Thread, CREATED).when(lambda thread: thread.close(CloseGround.ANSWERED)).then(CLOSED)
    given(Thread, CREATED, CLOSED).when(lambda thread: thread.close(CloseGround.HEATED)).then()
    given(Thread, CREATED, CLOSED).when(lambda thread: thread.must_be_open()).refused(ThreadClosed, thread_id="t1")
    given(Thread, CREATED, CLOSED).when(lambda thread: thread.reopen()).then(fact(Thread.Reopened))
    given(Thread, CREATED).when(lambda thread: thread.reopen()).then()


def test_a_thread_moves_between_units() -> None:
    """The fact has both; to where it is changes nothing."""
    moved = fact(Thread.Moved, old_unit_id="q1", new_unit_id=None)
    given(Thread, CREATED).when(lambda thread: thread.move(None)).then(moved)
    given(Thread, CREATED, moved).when(lambda thread: thread.move(None)).then()


def test_one_answer_is_accepted_at_a_time() -> None:
    """Another one takes its place; the same once more changes nothing."""
    given(Thread, CREATED).when(lambda thread: thread.accept(2, "bob", by_staff=False)).then(accepted(2))
    given(Thread, CREATED, accepted(2)).when(lambda thread: thread.accept(2, "bob", by_staff=True)).then()
    given(Thread, CREATED, accepted(2)).when(lambda thread: thread.accept(3, "bob", by_staff=False)).then(
        accepted(3, old=2)
    )
    withdrawn = fact(Thread.AnswerWithdrawn, post_no=2, by_staff=True)
    given(Thread, CREATED, accepted(2)).when(lambda thread: thread.withdraw_answer(by_staff=True)).then(withdrawn)
    given(Thread, CREATED, accepted(2), withdrawn).when(lambda thread: thread.withdraw_answer(by_staff=True)).then()


def test_a_comment_is_as_deep_as_it_goes() -> None:
    """A reply is to a post that is shown; one to a comment is refused."""
    opening = replay(Post, FIRST, [fact(Post.Opened, **POSTED)])
    comment = replay(Post, "post-t1:3", [replied(DEEPEST)])
    removed = replay(Post, "post-t1:4", [replied(), REMOVED])
    missing = Post.blank("post-t1:9")
    new = given(Post).when(lambda post: post.reply("algebra-1", opening, "bob", **AUTHORED))
    new.then(replied())
    given(Post).when(lambda post: post.reply("algebra-1", comment, "bob", **AUTHORED)).refused(
        TooDeep, thread_id="t1", post_no=3
    )
    given(Post).when(lambda post: post.reply("algebra-1", removed, "bob", **AUTHORED)).refused(
        PostRemoved, thread_id="t1", post_no=4
    )
    given(Post).when(lambda post: post.reply("algebra-1", missing, "bob", **AUTHORED)).refused(
        PostNotFound, thread_id="t1", post_no=9
    )


def test_a_post_is_removed_and_restored() -> None:
    """Each once; the ground of the first removal stays."""
    given(Post, replied()).when(lambda post: post.remove(RemovalGround.RUDE)).then(REMOVED)
    given(Post, replied(), REMOVED).when(lambda post: post.remove(RemovalGround.SPAM)).then()
    given(Post, replied(), REMOVED).when(lambda post: post.restore()).then(fact(Post.Restored))
    given(Post, replied()).when(lambda post: post.restore()).then()
    given(Post).when(lambda post: post.restore()).refused(PostNotFound, thread_id="t1", post_no=2)
    given(Post).when(lambda post: post.remove(RemovalGround.SPAM)).refused(PostNotFound, thread_id="t1", post_no=2)


def test_a_post_has_one_author() -> None:
    """Others are refused what only the author may."""
    given(Post, replied()).when(lambda post: post.must_be_by("bob")).then()
    given(Post, replied()).when(lambda post: post.must_be_by("ann")).refused(NotTheAuthor, thread_id="t1", post_no=2)


def test_what_is_said_is_said_once() -> None:
    """An edit that changes nothing is none; space around a text is no text."""
    written, edited = fact(Writing.Written, title="", text="36"), fact(Writing.Edited, title="", text="42")
    given(Writing).when(lambda writing: writing.write("", " 36\n")).then(written)
    given(Writing, written).when(lambda writing: writing.edit("", "42", None)).then(edited)
    given(Writing, written, edited).when(lambda writing: writing.edit(" ", "42 ", None)).then()


@pytest.mark.parametrize(
    ("stream", "title", "text"),
    [
        ("text-ann:t1:1", "", "no title"),
        ("text-ann:t1:2", "a title", "of a reply"),
        ("text-ann:t1:1", "t" * (LONGEST_TITLE + 1), "too long"),
    ],
)
def test_only_the_first_post_has_a_title(stream: str, title: str, text: str) -> None:
    """It has one, of some length; a reply has none."""
    given(Writing, stream=stream).when(lambda writing: writing.write(title, text)).refused(BadTitle, most=LONGEST_TITLE)


@pytest.mark.parametrize("text", ["", " \n", "x" * (LONGEST_TEXT + 1)])
def test_a_text_has_a_length(text: str) -> None:
    """An empty one says nothing."""
    given(Writing).when(lambda writing: writing.write("", text)).refused(BadText, most=LONGEST_TEXT)


def test_a_vote_is_changed_and_withdrawn() -> None:
    """Each fact has what was before; the same once more changes nothing."""
    up, down = fact(Vote.Cast, old=0, new=1), fact(Vote.Cast, old=1, new=-1)
    given(Vote).when(lambda vote: vote.cast(1)).then(up)
    given(Vote, up).when(lambda vote: vote.cast(1)).then()
    given(Vote, up).when(lambda vote: vote.cast(-1)).then(down)
    withdrawn = fact(Vote.Withdrawn, value=-1)
    given(Vote, up, down).when(lambda vote: vote.withdraw()).then(withdrawn)
    given(Vote, up, down, withdrawn).when(lambda vote: vote.withdraw()).then()
    given(Vote, up, down, withdrawn).when(lambda vote: vote.cast(1)).then(up)


def test_what_was_read_stays_read() -> None:
    """A lower number changes nothing: readings come late, and from two devices."""
    read = fact(Reading.Advanced, old_post_no=0, new_post_no=3)
    given(Reading).when(lambda reading: reading.read_through(3)).then(read)
    given(Reading, read).when(lambda reading: reading.read_through(1)).then()
    given(Reading, read).when(lambda reading: reading.read_through(3)).then()
    further = fact(Reading.Advanced, old_post_no=3, new_post_no=4)
    given(Reading, read).when(lambda reading: reading.read_through(4)).then(further)


def test_a_level_is_set() -> None:
    """Every thread is at the normal level first."""
    muted = fact(Reading.LevelChanged, old="normal", new="muted")
    given(Reading).when(lambda reading: reading.set_level(ThreadLevel.NORMAL)).then()
    given(Reading).when(lambda reading: reading.set_level(ThreadLevel.MUTED)).then(muted)
    given(Reading, muted).when(lambda reading: reading.set_level(ThreadLevel.MUTED)).then()


def test_no_fact_of_a_thread_is_in_the_history_of_a_learner() -> None:
    """Who is named in it, or has caused it, may be an author whom learners do not see."""
    assert not [name for name in MENTIONING if name.startswith(("thread.", "answer.", "opening.", "reply.", "post."))]


def mentioned(*new: str, old: tuple[str, ...] = ()) -> Said:
    return fact(Post.Mentioned, run_id="algebra-1", old=list(old), new=list(new))


def test_a_post_mentions_people() -> None:
    """The same ones in another order are no other; not its author, and not too many."""
    given(Post, replied()).when(lambda post: post.mention("algebra-1", ["ann", "cid"])).then(mentioned("ann", "cid"))
    past = (replied(), mentioned("ann", "cid"))
    given(Post, *past).when(lambda post: post.mention("algebra-1", ["cid", "ann"])).then()
    given(Post, *past).when(lambda post: post.mention("algebra-1", [])).then(mentioned(old=("ann", "cid")))
    given(Post, replied()).when(lambda post: post.mention("algebra-1", ["ann", "bob"])).refused(
        NotMentionable, learner_id="bob", run_id="algebra-1"
    )
    many = [f"p{number}" for number in range(MOST_MENTIONS + 1)]
    given(Post, replied()).when(lambda post: post.mention("algebra-1", many)).refused(
        TooManyMentions, most=MOST_MENTIONS
    )


def test_a_text_mentions_by_id() -> None:
    """Each once; what could be no id is text."""
    assert mentioned_in("@[bob], @[a.b-c_1] and @[bob]: @bob @[] @[a b] [bob]") == ["bob", "a.b-c_1"]
