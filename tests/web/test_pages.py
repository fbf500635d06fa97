"""What all pages have in common: who sees them, what becomes of refusals, and that what was sent is waited for."""

import asyncio
import re
from typing import Any

import pyotp
import pytest

from tests.support.pages import Reader, text_of
from tests.support.people import PASSWORD, Town
from web.page import own_address


@pytest.mark.parametrize("text", ["//elsewhere.example", "/\\elsewhere.example", "https://elsewhere.example/", "x", ""])
def test_a_page_leads_to_no_other_origin(text: str) -> None:
    """What a link says of where to go on is believed for addresses of this campus only."""
    assert own_address(text) == "/"
    assert own_address("/learn?state=all") == "/learn?state=all"


async def test_who_signs_in_comes_back_to_the_page_that_was_asked_for(town: Town, ada: Reader) -> None:
    """A visitor is led to sign in; a wrong password is said there; the desk follows."""
    visitor = Reader(town)
    asked = await visitor.get("/learn")
    assert (asked.status_code, asked.headers["location"]) == (303, "/signin?next=/learn")
    wrong = await visitor.send("/signin", {"email": "ada@example.org", "password": "another one", "next": "/learn"})
    assert wrong.status_code == 403
    assert 'value="ada@example.org"' in wrong.text
    done = await visitor.send("/signin", {"email": "ada@example.org", "password": PASSWORD, "next": "/learn"})
    assert done.headers["location"] == "/learn"
    desk = await visitor.follow(done)
    assert desk.status_code == 200
    assert "You are in no course yet" in text_of(desk)
    left = await visitor.send("/signout", {})
    assert left.headers["location"] == "/"
    assert (await visitor.get("/learn")).status_code == 303


async def test_a_form_of_another_origin_changes_nothing(ada: Reader) -> None:
    """The API sees from where a form comes, also behind a page."""
    forged = await ada.send("/signout", {}, origin="https://elsewhere.example", sec_fetch_site="cross-site")
    assert forged.status_code == 403
    assert (await ada.get("/learn")).status_code == 200


def is_reading(task: "asyncio.Task[Any]") -> bool:
    """Whether a task reads something of the API for a page."""
    return any(name in repr(task.get_coro()) for name in ("Client.read", "Client.get"))


async def test_a_page_waits_for_what_was_sent_or_says_that_it_is_behind(ada: Reader) -> None:
    """A page that would be stale says so, looks again, and reads no more; the cookie is gone once it is shown."""
    assert (await ada.get("/learn")).status_code == 200
    ada.cookies["__Host-campus-after"] = "900.Saved"
    behind = await ada.get("/learn")
    assert behind.status_code == 503
    assert '<meta http-equiv="refresh" content="2">' in behind.text
    assert [task for task in asyncio.all_tasks() if is_reading(task)] == []
    assert "__Host-campus-after" in ada.cookies
    ada.cookies["__Host-campus-after"] = "0.Saved%20%3Cb%3E"
    assert "Saved &lt;b&gt;" in (await ada.get("/learn")).text
    assert "__Host-campus-after" not in ada.cookies


async def test_what_is_nowhere_is_a_page_for_browsers_and_a_problem_for_programs(town: Town) -> None:
    """Addresses of the API answer as they did."""
    visitor = Reader(town)
    page = await visitor.get("/nowhere")
    assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert (await visitor.get("/nowhere", accept="application/json")).json()["code"] == "no_such_page"
    assert (await visitor.get("/v1/nowhere")).json()["code"] == "no_such_page"


async def test_pages_are_shown_in_the_language_of_the_reader(town: Town) -> None:
    """By what the browser accepts, and by what the person chooses; one that there is not changes nothing."""
    visitor = Reader(town)
    german = await visitor.get("/signin", **{"accept-language": "de-AT,de;q=0.9,en;q=0.5"})
    assert '<html lang="de"' in german.text
    assert "Anmelden" in german.text
    await visitor.send("/language", {"language": "xx", "next": "/signin"})
    assert '<html lang="en"' in (await visitor.get("/signin")).text
    chosen = await visitor.send("/language", {"language": "de", "next": "/signin"})
    assert '<html lang="de"' in (await visitor.follow(chosen)).text


async def test_a_page_runs_and_loads_nothing_from_elsewhere(town: Town) -> None:
    """No script and no style stand in it, and it is kept by no cache."""
    visitor = Reader(town)
    for path in ("/", "/signin", "/nowhere"):
        page = await visitor.get(path)
        policy = page.headers["content-security-policy"]
        assert policy.startswith("default-src 'self'; ")
        assert "unsafe" not in policy
        assert page.headers["cache-control"] == "no-store"
        assert " style=" not in page.text
        assert "<style" not in page.text
        assert all("src=" in each for each in page.text.split("<script")[1:])


async def test_a_person_registers_by_a_page_and_gets_a_mail(town: Town) -> None:
    """A mail with the link follows; an address that is none is said beside its field."""
    visitor = Reader(town)
    wrong = await visitor.send("/register", {"email": "nowhere"})
    assert wrong.status_code == 422
    done = await visitor.send("/register", {"email": "new@example.org"})
    assert "new@example.org" in text_of(done)
    assert await town.link_to("new@example.org")


@pytest.mark.usefixtures("lively")
async def test_the_account_has_its_pages(ada: Reader) -> None:
    """Profile, security, sessions, connected sign-ins and privacy; what is changed is shown at once."""
    for path, words in (
        ("/account", "Time zone"), ("/account/security", "Add an app"), ("/account/sessions", "This one"),
        ("/account/connected", "No other sign-ins"), ("/account/privacy", "Erase the account"),
    ):  # fmt: skip
        assert words in text_of(await ada.once_built(path)), path
    changed = await ada.send("/account", {"display_name": 'Ada "<b>', "language": "de", "time_zone": "Europe/Berlin"})
    assert changed.headers["location"] == "/account"
    profile = await ada.once_built("/account")
    assert 'value="Ada &#34;&lt;b&gt;"' in profile.text
    assert '<html lang="de"' in profile.text
    refused = await ada.send("/account", {"display_name": "Ada", "time_zone": "No/Where"})
    assert refused.status_code == 422
    assert 'value="No/Where"' in refused.text


async def test_an_app_is_added_by_pages_and_its_codes_are_shown_once(ada: Reader) -> None:
    """After a proof that the person is there; the code signs in from then on."""
    begun = await ada.send("/account/factors/app", {"label": "telephone", "proof.password": PASSWORD})
    found = re.search(r'name="factor_id" value="(\w+)".*?name="secret" value="(\w+)"', begun.text, re.DOTALL)
    assert found is not None
    form = {"factor_id": found[1], "secret": found[2]}
    wrong = await ada.send("/account/factors/app/confirm", {**form, "code": "000000"})
    assert wrong.status_code == 403
    code = pyotp.TOTP(found[2]).at(ada.town.log.clock.now())
    added = await ada.send("/account/factors/app/confirm", {**form, "code": code})
    assert "Recovery codes" in text_of(added)
    assert "telephone" in text_of(await ada.get("/account/security"))
    visitor = Reader(ada.town)
    second = await visitor.send("/signin", {"email": "ada@example.org", "password": PASSWORD})
    assert "Second factor" in text_of(second)
