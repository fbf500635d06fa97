"""Signing out at a provider, and by it: which sessions end, and what a provider that lies can end."""

import re
from time import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pyotp
import pytest

from adapters.auth import provider_sessions
from adapters.postgres.connection import Connection
from api.http.sessions import ENDED
from tests.support.appends import query
from tests.support.guests import Guest, Place, guest, owner
from tests.support.people import stream_of
from tests.support.polling import guard
from tests.support.provider import Provider, by_other_key, by_public_key, by_unknown_key, unsigned

ADA = "ada@example.org"


async def says(place: Place, provider: Provider, token: str | None = None, **claims: Any) -> httpx.Response:
    """A provider sends a logout token to the campus."""
    form = {"logout_token": provider.logout_token(**claims) if token is None else token}
    return await place.town.client.post(f"/v1/auth/providers/{provider.name}/logout", data=form)


async def is_out(place: Place, *browsers: Guest) -> list[bool]:
    """Of each browser whether it is signed out."""
    return [not await owner(place, each) for each in browsers]


async def causes(place: Place) -> list[tuple[str]]:
    """Why sessions have ended, by the log."""
    said = "convert_from(data, 'UTF8')::jsonb ->> 'cause'"
    return await query(place.settings, f"SELECT {said} FROM events WHERE type = 'session.revoked' ORDER BY position")


async def test_a_page_that_signs_out_may_go_on_to_the_provider(place: Place) -> None:
    """With the ID token, which is kept sealed and goes with the session. If the provider lies, it is not asked."""
    school, browser, ada = place.school, guest(place), await place.town.settle(ADA)
    await browser.sign_in(school, "u-1", sid="s-1", name="Grace")
    assert await query(place.settings, "SELECT left(id_token, 3), length(sid) FROM provider_sessions") == [("s1.", 32)]
    left = await browser.post("/auth/logout", {})
    assert (left.json()["ended"], left.headers["cache-control"]) == (1, "no-store")
    url = urlsplit(left.json()["provider_logout"])
    said = {name: values[0] for name, values in parse_qs(url.query).items()}
    assert f"{url.scheme}://{url.netloc}{url.path}" == f"{school.issuer}/logout"
    assert said.pop("id_token_hint").count(".") == 2
    assert said == {
        "theme": "green",
        "client_id": "campus",
        "post_logout_redirect_uri": "https://campus.test/v1/auth/sign-in",
    }
    assert await is_out(place, browser) == [True]
    assert (await ada.post("/auth/logout", {})).json() == {"ended": 1, "provider_logout": None}

    async def forget(connection: Connection) -> None:
        late = place.town.log.clock.now() + provider_sessions.UNUSED_FOR
        await provider_sessions.forget_old(connection, late)

    await place.town.log.link.run(forget)
    assert await query(place.settings, "SELECT * FROM provider_sessions") == []

    for endpoint in ("https://evil.example/logout", "http://127.0.0.1:1/logout", None):
        school.metadata["end_session_endpoint"] = endpoint
        for provider in place.town.app.state.services.people.providers._by_name.values():
            provider._metadata = None
        browser = guest(place)
        await browser.sign_in(school, "u-1")
        left = await browser.post("/auth/logout", {})
        assert (left.status_code, left.json()) == (200, {"ended": 1, "provider_logout": None})


async def test_a_provider_ends_the_sessions_that_it_has_opened(place: Place) -> None:
    """Of a session there, or of a person; those that were opened otherwise stay. A token is taken once."""
    school, club = place.school, place.club
    first, second, other = guest(place), guest(place), guest(place)
    await first.sign_in(school, "u-1", sid="s-1")
    await second.sign_in(school, "u-1", sid="s-2")
    await other.sign_in(school, "u-2", sid="s-3")
    ada = guest(place)
    ada.token = (await place.town.settle(ADA)).token
    link = club.agree(await ada.begin(club, "/auth/identities/begin"), "u-1")
    await ada.come_back(club, link)
    async with stream_of(place.town, first) as events:
        token = school.logout_token(sid="s-1")
        done = await says(place, school, token)
        assert (done.status_code, done.headers["cache-control"], done.json()) == (200, "no-store", {"ended": True})
        async with guard():
            assert (await events).endswith(ENDED)
    assert await is_out(place, first, second, other, ada) == [True, False, False, False]
    again = await says(place, school, token)
    assert (again.status_code, again.json()["code"]) == (400, "logout_token_refused")
    assert "was taken before" in again.json()["detail"]
    for harmless in ({"sid": "s-9"}, {"sub": "u-9"}, {"sub": "u-2", "sid": "s-2"}):
        assert (await says(place, school, **harmless)).status_code == 200
    assert (await says(place, club, sub="u-1")).status_code == 200, "it has opened none"
    assert await is_out(place, second, other, ada) == [False, False, False]
    assert (await says(place, school, sub="u-1")).status_code == 200
    assert await is_out(place, second, other, ada) == [True, False, False]
    assert await causes(place) == [("provider_logout",)] * 2
    await begun_opens_nothing(place, school)


async def test_a_session_that_is_opened_meanwhile_ends_too(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that was not there yet when those were looked for that end, and has not seen yet that the sign-in is over."""
    elsewhere, browser = place.town.app.state.services.people.elsewhere, guest(place)
    ending = elsewhere.ending

    async def before(_: object) -> list[object]:
        monkeypatch.setattr(elsewhere, "ending", ending)
        await browser.sign_in(place.school, "u-1", sid="s-1")
        return []

    monkeypatch.setattr(elsewhere, "ending", before)
    assert (await says(place, place.school, sid="s-1")).status_code == 200
    assert await is_out(place, browser) == [True]


async def begun_opens_nothing(place: Place, school: Provider) -> None:
    """What was begun there opens nothing after its end, as a second factor that was still to follow."""
    browser = guest(place)
    await browser.sign_in(school, "u-3", auth_time=int(time()))
    found = (await browser.post("/auth/factors/app", {"label": "my telephone"})).json()
    body = {"factor_id": found["factor_id"], "code": pyotp.TOTP(found["secret"]).now()}
    codes = (await browser.post("/auth/factors/app/confirm", body)).json()["recovery_codes"]
    late = guest(place)
    leads = await late.sign_in(school, "u-3", sid="s-7")
    (pending,) = re.findall(r"__Host-campus-pending=([^;]+);", leads.headers["set-cookie"])
    assert (await says(place, school, sid="s-7")).status_code == 200
    refused = await late.post("/auth/login/code", {"pending": pending, "code": codes[0]})
    assert (refused.status_code, refused.json()["code"]) == (403, "sign_in_refused")
    assert await is_out(place, browser, late) == [False, True]


async def test_a_provider_that_lies_ends_no_session(place: Place) -> None:
    """Nor does one end what another has opened, nor what is no logout token."""
    school, club, browser = place.school, place.club, guest(place)
    await browser.sign_in(school, "u-1", sid="s-1")
    for sign in (unsigned, by_public_key, by_unknown_key, by_other_key):
        school.sign = sign
        assert (await says(place, school, sub="u-1")).status_code == 400, sign.__name__
    school.sign = None
    for claims in ({"iss": club.issuer}, {"aud": "another"}, {"events": None}, {"nonce": "n"}, {"jti": None}):
        assert (await says(place, school, sub="u-1", **claims)).status_code == 400, claims
    assert (await says(place, club, school.logout_token(sub="u-1"))).status_code == 400
    assert (await says(place, club, sub="u-1", sid="s-1")).status_code == 200, "of its own u-1, who is no one here"
    path = "/v1/auth/providers/school/logout"
    twice = {"content-type": "application/x-www-form-urlencoded"}
    for body, head in (("logout_token=a&logout_token=b", twice), ("{}", {"content-type": "application/json"})):
        answer = await place.town.client.post(path, content=body, headers=head)
        assert (answer.status_code, answer.json()["code"]) == (400, "logout_token_refused")
    assert (await says(place, Provider(port=school.port, name="none"), sub="u-1")).status_code == 404
    assert await is_out(place, browser) == [False]
    school.status["/keys"] = 500
    for provider in place.town.app.state.services.people.providers._by_name.values():
        provider._keys = None
    assert (await says(place, school, sub="u-1")).status_code == 503, "so that it sends the token again"
    assert await is_out(place, browser) == [False]
