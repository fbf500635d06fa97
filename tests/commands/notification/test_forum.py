"""Who is notified of what is written in a forum: once, by the narrowest reason, and not by whom."""

from typing import Any

import pytest

from commands.enrollment import RequestEnrollment, WithdrawEnrollment
from commands.forum import CreateThread, PostReply, RemovePost, SetThreadLevel
from commands.notification import ChangeNotificationSettings
from commands.notification import forum as notices
from commands.notification.forum import Cause, TellAuthor, TellMentioned, TellOfPost, TellWatchers
from commands.user import RegisterAccount, VerifyEmail
from domain.forum import RemovalGround, ThreadKind, ThreadLevel
from domain.notification import Setting, Switch
from tests.support.usecases import RUN, Campus

T = "t1"
PEOPLE = ("ann", "bob", "cid", "dot")
CAUSE = Cause("5f3cbe0d7b0f4a3c9d2e1f0a8b7c6d5e", 9)


@pytest.fixture
async def forum(campus: Campus) -> Campus:
    """Four people with accounts and places; ann has asked, bob has answered."""
    for name in PEOPLE:
        await campus.give(RegisterAccount(name, f"{name}@example.org"), VerifyEmail(name))
        await campus.give(RequestEnrollment(name, RUN))
    await campus.give(CreateThread("ann", RUN, T, ThreadKind.QUESTION, "q1", "Why?", "I count six."))
    await campus.give(PostReply("bob", RUN, T, 1, "Seven."))
    return campus


def level(name: str, what: ThreadLevel) -> SetThreadLevel:
    return SetThreadLevel(name, RUN, T, what)


async def notified(campus: Campus, command: Any) -> list[tuple[str, str, str]]:
    """Who is notified by a command, of what, and what has become of it."""
    found: dict[str, tuple[str, str, str]] = {}
    for stream, said in await campus.new(command):
        if said.type == "notification.planned" and said.fields["channel"] == "page":
            found[stream] = (stream.removeprefix("notification-").partition(":")[0], said.fields["template"], "")
        elif stream in found:
            found[stream] = (*found[stream][:2], said.fields["reason"])
    return sorted(found.values())


async def test_who_has_asked_hears_of_an_answer(forum: Campus) -> None:
    """Once, however often that is planned; the author of the answer does not."""
    command = TellOfPost(T, 2, CAUSE)
    assert await notified(forum, command) == [("ann", "question_answered", "")]
    assert await notified(forum, command) == []
    await forum.give(PostReply("ann", RUN, T, 2, "Thanks."))
    assert await notified(forum, TellOfPost(T, 3, CAUSE)) == [("bob", "post_replied", "")]


async def test_a_comment_concerns_both(forum: Campus) -> None:
    """Who has asked, and who has written the answer; in a discussion only the latter."""
    await forum.give(PostReply("cid", RUN, T, 2, "Right."))
    both = [("ann", "question_answered", ""), ("bob", "post_replied", "")]
    assert await notified(forum, TellOfPost(T, 3, CAUSE)) == both
    await forum.give(CreateThread("ann", RUN, "t2", ThreadKind.DISCUSSION, None, "Rows", "What are they?"))
    await forum.give(PostReply("bob", RUN, "t2", 1, "Lines."), PostReply("cid", RUN, "t2", 2, "No."))
    assert await notified(forum, TellOfPost("t2", 3, Cause("f" * 32, 10))) == [("bob", "post_replied", "")]


async def test_the_level_of_a_thread_is_respected(forum: Campus) -> None:
    """What is muted there is planned and suppressed, as by a switch; who watches hears of each post of others."""
    await forum.give(level("ann", ThreadLevel.MUTED), level("cid", ThreadLevel.WATCHING))
    await forum.give(level("dot", ThreadLevel.TRACKING), level("bob", ThreadLevel.WATCHING))
    assert await notified(forum, TellOfPost(T, 2, CAUSE)) == [("ann", "question_answered", "muted")]
    assert await notified(forum, TellWatchers(T, 2, CAUSE)) == [("cid", "thread_posted", "")]
    await forum.give(level("ann", ThreadLevel.WATCHING))
    assert await notified(forum, TellWatchers(T, 2, CAUSE)) == []


async def test_who_cannot_read_it_is_not_notified(forum: Campus) -> None:
    """Neither who has left the run, nor of a post that is removed."""
    await forum.give(level("cid", ThreadLevel.WATCHING), WithdrawEnrollment("ann", RUN))
    assert await notified(forum, TellOfPost(T, 2, CAUSE)) == []
    await forum.give(RemovePost("boss", RUN, T, 2, RemovalGround.RUDE, by_staff=True))
    assert await notified(forum, TellWatchers(T, 2, CAUSE)) == []


async def test_watchers_are_notified_page_by_page(forum: Campus, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each page once; the last one says so, and a page that comes twice, or late, changes nothing."""
    monkeypatch.setattr(notices, "PAGE", 1)
    for name in ("ann", "cid", "dot"):
        await forum.give(level(name, ThreadLevel.WATCHING))
    rounds = []
    after = ""
    for _ in range(3):
        new = await forum.new(TellWatchers(T, 2, CAUSE, after))
        rounds.append({stream.partition(":")[0] for stream, said in new if said.type == "notification.planned"})
        (page,) = [said.fields for stream, said in new if stream == f"notice_round-{T}.2"]
        assert await forum.new(TellWatchers(T, 2, CAUSE, after)) == []
        after = page["last"]
    assert rounds == [set(), {"notification-cid"}, {"notification-dot"}]
    assert (page["done"], page["planned"], page["finished"]) == (3, 2, True)


async def test_who_is_mentioned_hears_of_it(forum: Campus) -> None:
    """Once for a post, also after edits; not who is answered by it, and who watches the thread hears of it once."""
    await forum.give(level("cid", ThreadLevel.WATCHING))
    await forum.give(PostReply("bob", RUN, T, 1, "Ask @[cid], as @[ann] did."))
    mention = TellMentioned(T, 3, ("cid", "ann", "bob"), CAUSE)
    assert await notified(forum, mention) == [("cid", "mentioned", "")]
    assert await notified(forum, TellMentioned(T, 3, ("cid",), Cause("f" * 32, 10))) == []
    assert await notified(forum, TellWatchers(T, 3, CAUSE)) == []


async def test_an_author_hears_what_becomes_of_a_post(forum: Campus) -> None:
    """Of what another person has done; why it was removed cannot be switched off."""
    off = ChangeNotificationSettings("bob", (Setting(Switch(), on=False),))
    assert await notified(forum, TellAuthor("answer_accepted", T, 2, CAUSE, "bob")) == []
    assert await notified(forum, TellAuthor("answer_accepted", T, 2, CAUSE, "ann")) == [("bob", "answer_accepted", "")]
    await forum.give(off)
    assert await notified(forum, TellAuthor("post_removed", T, 2, CAUSE, "boss")) == [("bob", "post_removed", "")]
    other = Cause("f" * 32, 10)
    assert await notified(forum, TellAuthor("answer_accepted", T, 2, other, "ann")) == [
        ("bob", "answer_accepted", "muted")
    ]
