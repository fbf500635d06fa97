"""Registration, sessions and passwords over HTTP, with the mails that belong to them."""

import asyncio
import re
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from adapters.auth import access
from adapters.auth.attempts import FAILURES
from adapters.settings import Settings
from api.app import build
from domain.auth import STEP_UP
from tests.support.api import served
from tests.support.appends import query
from tests.support.people import PASSWORD, Town
from tests.support.polling import until

ADA = "ada@example.org"


def seen(answer: httpx.Response) -> tuple[int, Any]:
    """What a client can tell answers apart by, beside their time."""
    body = {name: value for name, value in answer.json().items() if name != "request_id"}
    return answer.status_code, body


async def test_from_the_registration_to_the_erasure(town: Town, settings: Settings) -> None:
    """By mail and link, in a browser; another password, out and in; in the end nothing names the person."""
    browser = town.browser()
    assert (await browser.post("/auth/register", {"email": ADA, "time_zone": "Europe/London"})).json() == {
        "status": "mail_announced"
    }
    mail = await town.mail_to(ADA)
    assert (mail.subject, mail.to) == ("Complete your registration", [ADA])
    (token,) = re.findall(r"https://campus\.test/welcome#(\S+)", mail.text)
    body = {"token": token, "password": PASSWORD, "display_name": "Ada Lovelace"}
    answer = await browser.post("/auth/complete", body)
    assert answer.status_code == 200, answer.text
    assert re.search(r"; Path=/; Secure; HttpOnly; SameSite=Lax$", answer.headers["set-cookie"])
    assert answer.headers["cache-control"] == "no-store"
    me, first = answer.json()["learner_id"], answer.json()["session_id"]
    assert (await browser.post("/auth/complete", body)).json()["code"] == "link_refused", "a link is used once"
    assert (await browser.post("/me/account/profile", {"language": "de"})).status_code == 202, (
        "commands take the cookie"
    )

    other = town.browser()
    assert (await other.post("/auth/login", {"email": ADA.upper(), "password": PASSWORD})).status_code == 200
    listed = (await browser.get("/auth/sessions")).json()["sessions"]
    assert {each["session_id"]: each["current"] for each in listed}[first]
    assert len(listed) == 2
    changed = await browser.post("/auth/password", {"old": PASSWORD, "new": "nine quiet otters"})
    assert changed.status_code == 200, changed.text
    assert (await browser.get("/auth/sessions")).status_code == 200
    assert (await other.get("/auth/sessions")).status_code == 401, "other sessions have ended"
    assert (await other.post("/auth/login", {"email": ADA, "password": PASSWORD})).json()["code"] == "sign_in_refused"
    assert (await other.post("/auth/login", {"email": ADA, "password": "nine quiet otters"})).status_code == 200
    refused = await other.post("/me/account/erase", {"password": PASSWORD})
    assert refused.json()["code"] == "sign_in_refused"
    assert (await other.post("/me/account/erase", {"password": "nine quiet otters"})).json() == {"ended": 2}
    assert (await browser.get("/auth/sessions")).status_code == 401

    async def is_gone() -> bool:
        return (await town.log.stream(f"user-{me}"))[-1].type == "user.key_destroyed"

    await until(is_gone)
    for table in ("account_addresses", "passwords", "sessions"):
        assert await query(settings, f"SELECT count(*) FROM {table}") == [(0,)]
    assert (await other.post("/auth/login", {"email": ADA, "password": "nine quiet otters"})).status_code == 403
    facts = await town.log.history(me)
    assert sorted({fact.type for fact in facts}) == [
        *("credentials.password_set", "session.opened", "session.revoked"),
        *("user.email_verified", "user.erasure_requested"),
        *("user.key_destroyed", "user.profile_changed", "user.registered"),
    ]
    # No shorter words: sealed fields are random letters, in which three of them stand now and then.
    assert not re.search(r"ada@|lovelace|herons|otters|argon2", str([fact.data for fact in facts]), re.IGNORECASE)


async def test_no_answer_shows_an_address(town: Town) -> None:
    """Whether it is unknown, pending or has an account: answers and work are the same; mails differ."""
    await town.settle("bob@example.org")
    await town.browser().post("/auth/register", {"email": "cid@example.org"})
    await town.mail_to("cid@example.org")
    passwords = town.app.state.services.people.passwords
    answers, checked = [], []
    for address in ("bob@example.org", "cid@example.org", "zoe@example.org"):
        before = passwords.checked
        answers.append(seen(await town.browser().post("/auth/login", {"email": address, "password": "wrong" * 3})))
        checked.append(passwords.checked - before)
    assert answers == [answers[0]] * 3
    assert answers[0][0] == 403
    assert checked == [1, 1, 1]
    answers = [
        seen(await town.browser().post("/auth/register", {"email": address}))
        for address in ("bob@example.org", "cid@example.org", "zoe@example.org")
    ]
    assert answers == [answers[0]] * 3
    assert (await town.mail_to("zoe@example.org")).subject == "Complete your registration"
    assert len([mail for mail in town.inbox.mails if "cid@example.org" in mail.to]) == 1, "five minutes have not passed"


async def test_a_registration_is_asked_for_again(town: Town) -> None:
    """Later, a pending one gets another link; a person with an account gets a mail about it, and keeps it as it is."""
    await town.settle("bob@example.org")
    await town.browser().post("/auth/register", {"email": "cid@example.org"})
    await town.mail_to("cid@example.org")
    await query_owner(town, "UPDATE account_addresses SET asked_at = asked_at - interval '1 hour'")
    for address in ("bob@example.org", "cid@example.org"):
        await town.browser().post("/auth/register", {"email": address})
    assert (await town.mail_to("bob@example.org", 2)).subject == "You have an account already"
    assert "#" not in (await town.mail_to("bob@example.org", 2)).text
    assert (await town.mail_to("cid@example.org", 2)).subject == "Complete your registration"
    assert (
        await town.browser().post("/auth/login", {"email": "bob@example.org", "password": PASSWORD})
    ).status_code == 200


async def test_mails_are_in_the_language_of_the_profile(town: Town) -> None:
    """From that of the page of the registration on, with times of its zone, until another one is chosen."""
    body = {"email": ADA, "language": "de-AT", "time_zone": "Europe/Vienna"}
    await town.browser().post("/auth/register", body)
    mail = await town.mail_to(ADA)
    assert mail.subject == "Schließen Sie Ihre Registrierung ab"
    assert re.search(r"gilt bis \d+\. \w+ \d{4}, \d\d:\d\d \(Europe/Vienna\)", mail.text)
    assert '<html lang="de">' in mail.html
    browser = town.browser()
    body = {"token": await town.link_to(ADA), "password": PASSWORD, "display_name": "Ada Lovelace"}
    assert (await browser.post("/auth/complete", body)).status_code == 200
    await browser.post("/auth/password", {"old": PASSWORD, "new": "nine quiet otters"})
    assert (await town.mail_to(ADA, 2)).subject == "Ihr Passwort wurde geändert"
    await browser.post("/me/account/profile", {"language": "en"})
    await browser.post("/auth/password", {"old": "nine quiet otters", "new": PASSWORD})
    assert (await town.mail_to(ADA, 3)).subject == "Your password was changed"


async def query_owner(town: Town, statement: str) -> None:
    """Change what stands beside the log."""
    await query(town.app.state.services.settings, statement)


async def test_answers_that_could_tell_by_their_time_take_whole_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Work of any length below a step takes a step, also when it is refused."""
    slept: list[float] = []

    async def note(seconds: float) -> None:
        slept.append(seconds)

    now = iter([10.0, 10.1, 20.0, 20.4, 30.0, 30.6])
    monkeypatch.setattr(access, "EVEN", 0.5)
    monkeypatch.setattr(access, "time", SimpleNamespace(monotonic=lambda: next(now)))
    monkeypatch.setattr(access, "asyncio", SimpleNamespace(sleep=note))
    for _ in range(2):
        async with access.even_time():
            pass
    with pytest.raises(ValueError, match="refused"):
        async with access.even_time():
            raise ValueError("refused")
    assert [round(each, 3) for each in slept] == [0.4, 0.1, 0.4]


async def test_guesses_end(town: Town) -> None:
    """After ten wrong passwords the right one is refused from there, with the time to wait."""
    await town.settle(ADA)
    browser = town.browser()
    for _ in range(FAILURES.most):
        assert (await browser.post("/auth/login", {"email": ADA, "password": "wrong" * 3})).status_code == 403
    refused = await browser.post("/auth/login", {"email": ADA, "password": PASSWORD})
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_attempts")
    assert int(refused.headers["retry-after"]) == refused.json()["retry_after"] > 0
    assert (await browser.post("/auth/login", {"email": "bob@example.org", "password": PASSWORD})).json()[
        "code"
    ] == "sign_in_refused"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("register", {"email": "ada"}),
        ("register", {"email": "ada@example"}),
        ("register", {"email": "ada@example.org\r\nBcc: eve@example.org"}),
        ("register", {"email": "ada@exämple.org"}),
        ("register", {"email": f"{'a' * 250}@b.org"}),
        ("register", {"email": ADA, "time_zone": "Mars/Base"}),
        ("register", {"email": ADA, "language": "../x"}),
        ("register", {"email": ADA, "password": PASSWORD}),
        ("login", {"email": ADA, "password": ""}),
        ("login", {"email": ADA, "password": "x" * 257}),
        ("login", {"email": ADA, "password": 1}),
        ("login", {"email": [ADA], "password": PASSWORD}),
        ("complete", {"token": "", "password": PASSWORD, "display_name": "Ada"}),
        ("complete", {"token": "x", "password": PASSWORD, "display_name": "A\nB"}),
    ],
)
async def test_what_is_no_request_is_refused(town: Town, path: str, body: dict[str, Any]) -> None:
    """By its form, before anything is looked up."""
    answer = await town.browser().post(f"/auth/{path}", body)
    assert answer.status_code == 422, answer.text
    assert await town.log.head() == 0


async def test_a_password_that_would_be_guessed_is_refused(town: Town) -> None:
    """The link stays good, and the account waits."""
    browser = town.browser()
    await browser.post("/auth/register", {"email": ADA})
    token = await town.link_to(ADA)
    for password in ("short", "1234567890", "qwertyuiop", ADA):
        answer = await browser.post("/auth/complete", {"token": token, "password": password, "display_name": "Ada"})
        assert (answer.status_code, answer.json()["code"]) == (422, "bad_password")
        assert password not in answer.text
    answer = await browser.post("/auth/complete", {"token": token, "password": PASSWORD, "display_name": "Ada"})
    assert answer.status_code == 200
    for wrong in ("x", "a.b.c", token[:-3]):
        answer = await browser.post("/auth/complete", {"token": wrong, "password": PASSWORD, "display_name": "Ada"})
        assert (answer.status_code, answer.json()["code"]) == (403, "link_refused")


async def test_signing_in_replaces_the_session_of_the_browser(town: Town) -> None:
    """A cookie that was there before, of whom it may be, is worth nothing after it."""
    browser = await town.settle(ADA)
    before = browser.token
    assert (await browser.post("/auth/login", {"email": ADA, "password": PASSWORD})).status_code == 200
    assert browser.token != before
    old = town.browser()
    old.token = before
    assert (await old.get("/auth/sessions")).status_code == 401
    browser.token = planted = "A" * 43
    assert (await browser.post("/auth/login", {"email": ADA, "password": PASSWORD})).status_code == 200
    assert browser.token != planted


async def test_signing_out_here_and_everywhere(town: Town) -> None:
    """One session, another one by its id, or all; others' sessions cannot be ended."""
    browsers = [await town.settle(ADA)]
    for _ in range(3):
        browsers.append(town.browser())
        await browsers[-1].post("/auth/login", {"email": ADA, "password": PASSWORD})
    stranger = await town.settle("eve@example.org")
    (found,) = [
        each["session_id"] for each in (await browsers[1].get("/auth/sessions")).json()["sessions"] if each["current"]
    ]
    assert (await stranger.post("/auth/sessions/revoke", {"session_id": found})).json() == {"ended": 0}
    town.log.clock.move(STEP_UP)
    for path, body in (("sessions/revoke", {"session_id": found}), ("logout", {"everywhere": True})):
        refused = await browsers[0].post(f"/auth/{path}", body)
        assert (refused.status_code, refused.json()["code"]) == (403, "step_up_needed")
    for number in (0, 2):
        assert (await browsers[number].post("/auth/confirm", {"password": PASSWORD})).status_code == 200
    assert (await browsers[1].get("/auth/sessions")).status_code == 200
    assert (await browsers[0].post("/auth/sessions/revoke", {"session_id": found})).json() == {"ended": 1}
    assert (await browsers[1].get("/auth/sessions")).status_code == 401
    answer = await browsers[0].post("/auth/logout", {})
    assert answer.json() == {"ended": 1, "provider_logout": None}
    assert "Max-Age=0" in answer.headers["set-cookie"]
    assert answer.headers["clear-site-data"] == '"cache", "storage"'
    everywhere = (await browsers[2].post("/auth/logout", {"everywhere": True})).json()
    assert everywhere == {"ended": 2, "provider_logout": None}
    assert [(await each.get("/auth/sessions")).status_code for each in browsers] == [401] * 4
    assert (await stranger.get("/auth/sessions")).status_code == 200


async def test_a_person_has_so_many_sessions(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """With one more, that ends which was not used for the longest time; a fact says why."""
    monkeypatch.setattr(access, "MOST_SESSIONS", 3)
    browsers = [await town.settle(ADA)]
    for _ in range(3):
        town.log.clock.move(timedelta(minutes=2))
        browsers.append(town.browser())
        await browsers[-1].post("/auth/login", {"email": ADA, "password": PASSWORD})
        assert (await browsers[0].get("/auth/sessions")).status_code == 200
    assert [(await each.get("/auth/sessions")).status_code for each in browsers] == [200, 401, 200, 200]
    ended = [fact for fact in await town.log.history(browsers[0].learner_id) if fact.type == "session.revoked"]
    assert [fact.data["cause"] for fact in ended] == ["too_many"]


async def test_without_a_mail_server_or_a_master_key_there_are_no_registrations(settings: Settings) -> None:
    """And the answer says what the operator has to set."""
    for without, code in (({"smtp_url": ""}, "registration_closed"), ({"master_keys": ""}, "accounts_closed")):
        there = settings.model_copy(update={"smtp_url": "smtp://127.0.0.1:1", **without})
        async with served(build(there)) as client:
            answer = await client.post("/v1/auth/register", json={"email": ADA})
            assert (answer.status_code, answer.json()["code"]) == (403, code)
            assert "CAMPUS_" in answer.json()["detail"]


async def test_a_link_that_is_used_twice_at_the_same_moment(town: Town) -> None:
    """As by a double click: one is signed in, and who is not reads that the link was used, not of a wrong password."""
    await town.browser().post("/auth/register", {"email": ADA})
    body = {"token": await town.link_to(ADA), "password": PASSWORD, "display_name": "Ada"}
    answers = await asyncio.gather(*(town.browser().post("/auth/complete", body) for _ in range(3)))
    assert 200 in [answer.status_code for answer in answers]
    assert {answer.json().get("code", "") for answer in answers} <= {"", "link_refused"}
    assert (await town.browser().post("/auth/login", {"email": ADA, "password": PASSWORD})).status_code == 200
