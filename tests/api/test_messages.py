"""Messages to learners of a run over HTTP: to whom they would go, undone, sent by a dispatcher, read, and receipts."""

from typing import Any

from fastapi import FastAPI

from commands.log import Context
from commands.notification.messages import BringMessage
from commands.user import RegisterAccount, VerifyEmail
from domain.notification import message_stream
from tests.support.api import Campus
from tests.support.polling import until
from tests.support.shown_inbox import inbox_once

SAYS = [
    {"language": "en", "title": "Friday", "text": "We meet at **nine**."},
    {"language": "de", "title": "Freitag", "text": "Wir treffen uns um **neun**."},
]


async def two_learners(campus: Campus, app: FastAPI) -> tuple[str, str]:
    """A run with two learners, of whom the second has no account."""
    ann, bob, services = campus.learner, f"bob-{campus.tag}", app.state.services
    await campus.open_run()
    for command in (RegisterAccount(ann, f"{ann}@example.org"), VerifyEmail(ann)):
        await services.bus.handle(command, Context("admin"))
    await campus.enroll(ann)
    await campus.enroll(bob)
    return ann, bob


async def planned(campus: Campus, **more: Any) -> tuple[str, int]:
    """A message that leaves in an hour: its id and position."""
    body = {"addressees": "on_run", "says": SAYS, "wait_minutes": 60, **more}
    answer = await campus.post(f"/runs/{campus.run}/messages", body, user="instructor")
    assert answer.status_code == 202, answer.text
    return answer.json()["message_id"], answer.json()["position"]


async def test_who_would_get_it_is_counted(campus: Campus, app: FastAPI) -> None:
    """By addressees, with how many have an account."""
    ann, bob = await two_learners(campus, app)
    _, position = await planned(campus)
    path = f"/runs/{campus.run}/messages/audience"
    counted = await campus.see(path, position, user="instructor", addressees="on_run")
    assert counted == {"learners": 2, "reachable": 1, "first": sorted((ann, bob))}
    assert (await campus.see(path, position, user="instructor", addressees="not_started"))["learners"] == 2
    assert (await campus.see(path, position, user="instructor", addressees="waiting"))["learners"] == 0
    at_risk = await campus.see(path, position, user="instructor", addressees="at_risk")
    assert at_risk == counted  # the run has gone on for long, and nothing was done


async def test_a_message_is_read_by_those_who_got_it(campus: Campus, app: FastAPI) -> None:
    """And by no one else; what has become of it is listed for each learner."""
    ann, bob = await two_learners(campus, app)
    message_id, position = await planned(campus)
    mine = f"/me/messages/{message_id}"
    assert (await campus.get(mine, user=ann)).status_code == 404
    services = app.state.services
    page = BringMessage(message_id, "", tuple(sorted((ann, bob))), finished=True)
    await services.bus.handle(page, Context("dispatcher"))
    (notified,) = await inbox_once(campus, ann, "staff_message")
    assert notified["about"]["message_titles"] == {"en": "Friday", "de": "Freitag"}
    assert notified["page"] == f"/messages/{message_id}"
    read = (await campus.get(mine, user=ann)).json()
    assert [each["text"] for each in read["says"]] == [each["text"] for each in SAYS]
    assert (await campus.get(mine, user=bob)).status_code == 404
    receipts = f"/runs/{campus.run}/messages/{message_id}/receipts"

    async def are_listed() -> bool:
        found = (await campus.get(receipts, user="instructor")).json()
        return [(each["learner_id"], each["page"]) for each in found.get("items", ())] == [(ann, "planned")]

    await until(are_listed)
    (shown,) = (await campus.get(f"/runs/{campus.run}/messages", user="instructor")).json()["items"]
    assert (shown["state"], shown["learners"], shown["message_id"]) == ("sent", 2, message_id)
    assert (await campus.get(receipts, user=ann)).status_code == 403
    refused = await campus.post(f"/runs/{campus.run}/messages/{message_id}/undo", {}, user="instructor")
    assert (refused.status_code, refused.json()["code"]) == (409, "message_left")
    assert position


async def test_a_message_is_undone(campus: Campus, app: FastAPI) -> None:
    """By the staff, before it leaves."""
    await two_learners(campus, app)
    message_id, _ = await planned(campus)
    undo = f"/runs/{campus.run}/messages/{message_id}/undo"
    assert (await campus.post(undo, {}, user=campus.learner)).status_code == 403
    await campus.send(undo, user="instructor")
    (shown,) = (await campus.get(f"/runs/{campus.run}/messages", user="instructor")).json()["items"]
    assert shown["state"] == "undone"
    facts = await app.state.services.log.stream(message_stream(message_id))
    assert [fact.type for fact in facts] == ["staff_message.planned", "staff_message.undone"]
