"""A forgotten password over HTTP, with its mails."""

from datetime import timedelta
from functools import partial

import pytest

from adapters.auth.access import AccountAccess
from adapters.auth.attempts import FAILURES, MAILS_OF_NETWORK
from adapters.auth.links import RESET
from adapters.settings import Settings
from tests.support.appends import query
from tests.support.people import PASSWORD, Browser, Town
from tests.support.polling import until
from workers.reactions.user import REGISTRATION_LASTS

ADA, NEW = "ada@example.org", "nine quiet otters"


async def signs_in(browser: Browser, password: str, address: str = ADA) -> int:
    """The status of signing in."""
    return (await browser.post("/auth/login", {"email": address, "password": password})).status_code


async def test_a_forgotten_password_is_replaced_once(town: Town, settings: Settings) -> None:
    """All sessions end, none begins; the link is good for one password, in one of two browsers, and a mail says so."""
    at_home, abroad = await town.settle(ADA), town.browser()
    assert (await abroad.post("/auth/forgotten", {"email": ADA.upper()})).json() == {"status": "mail_announced"}
    mail = await town.mail_to(ADA, 2)
    assert mail.subject == "Choose another password"
    assert "https://campus.test/recover#" in mail.text
    token = await town.link_to(ADA, 2)
    assert (await at_home.get("/auth/sessions")).status_code == 200, "until then nothing changes"
    for password in ("short", "1234567890", ADA):
        refused = await abroad.post("/auth/reset", {"token": token, "password": password})
        assert (refused.status_code, refused.json()["code"]) == (422, "bad_password")
    answer = await abroad.post("/auth/reset", {"token": token, "password": NEW})
    assert (answer.status_code, answer.json()) == (200, {"status": "password_set"})
    assert "set-cookie" not in answer.headers
    assert (await at_home.get("/auth/sessions")).status_code == 401
    for password in (NEW, "another otter at sea"):
        refused = await abroad.post("/auth/reset", {"token": token, "password": password})
        assert (refused.status_code, refused.json()["code"]) == (403, "link_refused")
    assert (await town.mail_to(ADA, 3)).subject == "Your password was changed"
    assert [await signs_in(abroad, each) for each in (PASSWORD, NEW)] == [403, 200]
    assert await query(settings, "SELECT count(*) FROM passwords") == [(1,)]


async def test_a_process_that_dies_leaves_no_session_of_the_old_password(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fact of another password is there, and nothing was taken away after it."""
    at_home = await town.settle(ADA)
    token = (await at_home.post("/auth/tokens", {"label": "notebook", "scopes": ["read"]})).json()["token"]
    by_token = {"authorization": f"Bearer {token}"}
    await town.browser().post("/auth/forgotten", {"email": ADA})
    body = {"token": await town.link_to(ADA, 2), "password": NEW}

    async def dies(*_: object) -> int:
        raise OSError("the process has died")

    with monkeypatch.context() as patched:
        patched.setattr(AccountAccess, "revoke_all", dies)
        assert (await town.browser().post("/auth/reset", body)).status_code == 500

    async def has_ended() -> bool:
        of_session = await at_home.get("/auth/sessions")
        of_token = await town.client.get("/v1/me/roles", headers=by_token)
        return (of_session.status_code, of_token.status_code) == (401, 401)

    await until(has_ended)
    assert await signs_in(at_home, NEW) == 200


async def test_a_link_for_a_password_ends(town: Town) -> None:
    """After an hour, with another password, with an erasure; a link of a registration is none."""
    browser = await town.settle(ADA)
    first = await town.link_to(ADA)
    assert (await browser.post("/auth/reset", {"token": first, "password": NEW})).json()["code"] == "link_refused"
    await town.browser().post("/auth/forgotten", {"email": ADA})
    late = await town.link_to(ADA, 2)
    town.log.clock.move(RESET.lifetime)
    assert (await browser.post("/auth/reset", {"token": late, "password": NEW})).json()["code"] == "link_refused"
    await town.browser().post("/auth/forgotten", {"email": ADA})
    replaced = await town.link_to(ADA, 3)
    await browser.post("/auth/password", {"old": PASSWORD, "new": "twelve old badgers"})
    assert (await browser.post("/auth/reset", {"token": replaced, "password": NEW})).json()["code"] == "link_refused"
    town.log.clock.move(timedelta(hours=1))
    await town.browser().post("/auth/forgotten", {"email": ADA})
    erased = await town.link_to(ADA, 5)
    assert (await browser.post("/me/account/erase", {"password": "twelve old badgers"})).status_code == 200
    assert (await town.browser().post("/auth/reset", {"token": erased, "password": NEW})).json()[
        "code"
    ] == "link_refused"


async def test_no_answer_shows_an_address(town: Town) -> None:
    """Unknown, pending, in use: the same; a pending one gets the link of its registration again."""
    await town.settle("bob@example.org")
    await town.browser().post("/auth/register", {"email": "cid@example.org"})
    await town.mail_to("cid@example.org")
    answers = []
    for address in ("bob@example.org", "cid@example.org", "zoe@example.org"):
        answer = await town.browser().post("/auth/forgotten", {"email": address})
        answers.append((answer.status_code, answer.json()))
    assert answers == [(200, {"status": "mail_announced"})] * 3
    assert (await town.mail_to("bob@example.org", 2)).subject == "Choose another password"
    assert (await town.mail_to("cid@example.org", 2)).subject == "Complete your registration"
    assert not [mail for mail in town.inbox.mails if "zoe@example.org" in mail.to]


async def test_others_cannot_use_up_the_mails_of_the_owner(town: Town) -> None:
    """Whatever a stranger asks for: there is always a link that works, in the inbox or with the next mail."""
    await town.settle(ADA)
    for _ in range(2):
        for _ in range(6):
            await town.browser().post("/auth/register", {"email": ADA})
            await town.browser().post("/auth/forgotten", {"email": ADA})
            town.log.clock.move(timedelta(minutes=31))
        await town.browser().post("/auth/forgotten", {"email": ADA})
        await until(partial(_one_works, town))
        town.log.clock.move(timedelta(days=1))


async def _one_works(town: Town) -> bool:
    """Whether one of the links in the inbox replaces the password."""
    mails = [mail for mail in town.inbox.mails if mail.subject == "Choose another password"]
    tokens = [mail.text.partition("#")[2].split()[0] for mail in mails]
    bodies = [{"token": token, "password": f"{NEW} {len(mails)}"} for token in tokens]
    return any([(await town.browser().post("/auth/reset", body)).status_code == 200 for body in bodies])


async def test_who_was_locked_out_gets_in_by_the_mail(town: Town) -> None:
    """Failures in this network are forgotten with the password to which they belong."""
    await town.settle(ADA)
    browser = town.browser()
    for _ in range(FAILURES.most):
        assert await signs_in(browser, "wrong" * 3) == 403
    assert await signs_in(browser, PASSWORD) == 429
    await browser.post("/auth/forgotten", {"email": ADA})
    body = {"token": await town.link_to(ADA, 2), "password": NEW}
    assert (await browser.post("/auth/reset", body)).status_code == 200
    assert await signs_in(browser, NEW) == 200


async def test_mails_are_not_asked_for_without_end(town: Town) -> None:
    """From one network, registrations and forgotten passwords together; known or not, the answer is the same."""
    browser = town.browser()
    statuses = []
    for number in range(MAILS_OF_NETWORK.most + 2):
        path = "register" if number % 2 else "forgotten"
        statuses.append((await browser.post(f"/auth/{path}", {"email": f"{number}@example.org"})).status_code)
    assert statuses == [200] * MAILS_OF_NETWORK.most + [429] * 2


async def test_a_registration_that_is_not_completed_is_given_up(town: Town, settings: Settings) -> None:
    """After a week nothing is kept of it, and the address is free; one that was asked for again has a week more."""
    await town.browser().post("/auth/register", {"email": ADA})
    await town.browser().post("/auth/register", {"email": "bob@example.org"})
    await town.mail_to(ADA)
    await town.mail_to("bob@example.org")
    town.log.clock.move(REGISTRATION_LASTS - timedelta(hours=1))
    await town.browser().post("/auth/register", {"email": "bob@example.org"})
    link = await town.link_to("bob@example.org", 2)
    town.log.clock.move(timedelta(hours=2))

    async def is_gone() -> bool:
        return await query(settings, "SELECT count(*) FROM account_addresses") == [(1,)]

    await until(is_gone)
    found = await query(settings, "SELECT stream_id FROM events WHERE type = 'user.registration_lapsed'")
    assert len(found) == 1

    async def is_recorded() -> bool:
        return (await town.log.stream(found[0][0]))[-1].type == "user.key_destroyed"

    await until(is_recorded)
    body = {"token": link, "password": PASSWORD, "display_name": "Bob"}
    assert (await town.browser().post("/auth/complete", body)).status_code == 200
    await town.browser().post("/auth/register", {"email": ADA})
    body = {"token": await town.link_to(ADA, 2), "password": PASSWORD, "display_name": "Ada"}
    assert (await town.browser().post("/auth/complete", body)).status_code == 200
