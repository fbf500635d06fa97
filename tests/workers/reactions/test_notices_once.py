"""However facts come to reactors, each person is notified of each thing once: in random orders, again, by two."""

import asyncio
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commands.enrollment import RequestEnrollment
from commands.forum import AcceptAnswer, CreateThread, PostReply, RemovePost, SetThreadLevel
from commands.notification import ChangeNotificationSettings
from commands.user import RegisterAccount, VerifyEmail
from domain.fact import Fact
from domain.forum import RemovalGround, ThreadKind, ThreadLevel
from domain.notification import Setting, Switch
from tests.support.memory_log import MemoryLog
from tests.support.usecases import COURSE, RUN, RUNS, Campus
from workers.reactions import REACTIONS, forum
from workers.reactions.notification import NOTICES
from workers.reactions.reaction import context_of

T = "t1"
NAMES = {each.name for of_fact in forum.NOTICES.values() for each in of_fact} | {each.name for each in NOTICES.values()}
NAMES.add("tell_more_watchers")
HISTORY = (
    *COURSE,
    *RUNS,
    *(
        command
        for name in ("ann", "bob", "cid")
        for command in (RegisterAccount(name, f"{name}@example.org"), VerifyEmail(name), RequestEnrollment(name, RUN))
    ),
    CreateThread("ann", RUN, T, ThreadKind.QUESTION, None, "Why?", "I count six."),
    SetThreadLevel("cid", RUN, T, ThreadLevel.WATCHING),
    PostReply("bob", RUN, T, 1, "Seven.", anonymous=True),
    PostReply("ann", RUN, T, 2, "Thanks."),
    PostReply("cid", RUN, T, 2, "Right."),
    AcceptAnswer("ann", RUN, T, 2),
    ChangeNotificationSettings("bob", (Setting(Switch("replies", "email"), on=False),)),
    RemovePost("boss", RUN, T, 4, RemovalGround.RUDE, by_staff=True),
)


async def outcome(order: list[tuple[int, int]]) -> tuple[list[Fact], list[Fact]]:
    """The notifications that come of facts in an order, each by one of two reactors, and of all of them in the end."""
    log = MemoryLog()
    reactors = [Campus(log), Campus(log)]
    await reactors[0].give(*HISTORY)
    head = await log.head()
    facts = [
        fact for fact in await log.read(0, head) if any(each.name in NAMES for each in REACTIONS.get(fact.type, ()))
    ]
    for index, which in order:
        await react(reactors[which], facts[index % len(facts)])
    half = await planned(log)
    for fact in facts:
        await react(reactors[0], fact)
        await react(reactors[1], fact)
    return half, await planned(log)


async def react(reactor: Campus, fact: Fact) -> None:
    """Carry out what people are notified of because of a fact."""
    for reaction in REACTIONS[fact.type]:
        if reaction.name in NAMES and (command := reaction.command(fact)) is not None:
            await reactor.bus.handle(command, context_of(fact, reaction))


async def planned(log: MemoryLog) -> list[Fact]:
    """All that was planned."""
    return [fact for fact in await log.read(0, await log.head()) if fact.type == "notification.planned"]


def said(facts: list[Fact]) -> set[tuple[str, int, str, str]]:
    """Who is notified of what, and how: ids of facts are others in each history."""
    names = ("cause_position", "channel", "template")
    return {(each.id("learner_id"), *(each.data[name] for name in names)) for each in facts}


@pytest.mark.thorough
@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 1)), max_size=25))
@settings(max_examples=40, deadline=None)
def test_each_person_is_notified_once(order: list[tuple[int, int]]) -> None:
    """At most once for each dedupe key, by one reason for a post; and of all of it in the end, whatever came first."""
    half, whole = asyncio.run(outcome(order))
    _, expected = asyncio.run(outcome([]))
    for facts in (half, whole):
        assert [key for key, number in Counter((each.stream_id) for each in facts).items() if number > 1] == []
        reasons = Counter((each.id("learner_id"), each.data["cause_position"], each.data["channel"]) for each in facts)
        assert [key for key, number in reasons.items() if number > 1] == []
    assert said(whole) == said(expected)
    assert said(half) <= said(whole)
    assert {each.id("learner_id") for each in whole} == {"ann", "bob", "cid"}
