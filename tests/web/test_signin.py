"""Signing in on pages: what a person reads whom a provider has sent back in vain."""

from collections.abc import AsyncIterator

import pytest

from adapters.settings import Settings
from tests.support.guests import Place, guest, place_of
from tests.support.pages import text_of
from web.app import build

IN_GERMAN = {"accept": "text/html", "accept-language": "de-AT"}


@pytest.fixture
async def place(settings: Settings) -> AsyncIterator[Place]:
    """A campus with pages and two providers."""
    async with place_of(settings, build) as place:
        yield place


async def test_a_refused_sign_in_is_said_in_the_language_of_the_reader(place: Place) -> None:
    """With the status of the refusal, its sentence and the way to sign in; nothing leads back to the used address."""
    browser = guest(place)
    said = place.school.agree(await browser.begin(place.school), "u-1")
    path = f"/v1/auth/providers/school/callback?code={said['code']}&state={said['state']}"
    answer = await place.town.client.get(path, headers=IN_GERMAN)  # another browser
    assert (answer.status_code, answer.headers["referrer-policy"]) == (403, "no-referrer")
    assert "Sie sind nicht angemeldet" in text_of(answer)
    assert "diese Anmeldung wurde in einem anderen Browser begonnen" in text_of(answer).replace("Diese", "diese")
    assert 'href="/signin"' in answer.text
    assert said["state"] not in answer.text
    english = await place.town.client.get(path, headers={"accept": "text/html"})
    assert "This sign-in was begun in another browser" in text_of(english)


async def test_a_refused_connection_leads_back_to_the_connected_sign_ins(place: Place) -> None:
    """Who is signed in already is not said to be signed out."""
    ada = await place.town.settle("ada@example.org")
    path = "/v1/auth/providers/nowhere/callback?state=x"
    answer = await place.town.client.get(path, headers={**IN_GERMAN, **ada.cookie})
    assert answer.status_code == 404
    assert "Die Anmeldung ist nicht verbunden" in text_of(answer)
    assert "dieser Campus hat keine Anmeldung über nowhere" in text_of(answer).replace("Dieser", "dieser")
    assert 'href="/account/connected"' in answer.text
