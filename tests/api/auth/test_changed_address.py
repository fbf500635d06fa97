"""A change of the address over HTTP, with its mails."""

from datetime import timedelta

import pytest

from adapters.auth.attempts import MAILS_TO_ADDRESS
from adapters.auth.links import NEW_ADDRESS, OLD_ADDRESS
from adapters.personal.addresses import Addresses
from adapters.settings import Settings
from tests.support.appends import query
from tests.support.people import PASSWORD, Browser, Town
from tests.support.polling import until

OLD, NEW, OTHER = "ada@example.org", "ada@example.net", "nine quiet otters"


async def signs_in(town: Town, address: str, password: str = PASSWORD) -> int:
    """The status of signing in."""
    return (await town.browser().post("/auth/login", {"email": address, "password": password})).status_code


async def ask(browser: Browser, address: str = NEW) -> int:
    """Ask for another address."""
    return (await browser.post("/auth/email", {"email": address, "password": PASSWORD})).status_code


async def verify(town: Town, token: str) -> tuple[int, str]:
    """Confirm an address: the status, and what it says."""
    answer = await town.browser().post("/auth/email/verify", {"token": token})
    found = answer.json()
    return answer.status_code, found.get("code") or found["status"]


async def leads_nowhere(town: Town, address: str) -> None:
    """Wait until an address that was given up is no one's."""

    async def is_released() -> bool:
        return await town.app.state.services.people.addresses.find(address) is None

    await until(is_released)


async def test_an_address_is_changed(town: Town) -> None:
    """Confirmed at the new one, made known at the old one; sessions stay, and only the new one signs in."""
    browser = await town.settle(OLD)
    wrong = await browser.post("/auth/email", {"email": NEW, "password": "wrong" * 3})
    assert wrong.json()["code"] == "sign_in_refused"
    assert await ask(browser) == 200
    mail = await town.mail_to(NEW)
    assert mail.subject == "Confirm your address"
    assert OLD not in mail.text
    assert (await signs_in(town, OLD), await signs_in(town, NEW)) == (200, 403)
    token = await town.link_to(NEW)
    assert await verify(town, token) == (200, "address_changed")
    assert await verify(town, token) == (403, "link_refused")
    notice = await town.mail_to(OLD, 2)
    assert notice.subject == "The address of your account was changed"
    assert NEW not in notice.text
    assert (await browser.get("/auth/sessions")).status_code == 200
    assert (await signs_in(town, OLD), await signs_in(town, NEW)) == (403, 200)


async def test_an_address_that_was_replaced_signs_no_one_in(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also while it still leads to the account, because no dispatcher has taken it away."""
    browser = await town.settle(OLD)
    await ask(browser)
    token = await town.link_to(NEW)
    with monkeypatch.context() as patched:
        patched.setattr(Addresses, "release", _nothing)
        assert await verify(town, token) == (200, "address_changed")
        assert await town.app.state.services.people.addresses.find(OLD) is not None
        assert (await signs_in(town, OLD), await signs_in(town, NEW)) == (403, 200)


async def _nothing(*_: object) -> None:
    """Does nothing."""


async def test_an_account_that_was_taken_over_is_given_back(town: Town) -> None:
    """Who knew the password has changed the address twice: the first owner gets all of it back, and others nothing."""
    thief = await town.settle(OLD)
    await town.browser().post("/auth/forgotten", {"email": OLD})
    await town.mail_to(OLD, 2)
    for address in ("eve@example.net", "eve@example.com"):
        assert await ask(thief, address) == 200
        assert await verify(town, await town.link_to(address)) == (200, "address_changed")
    undo = await town.link_to(OLD, 3)
    undo_of_thief = await town.link_to("eve@example.net", 2)
    refused = await town.browser().post("/auth/email/restore", {"token": undo, "password": "short"})
    assert refused.json()["code"] == "bad_password"
    answer = await town.browser().post("/auth/email/restore", {"token": undo, "password": OTHER})
    assert answer.json() == {"status": "password_set"}, answer.text
    assert (await thief.get("/auth/sessions")).status_code == 401
    assert await signs_in(town, OLD, OTHER) == 200
    await leads_nowhere(town, "eve@example.com")
    for address, password in (("eve@example.com", PASSWORD), ("eve@example.net", PASSWORD), (OLD, PASSWORD)):
        assert await signs_in(town, address, password) == 403
    for token in (undo_of_thief, undo):
        answer = await town.browser().post("/auth/email/restore", {"token": token, "password": OTHER})
        assert answer.json()["code"] == "link_refused"


async def test_a_link_for_a_forgotten_password_ends_with_the_address(town: Town) -> None:
    """Who reads the old mails does not get in with one that was written before."""
    browser = await town.settle(OLD)
    await browser.post("/auth/forgotten", {"email": OLD})
    token = await town.link_to(OLD, 2)
    await ask(browser)
    await verify(town, await town.link_to(NEW))
    assert (await browser.post("/auth/reset", {"token": token, "password": OTHER})).json()["code"] == "link_refused"


async def test_an_address_of_another_account_is_not_taken(town: Town) -> None:
    """The asker is answered as ever; the owner of the address gets a mail, with no link that would change anything."""
    browser = await town.settle(OLD)
    await town.settle("bob@example.org")
    assert await ask(browser, "bob@example.org") == 200
    mail = await town.mail_to("bob@example.org", 2)
    assert mail.subject == "This address has an account already"
    assert "#" not in mail.text
    assert await ask(browser, NEW) == 200
    token = await town.link_to(NEW)
    await town.settle_by_mail(NEW, 2)
    assert await verify(town, token) == (403, "link_refused"), "it was taken meanwhile"
    assert await signs_in(town, NEW, PASSWORD) == 200


async def test_a_registration_that_waits_makes_room(town: Town) -> None:
    """Who registers a foreign address and does not read its mails keeps no one from using it."""
    browser = await town.settle(OLD)
    await town.browser().post("/auth/register", {"email": NEW})
    registration = await town.link_to(NEW)
    assert await ask(browser) == 200
    assert await verify(town, await town.link_to(NEW, 2)) == (200, "address_changed")
    body = {"token": registration, "password": PASSWORD, "display_name": "Eve"}
    assert (await town.browser().post("/auth/complete", body)).json()["code"] == "link_refused"
    assert await signs_in(town, NEW) == 200


async def test_links_end_and_old_addresses_are_free_again(town: Town, settings: Settings) -> None:
    """The new address has a day to answer, the old one three; then it may register again."""
    browser = await town.settle(OLD)
    await ask(browser)
    late = await town.link_to(NEW)
    town.log.clock.move(NEW_ADDRESS.lifetime)
    assert await verify(town, late) == (403, "link_refused")
    browser = town.browser()
    await browser.post("/auth/login", {"email": OLD, "password": PASSWORD})
    await ask(browser)
    assert await verify(town, await town.link_to(NEW, 2)) == (200, "address_changed")
    undo = await town.link_to(OLD, 2)
    await leads_nowhere(town, OLD)
    await town.browser().post("/auth/register", {"email": OLD})
    town.log.clock.move(OLD_ADDRESS.lifetime + timedelta(minutes=1))
    answer = await town.browser().post("/auth/email/restore", {"token": undo, "password": OTHER})
    assert answer.json()["code"] == "link_refused"
    await town.forget_old()
    assert await query(settings, "SELECT count(*) FROM account_addresses WHERE released_at IS NOT NULL") == [(0,)]
    await town.settle_by_mail(OLD, 3)
    assert await signs_in(town, OLD) == 200


async def test_an_address_gets_a_few_mails_an_hour(town: Town) -> None:
    """From all accounts together, for whatever purpose: no mailbox is filled by way of the campus."""
    browser, other = await town.settle(OLD), await town.settle("bob@example.org")
    profile = {"notification_address": NEW.upper()}
    assert (await ask(browser), await ask(other)) == (200, 200)
    assert (await other.post("/me/account/profile", profile)).status_code == 202
    assert (await ask(browser), (await other.post("/me/account/profile", profile)).status_code) == (429, 429)
    assert await ask(browser, "ada@example.com") == 200
    town.log.clock.move(MAILS_TO_ADDRESS.window)
    again = town.browser()
    await again.post("/auth/login", {"email": OLD, "password": PASSWORD})
    assert await ask(again) == 200


async def test_an_address_for_notifications_answers_first(town: Town) -> None:
    """By the link of its mail, once; until then the one before it is used. An empty one needs no answer."""
    browser, services = await town.settle(OLD), town.app.state.services

    async def used() -> str:
        user = await services.people.user(browser.learner_id)
        return (await services.log.keys.reading(user.id)).open(user.profile.get("notification_address")) or ""

    for address, before in ((NEW, ""), ("post@example.com", NEW)):
        assert (await browser.post("/me/account/profile", {"notification_address": address})).status_code == 202
        mail = await town.mail_to(address)
        assert (mail.subject, await used()) == ("Confirm the address for notifications", before)
        token = await town.link_to(address)
        assert await verify(town, token) == (200, "address_changed")
        assert await used() == address
        assert await verify(town, token) == (403, "link_refused")
    assert (await signs_in(town, NEW), await signs_in(town, OLD)) == (403, 200), "it signs no one in"
    assert (await browser.post("/me/account/profile", {"notification_address": ""})).status_code == 202
    assert await used() == ""
