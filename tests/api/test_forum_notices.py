"""Who is notified of what is written in a forum, over HTTP; and that nothing of it says who has written it."""

import msgspec
from fastapi import FastAPI

from commands.log import Context
from commands.user import RegisterAccount, VerifyEmail
from tests.support.api import Campus
from tests.support.polling import until
from tests.support.shown_inbox import inbox_once


async def test_who_has_asked_is_notified_of_an_answer_and_not_by_whom(campus: Campus, app: FastAPI) -> None:
    """Byte by byte: neither inbox nor history of who has asked have the author of an anonymous answer."""
    ann, bob, services = campus.learner, f"bob-{campus.tag}", app.state.services
    await campus.open_run()
    for name in (ann, bob):
        await campus.enroll(name)
        for command in (RegisterAccount(name, f"{name}@example.org"), VerifyEmail(name)):
            await services.bus.handle(command, Context("admin"))
    question = {"kind": "question", "unit_id": "q1", "title": "Why is 6 x 7 not 36?", "text": "I count six."}
    asked = await campus.post(f"/runs/{campus.run}/threads", question)
    thread_id = asked.json()["thread_id"]
    thread = f"/runs/{campus.run}/threads/{thread_id}"
    reply = {"parent_no": 1, "text": "Seven.", "anonymous": True}
    answer = await campus.post(f"{thread}/posts", reply, user=bob)
    (answered,) = await inbox_once(campus, ann, "question_answered")
    assert answered["about"]["thread_title"] == "Why is 6 x 7 not 36?"
    assert (answered["about"]["post_no"], answered["about"]["unit_title"]) == (2, "Equations")
    assert answered["page"] == f"/forum/{campus.run}/{thread_id}?post=2"
    assert (answered["cause"]["type"], answered["cause"]["event_id"]) == ("reply.posted", None)
    await campus.send(f"{thread}/answer", {"post_no": 2})
    await inbox_once(campus, bob, "answer_accepted")
    await campus.send(f"{thread}/posts/2/remove", {"ground": "rude"}, user="instructor")
    (removed,) = await inbox_once(campus, bob, "post_removed")
    assert removed["about"]["ground"] == "rude"
    assert removed["required"]
    (post,) = [each for each in await services.log.stream(f"post-{thread_id}:2") if each.type == "reply.posted"]
    shown = (await campus.get("/me/notifications", user=ann)).text
    history = msgspec.json.encode(await services.log.history(ann)).decode()
    assert "question_answered" in shown
    assert "question_answered" in history
    for trace in (bob, post.meta.event_id, post.meta.correlation_id):
        assert trace
        assert trace not in shown
        assert trace not in history
    assert answer.status_code == 202


async def test_a_muted_thread_notifies_no_one(campus: Campus, app: FastAPI) -> None:
    """What would have come is suppressed, and is in no inbox; a thread that is watched notifies of each post."""
    ann, bob, services = campus.learner, f"bob-{campus.tag}", app.state.services
    await campus.open_run()
    for name in (ann, bob):
        await campus.enroll(name)
        for command in (RegisterAccount(name, f"{name}@example.org"), VerifyEmail(name)):
            await services.bus.handle(command, Context("admin"))
    question = {"kind": "question", "title": "Why?", "text": "I count six."}
    thread_id = (await campus.post(f"/runs/{campus.run}/threads", question)).json()["thread_id"]
    thread = f"/runs/{campus.run}/threads/{thread_id}"
    await campus.send(f"{thread}/level", {"level": "muted"})
    await campus.send(f"{thread}/level", {"level": "watching"}, user=bob)
    await campus.send(f"{thread}/posts", {"parent_no": 1, "text": "Anyone?"}, user="instructor")
    (posted,) = await inbox_once(campus, bob, "thread_posted")
    assert posted["about"]["thread_title"] == "Why?"

    async def is_suppressed() -> bool:
        return any(each.type == "notification.suppressed" for each in await services.log.history(ann))

    await until(is_suppressed)
    shown = (await campus.get("/me/notifications", user=ann)).json()
    assert shown["items"] == []
