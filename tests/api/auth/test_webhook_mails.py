"""Who gets a mail when nothing is sent to an endpoint any more."""

from commands.admin.webhooks import CreateWebhook, DisableWebhook, EnableWebhook
from commands.log import Context
from domain.admin.webhooks import DisabledBy
from tests.support.people import Town

ADA, BOB = "ada@example.org", "bob@example.org"


async def test_the_one_who_made_or_enabled_an_endpoint_last_is_alerted(town: Town) -> None:
    """If it fails or is gone, once for each time; not if an admin disables it."""
    ada, bob = await town.settle(ADA), await town.settle(BOB)
    services = town.app.state.services

    async def do(command: object, actor: str) -> None:
        await services.bus.handle(command, Context(actor, at=services.log.clock.now()))

    await do(CreateWebhook("w1", "https://crm.example/", ("course.created",), "CRM", "w1-1", "x"), ada.learner_id)
    await do(DisableWebhook("w1", DisabledBy.GONE, "it answered 410 Gone"), "dispatcher")
    await do(DisableWebhook("w1", DisabledBy.GONE, "it answered 410 Gone"), "dispatcher")
    mail = await town.mail_to(ADA, 2)  # the first is that of the registration
    assert "/v1/webhooks/w1" in mail.text
    assert "/v1/webhooks/w1" in mail.html
    await do(EnableWebhook("w1", "mended"), bob.learner_id)
    await do(DisableWebhook("w1", DisabledBy.HAND, "maintenance"), ada.learner_id)
    await do(EnableWebhook("w1", "done"), bob.learner_id)
    await do(DisableWebhook("w1", DisabledBy.FAILING, "nothing was taken for three days"), "dispatcher")
    assert "/v1/webhooks/w1" in (await town.mail_to(BOB, 2)).text
    assert [sum(each in mail.to for mail in town.inbox.mails) for each in (ADA, BOB)] == [2, 2]
