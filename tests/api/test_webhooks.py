"""Outgoing webhooks over HTTP: who may make them, a secret that is shown once, and the log of deliveries."""

import asyncio
from typing import Any

import pytest

from adapters.command_bus.replay import replayed
from adapters.settings import Settings
from adapters.webhooks.secrets import WebhookSecrets, forget_old
from domain.admin.webhooks import Webhook, webhook_stream
from tests.support.api import Campus
from tests.support.appends import opened
from tests.support.polling import guard, until
from tests.support.receiver import Receiver, receiving
from tests.support.roles import as_process
from workers.dispatching import webhooks

WHY = {"reason": "a test"}


def hook(url: str = "http://127.0.0.1:9/", **more: Any) -> dict[str, Any]:
    """The body of a request for an endpoint."""
    return {"url": url, "types": ["course.created"], "description": "a test", **WHY, **more}


async def made(campus: Campus, url: str, key: str = "") -> dict[str, Any]:
    """A new endpoint, as it was answered."""
    answer = await campus.post("/webhooks", hook(url), user="admin", key=key)
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    found: dict[str, Any] = answer.json()
    return found


async def until_sent(receiver: Receiver, message_id: str, number: int) -> None:
    """Wait until a message has come so often."""

    async def has_come() -> bool:
        return [each.id for each in receiver.messages].count(message_id) == number

    await until(has_come)


async def test_an_endpoint_gets_facts(campus: Campus, lively: Settings) -> None:
    """From its making on; its messages are listed page by page, each with its attempts."""
    stop, there = asyncio.Event(), as_process(lively, "dispatcher")
    async with receiving() as receiver, opened(there) as log:
        found = await made(campus, receiver.url)
        path = f"/webhooks/{found['endpoint_id']}"
        sending = asyncio.create_task(webhooks.keep_sending(there, log, stop))
        await campus.send("/courses", {"course_id": campus.course, "title": "Algebra"}, user="admin")
        await campus.send(f"{path}/ping", user="admin")

        async def are_delivered() -> bool:
            listed = (await campus.get(f"{path}/deliveries", status="delivered")).json()
            return len(listed["items"]) == 2

        await until(are_delivered)
        page = (await campus.get(f"{path}/deliveries", limit=1, user="auditor")).json()
        rest = (await campus.get(f"{path}/deliveries", limit=1, cursor=page["next"])).json()
        assert [each["items"][0]["type"] for each in (page, rest)] == ["webhook.ping_requested", "course.created"]
        assert rest["next"] is None
        message = rest["items"][0]
        assert (message["last_status"], message["attempts"]) == (204, 1)
        attempts = (await campus.get(f"{path}/deliveries/{message['message_id']}")).json()["items"]
        assert [each["status"] for each in attempts] == [204]
        await campus.send(f"{path}/resend", {"position": message["position"], **WHY}, user="admin")
        await until_sent(receiver, message["message_id"], 2)
        await campus.send(f"{path}/replay", {"first": message["position"], **WHY}, user="admin")
        await until_sent(receiver, message["message_id"], 3)
        stop.set()
        async with guard():
            await sending
    for each in receiver.messages:
        each.verify(found["secret"])
    other = await campus.post(f"{path}/resend", {"position": found["position"], **WHY}, user="admin")
    assert other.json()["code"] == "not_of_webhook"


async def test_a_secret_is_shown_once(campus: Campus) -> None:
    """Also where the request comes again with its key; it is in no other answer and in no fact."""
    first = await made(campus, "https://crm.example/hook", key=f"{campus.tag}-1")
    again = await made(campus, "https://crm.example/hook", key=f"{campus.tag}-1")
    assert first["secret"].startswith("whsec_")
    assert again == {**first, "secret": None}
    path = f"/webhooks/{first['endpoint_id']}"
    rotated = await campus.post(f"{path}/secret", {"keep_hours": 1, **WHY}, user="admin", key=f"{campus.tag}-2")
    assert rotated.json()["secret"] not in (None, first["secret"])
    assert (await campus.post(f"{path}/secret", {"keep_hours": 1, **WHY}, user="admin", key=f"{campus.tag}-2")).json()[
        "secret"
    ] is None
    shown = (await campus.get(path)).text + (await campus.get("/webhooks")).text
    assert "whsec_" not in shown
    await campus.send(f"{path}/change", {"description": "another", **WHY}, user="admin")
    await campus.send(f"{path}/disable", WHY, user="admin")
    listed = {each["endpoint_id"]: each for each in (await campus.get("/webhooks", user="auditor")).json()["items"]}
    found = listed[first["endpoint_id"]]
    assert (found["description"], found["status"], found["cause"]) == ("another", "disabled", "by_hand")
    await campus.send(f"{path}/enable", WHY, user="admin")
    await campus.send(f"{path}/remove", WHY, user="admin")
    assert (await campus.get(path)).status_code == 404
    assert (await campus.post(f"{path}/ping", user="admin")).json()["code"] == "webhook_not_found"


async def test_a_request_that_comes_again_ends_no_newer_secret(campus: Campus, lively: Settings) -> None:
    """What it has replaced ends once more, and nothing else; what has ended is forgotten."""
    name = (await made(campus, "https://crm.example/hook"))["endpoint_id"]
    bodies = [{"keep_hours": 0, **WHY}, {"keep_hours": 24, **WHY}, {"keep_hours": 0, **WHY}]
    secrets = []
    for key, body in zip(("first", "second", "first"), bodies, strict=True):
        answer = await campus.post(f"/webhooks/{name}/secret", body, user="admin", key=f"{campus.tag}-{key}")
        secrets.append(answer.json()["secret"])
    async with opened(as_process(lively, "dispatcher")) as log:
        await log.link.run(lambda connection: forget_old(connection, log.clock.now()))
        known = (await replayed(log, Webhook, webhook_stream(name))).secrets
        kept = await WebhookSecrets(log.link, log.keys).texts(name, list(known))
        assert [kept.get(each) for each in known] == [None, *secrets[:2]]


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"url": "http://crm.example/"}, "unfit_webhook_url"),
        ({"url": "http://10.0.0.1/"}, "unfit_webhook_url"),
        ({"url": "https://user@crm.example/"}, "unfit_webhook_url"),
        ({"types": ["session.opened"]}, "not_sent_out"),
        ({"types": []}, "invalid_request"),
        ({"reason": " "}, "invalid_request"),
        ({"secret": "whsec_x"}, "invalid_request"),
    ],
)
async def test_what_is_no_endpoint_is_refused(campus: Campus, wrong: dict[str, Any], code: str) -> None:
    """And leaves nothing behind."""
    before = (await campus.get("/webhooks")).json()["items"]
    answer = await campus.post("/webhooks", hook(**wrong), user="admin")
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert (await campus.get("/webhooks")).json()["items"] == before


async def test_endpoints_are_for_admins(campus: Campus) -> None:
    """Auditors see them; others see and do nothing."""
    for user in (campus.learner, "instructor", "auditor"):
        assert (await campus.post("/webhooks", hook(), user=user)).status_code == 403, user
    for user in (campus.learner, "instructor"):
        assert (await campus.get("/webhooks", user=user)).status_code == 403, user
