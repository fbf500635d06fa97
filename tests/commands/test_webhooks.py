"""Use cases of outgoing webhooks."""

from datetime import timedelta

from commands.admin.webhooks import (
    ChangeWebhook,
    CreateWebhook,
    DisableWebhook,
    EnableWebhook,
    PingWebhook,
    RemoveWebhook,
    ReplayWebhook,
    ResendToWebhook,
    RotateWebhookSecret,
)
from domain.admin.webhooks import DisabledBy
from tests.support.usecases import AT, Campus

URL, TYPES = "https://crm.example/hook", ("enrollment.activated", "course.created")
CREATE = CreateWebhook("w1", URL, TYPES, "crm", "w1-1", "contract")


async def test_an_endpoint_from_its_making_to_its_end(empty: Campus) -> None:
    """Each step is one fact on its stream, and nothing when it is sent again."""
    for command, name in (
        (CREATE, "created"),
        (ChangeWebhook("w1", None, ("course.created",), None, "less"), "changed"),
        (RotateWebhookSecret("w1", "w1-2", AT + timedelta(days=1), "yearly"), "secret_rotated"),
        (DisableWebhook("w1", DisabledBy.HAND, "maintenance"), "disabled"),
        (EnableWebhook("w1", "done"), "enabled"),
        (RemoveWebhook("w1", "over"), "removed"),
    ):
        ((stream, said),) = await empty.new(command)
        assert (stream, said.type) == ("webhook-w1", f"webhook.{name}")
        assert await empty.repeats(command)


async def test_what_is_asked_of_it(empty: Campus) -> None:
    """As often as it is asked for."""
    await empty.give(CREATE)
    for command in (PingWebhook("w1"), ReplayWebhook("w1", 1, 9, "lost"), ResendToWebhook("w1", 7, "lost")) * 2:
        assert len(await empty.new(command)) == 1


async def test_what_is_refused(empty: Campus) -> None:
    """Kinds of facts that leave the campus by no webhook, and addresses that are none."""
    for name in ("session.opened", "record.viewed", "webhook.created", "no.such"):
        assert await empty.refused(CreateWebhook("w1", URL, (name,), "", "s", "x")) == "not_sent_out"
    assert await empty.refused(CreateWebhook("w1", "http://crm.example", TYPES, "", "s", "x")) == "unfit_webhook_url"
    await empty.give(CREATE)
    assert await empty.refused(ChangeWebhook("w1", "http://127.0.0.1/", None, None, "x")) == "unfit_webhook_url"
    assert await empty.refused(ChangeWebhook("w1", None, ("token.issued",), None, "x")) == "not_sent_out"
    assert await empty.refused(PingWebhook("w2")) == "webhook_not_found"
