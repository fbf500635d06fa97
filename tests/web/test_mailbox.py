"""A person whose mails come back sees it, and has the address asked."""

from adapters.auth.links import MAILBOX, link_token
from adapters.command_bus.replay import replayed
from api.http.services import Services
from commands.log import Context
from commands.notification.mailboxes import SuppressMailbox
from domain.notification import Failure
from domain.user import User, user_stream
from tests.support.api import Campus
from tests.support.pages import Reader, text_of
from tests.support.people import Town

HERE = "/account/notifications"


async def test_a_person_has_the_address_asked(town: Town, campus: Campus, ada: Reader) -> None:
    """The page says since when and why; the link of the mail has mails go there again."""
    services: Services = town.app.state.services
    name, log = ada.browser.learner_id, services.log
    assert "came back" not in text_of(await ada.once_built(HERE))
    version = (await replayed(log, User, user_stream(name))).address_version
    await services.bus.handle(SuppressMailbox(name, Failure.BOUNCED, "5.1.1", version), Context("mail-server"))
    shown = text_of(await ada.get(HERE))
    said = shown.partition("Mails to your address came back")[2][:200]
    assert "(5.1.1)" in said, said
    assert "E-Mails an Ihre Adresse kamen zurück" in text_of(await ada.get(HERE, **{"accept-language": "de"}))
    asked = await ada.follow(await ada.send(HERE, {"do": "mailbox"}))
    assert "A mail is on its way." in text_of(asked)
    settings, now = services.settings, log.clock.now()
    token = link_token(name, MAILBOX, settings.token_secret, now=now, state="2")
    await ada.send("/new-address", {"token": token})
    assert "came back" not in text_of(await ada.get(HERE))
    refused = await ada.send(HERE, {"do": "mailbox"})
    assert (refused.status_code, 'role="alert"' in refused.text) == (409, True)
    assert campus.learner
